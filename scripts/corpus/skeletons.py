"""Skeletons of the corpus: of each disk only the bytes that an inspection reads.

They let the tests measure inspections of real disks of 10 and 20 GiB in seconds, without root and without
the tools that made them. ``python -m scripts.corpus.skeletons`` writes ``tests/data/skeletons.xz`` after
``make corpus``. Streams are left out: what is packed once does not pack again.
"""

from __future__ import annotations

import json
import lzma
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lambda"))

from vmie_images import FileSource, ImageFile, inspect_containers  # noqa: E402
from vmie_images.ranges import RangeSource  # noqa: E402

CORPUS = ROOT / "build" / "corpus"
OUTPUT = ROOT / "tests" / "data" / "skeletons.xz"
KEPT: dict[str, tuple[str, ...]] = {
    "ext4-bios.raw": ("ext4-bios.raw",),
    "ext4-bios.sparse.vmdk": ("ext4-bios.sparse.vmdk",),
    "ext4-bios.dynamic.vhdx": ("ext4-bios.dynamic.vhdx",),
    "lvm-bios.raw": ("lvm-bios.raw",),
    "lvm-two-disks": ("lvm-two-disks-1.raw", "lvm-two-disks-2.raw"),
    "xfs-bios.raw": ("xfs-bios.raw",),
    "btrfs-uefi.raw": ("btrfs-uefi.raw",),
    "dual-boot.raw": ("dual-boot.raw",),
    "windows-uefi.raw": ("windows-uefi.raw",),
}
"""The files of each machine that is kept."""


class Recorded:
    """A source that remembers what was read of it."""

    def __init__(self, source: RangeSource) -> None:
        self._source = source
        self.pieces: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._source.size

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from ``offset``."""
        data = self._source.read(offset, length)
        self.pieces[offset] = data
        return data


def main() -> int:
    """Write the skeletons, all in one stream, because the disks have much in common."""
    missing = [file for files in KEPT.values() for file in files if not (CORPUS / file).exists()]
    if missing:
        print(f"{', '.join(missing)} not in {CORPUS}: make corpus first", file=sys.stderr)
        return 1
    together = b"".join(_skeleton(name, files) for name, files in KEPT.items())
    OUTPUT.write_bytes(lzma.compress(together, preset=9 | lzma.PRESET_EXTREME))
    print(f"{OUTPUT.stat().st_size} bytes of {len(together)}")
    return 0


def _skeleton(name: str, files: tuple[str, ...]) -> bytes:
    """A line of JSON that says what is where, and the pieces one after the other."""
    with ExitStack() as stack:
        sources = [Recorded(stack.enter_context(FileSource(CORPUS / file))) for file in files]
        inspection = inspect_containers(
            [ImageFile(source, file) for source, file in zip(sources, files, strict=True)]
        )
        document = inspection.to_document()
    head: dict[str, Any] = {
        "Name": name,
        "Files": [
            {
                "Name": file,
                "Size": source.size,
                "Pieces": [[offset, len(data)] for offset, data in sorted(source.pieces.items())],
            }
            for file, source in zip(files, sources, strict=True)
        ],
        "Guest": document["Guest"],
        "Findings": sorted(finding["Code"] for finding in document["Findings"]),
    }
    pieces = [data for source in sources for _, data in sorted(source.pieces.items())]
    return json.dumps(head).encode() + b"\n" + b"".join(pieces)


if __name__ == "__main__":
    sys.exit(main())
