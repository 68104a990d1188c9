"""What one inspection costs: requests, bytes, processor time, memory, and time at 40 ms for each request.

Measured on the images of ``make corpus`` where they are, else on the demo's disk alone. Each machine is
inspected in an interpreter of its own, whose memory is compared with that of an idle one. Of a machine of
several files each file may cost what a single one may.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
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
_DISK_NUMBER = re.compile(r"(?<=two-disks)-\d+")
_SUFFIXES = (".raw", ".vmdk", ".ova", ".vhd", ".vhdx")


def measure() -> Iterator[Section]:
    """A section for each machine."""
    machines = _machines()
    idle = _measured(())["Memory"]
    for files in machines:
        yield _section(files, _measured(files), idle)


def _machines() -> list[tuple[Path, ...]]:
    """The demo's machine and those of the corpus that an inspection reads into; each one's files in order."""
    found: dict[str, list[Path]] = {}
    for path in sorted(path for path in CORPUS.glob("*") if path.suffix in _SUFFIXES and _is_whole(path)):
        found.setdefault(_DISK_NUMBER.sub("", path.name), []).append(path)
    return [(DEMO,), *map(tuple, found.values())]


def _is_whole(path: Path) -> bool:
    """Whether the file is a disk of its own, and no part or mere description of one."""
    return not any(mark in path.name for mark in (".split", ".flat"))


def _section(files: tuple[Path, ...], measured: dict[str, float], idle: float) -> Section:
    size = sum(file.stat().st_size for file in files)
    whole = sum(-(-file.stat().st_size // WHOLE_PART) for file in files)
    figures = (
        Figure(
            name="GETs",
            value=measured["Gets"],
            unit="GETs",
            most=MOST_GETS * len(files),
        ),
        Figure(name="GETs of one file", value=measured["MostGets"], unit="GETs", most=MOST_GETS),
        Figure(
            name="Read", value=measured["Bytes"] / 2**20, unit="MiB", most=MOST_BYTES / 2**20 * len(files)
        ),
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
            most=MOST_SECONDS * len(files),
            note=f"slept through; the best of {RUNS}",
        ),
        Figure(
            name="Reading it whole",
            value=whole * LATENCY,
            unit="s",
            note=f"{whole} GETs of 8 MiB at 40 ms, one after the other; transfer and decoding not counted",
        ),
    )
    named = " and ".join(file.name for file in files)
    return Section(f"Inspection of {named} ({size / 2**30:.2f} GiB)", figures)


def _measured(files: tuple[Path, ...]) -> dict[str, float]:
    """What a fresh interpreter measures; without files, what an idle one takes."""
    words = [sys.executable, "-m", "benchmarks.inspections", *map(str, files)]
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


def _inspect(paths: list[str]) -> dict[str, float]:
    from vmie_images import FileSource, ImageFile, Inspection, inspect_containers

    class Counted(FileSource):
        """A file that counts its reads, each after a wait."""

        gets = 0
        latency = 0.0

        def read(self, offset: int, length: int) -> bytes:
            self.gets += 1
            time.sleep(self.latency)
            return super().read(offset, length)

    with ExitStack() as stack:
        sources = [stack.enter_context(Counted(path)) for path in paths]

        def inspect() -> Inspection:
            return inspect_containers([ImageFile(source, source.name) for source in sources])

        inspect()
        most = max(source.gets for source in sources)
        before = time.process_time()
        cost = inspect().cost
        processor = time.process_time() - before
        memory = _peak_memory()
        seconds = []
        for source in sources:
            source.latency = LATENCY
        for _ in range(RUNS):
            started = time.monotonic()
            inspect()
            seconds.append(time.monotonic() - started)
    return {
        "Gets": cost.gets,
        "MostGets": most,
        "Bytes": cost.bytes,
        "Processor": processor,
        "Memory": memory,
        "Seconds": min(seconds),
    }


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "lambda"))
    print(json.dumps(_inspect(sys.argv[1:]) if len(sys.argv) > 1 else {"Memory": _peak_memory()}))
