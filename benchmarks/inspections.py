"""What one inspection costs: requests, bytes, processor time, memory, and time at 40 ms for each request.

Measured on the images of ``make corpus`` where they are, else on the demo's disk alone. Each image is
inspected in an interpreter of its own, whose memory is compared with that of an idle one.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Section

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "build" / "corpus"
DEMO = ROOT / "examples" / "images" / "demo-linux.vmdk"
LATENCY = 0.04
"""Seconds of a ranged GET: what S3 usually takes to its first byte, and more."""
WHOLE_PART = 8 << 20
"""Bytes per request where a file is read whole, as SDKs do it."""
RUNS = 3
"""Runs of which the quickest counts: a busy machine sleeps longer than it is asked to."""
MOST_GETS, MOST_BYTES, MOST_MEMORY, MOST_SECONDS = 30, 2 << 20, 64 << 20, 1.5
_SUFFIXES = (".raw", ".vmdk", ".ova", ".vhd", ".vhdx")


def measure() -> Iterator[Section]:
    """A section for each image."""
    images = _images()
    idle = _measured(None)["Memory"]
    for image in images:
        yield _section(image, _measured(image), idle)


def _images() -> list[Path]:
    """Images of the corpus that an inspection reads into, one file per disk, and the demo's."""
    found = sorted(path for path in CORPUS.glob("*") if path.suffix in _SUFFIXES and _is_one(path))
    return [DEMO, *found]


def _is_one(path: Path) -> bool:
    """Whether the file is a disk of its own, and no part or mere description of one."""
    return not any(mark in path.name for mark in (".split", ".flat", "two-disks"))


def _section(image: Path, measured: dict[str, float], idle: float) -> Section:
    whole = -(-image.stat().st_size // WHOLE_PART)
    figures = (
        Figure(name="GETs", value=measured["Gets"], unit="GETs", most=MOST_GETS),
        Figure(name="Read", value=measured["Bytes"] / 2**20, unit="MiB", most=MOST_BYTES / 2**20),
        Figure(name="Processor time", value=measured["Processor"] * 1000, unit="ms"),
        Figure(
            name="Peak memory above idle",
            value=(measured["Memory"] - idle) / 2**20,
            unit="MiB",
            most=MOST_MEMORY / 2**20,
        ),
        Figure(
            name="Time at 40 ms per GET",
            value=measured["Seconds"],
            unit="s",
            most=MOST_SECONDS,
            note=f"slept through; the best of {RUNS}",
        ),
        Figure(
            name="Reading it whole",
            value=whole * LATENCY,
            unit="s",
            note=f"{whole} GETs of 8 MiB at 40 ms, one after the other; transfer and decoding not counted",
        ),
    )
    return Section(f"Inspection of {image.name} ({image.stat().st_size / 2**30:.2f} GiB)", figures)


def _measured(image: Path | None) -> dict[str, float]:
    """What a fresh interpreter measures."""
    words = [sys.executable, "-m", "benchmarks.inspections", *([str(image)] if image else [])]
    printed = subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    found: dict[str, float] = json.loads(printed)
    return found


def _peak_memory() -> int:
    """Bytes; Linux's own high-water mark, because getrusage's begins with that of the parent process."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _inspect(path: str) -> dict[str, float]:
    from vmie_images import FileSource, inspect_container

    class Remote(FileSource):
        """A file that is as far away as an object in S3."""

        def read(self, offset: int, length: int) -> bytes:
            time.sleep(LATENCY)
            return super().read(offset, length)

    name = Path(path).name
    with FileSource(path) as source:
        inspect_container(source, name=name)
        before = time.process_time()
        cost = inspect_container(source, name=name).cost
        processor = time.process_time() - before
        memory = _peak_memory()
    seconds = []
    with Remote(path) as source:
        for _ in range(RUNS):
            started = time.monotonic()
            inspect_container(source, name=name)
            seconds.append(time.monotonic() - started)
    return {
        "Gets": cost.gets,
        "Bytes": cost.bytes,
        "Processor": processor,
        "Memory": memory,
        "Seconds": min(seconds),
    }


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "lambda"))
    print(json.dumps(_inspect(sys.argv[1]) if len(sys.argv) > 1 else {"Memory": _peak_memory()}))
