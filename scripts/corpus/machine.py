"""What the recipes of the corpus make, and where they work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.corpus.commands import SECTOR, blank, document, run

MIB, GIB = 1 << 20, 1 << 30
ESP, LINUX = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"


@dataclass(frozen=True)
class Stretch:
    """Where a file system is: the disk (from 0), its first byte, its bytes, and how it is mounted."""

    disk: int
    start: int
    size: int
    options: str = ""
    kind: str | None = None
    volume: str | None = None


@dataclass(frozen=True)
class Machine:
    """One machine of the corpus.

    Attributes:
        name: Its name.
        disks: Its raw disks, in order.
        contents: The file systems whose files are compared with the kernel's reading of them.
        boot_modes: How it starts.
        findings: What an inspection must find, among other things.
        system: ``debian``, ``windows`` or ``None``.
    """

    name: str
    disks: tuple[Path, ...]
    contents: tuple[Stretch, ...] = ()
    boot_modes: tuple[str, ...] = ()
    findings: frozenset[str] = frozenset()
    system: str | None = "debian"


@dataclass(frozen=True)
class Workshop:
    """Where a recipe works: the Debian system's files, the folder for disks, one for what is thrown away."""

    system: Path
    folder: Path
    scratch: Path

    @property
    def point(self) -> Path:
        """Where file systems are mounted."""
        return self.scratch / "mounted"


def partition(disk: Path, size: int, script: str) -> list[tuple[int, int]]:
    """Make a partitioned disk; first byte and bytes of each partition."""
    blank(disk, size)
    run("sfdisk", "-q", disk, given=script)
    listed = document("sfdisk", "--json", disk)["partitiontable"]["partitions"]
    return [(part["start"] * SECTOR, part["size"] * SECTOR) for part in listed]


def place(image: Path, disk: Path, start: int) -> None:
    """Copy a file system into its partition, without its holes."""
    run(
        "dd", f"if={image}", f"of={disk}", "bs=1M", f"seek={start}", "oflag=seek_bytes", "conv=notrunc,sparse"
    )
