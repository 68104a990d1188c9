"""The disk image that the demo imports: checked before anything starts."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vmie_local.demo.errors import DemoError

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO_DISK = REPOSITORY / "examples" / "images" / "demo-linux.vmdk"
# What the pipeline takes below images/; a test compares it with the runtime's own table.
SUFFIXES = (".ova", ".vmdk", ".vhd", ".vhdx", ".raw", ".img")
# Bytes on disk for each byte of the image: S3's copy, the import's own and the decoded blocks.
_COPIES = 3
_MOST_S3_BYTES = 5 * 1024**4
_KEEP_FREE = 1 << 30
_LONGEST_KEY = 1024

_ACCEPTED = (
    f"Give a disk image ending in {', '.join(SUFFIXES)} (in any case): make demo IMAGE=path/to/disk.vmdk"
)


@dataclass(frozen=True)
class DiskFile:
    """A readable file of a supported kind.

    Attributes:
        path: Where it is.
        size: Its size in bytes.
    """

    path: Path
    size: int

    @property
    def key(self) -> str:
        """The S3 key it is uploaded to."""
        return f"images/{self.path.name}"


def choose(argument: str | None) -> DiskFile:
    """The image to import.

    Args:
        argument: What the user gave. Default: the demo disk of the repository.

    Raises:
        DemoError: If it cannot be imported, with what to do about it.
    """
    path = Path(argument).expanduser() if argument else DEMO_DISK
    _require_file(path, given=argument is not None)
    if path.suffix.lower() not in SUFFIXES:
        found = f"ends in {path.suffix!r}" if path.suffix else "has no suffix"
        raise DemoError(f"{path} {found}, which the pipeline does not take.", _ACCEPTED)
    if len(f"images/{path.name}".encode()) > _LONGEST_KEY:
        raise DemoError(f"The name of {path} is too long for an S3 key.", "Give the file a shorter name.")
    size = path.stat().st_size
    if size == 0:
        raise DemoError(f"{path} is empty.", _ACCEPTED)
    if size > _MOST_S3_BYTES:
        raise DemoError(f"{path} is larger than an S3 object may be (5 TiB).", "Split or compress the disk.")
    _require_space(path, size)
    return DiskFile(path, size)


def _require_file(path: Path, *, given: bool) -> None:
    if not path.exists():
        if not given:
            raise DemoError(f"The demo disk {path} is missing.", "Restore it: git checkout examples/images")
        raise DemoError(f"There is no file {path}.", _ACCEPTED)
    if path.is_dir():
        raise DemoError(f"{path} is a directory.", _ACCEPTED)
    if not path.is_file():
        raise DemoError(f"{path} is not a regular file.", _ACCEPTED)
    if not os.access(path, os.R_OK):
        raise DemoError(f"{path} may not be read by you.", f"Allow it: chmod +r {path}")


def _require_space(path: Path, size: int) -> None:
    folder = tempfile.gettempdir()
    needed, free = _COPIES * size + _KEEP_FREE, shutil.disk_usage(folder).free
    if needed > free:
        raise DemoError(
            f"{path.name} is {readable_size(size)}. Importing it here takes about {readable_size(needed)} in "
            f"{folder}, which has {readable_size(free)} free.",
            "Free some space, or set TMPDIR to a folder on a larger disk.",
        )


def readable_size(size: float) -> str:
    """A size for people: B below 1 KiB, then KiB, MiB, GiB."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
