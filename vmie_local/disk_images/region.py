"""A run of bytes inside a file: a disk image by itself or one inside an appliance's tar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileRegion:
    """Bytes of a file.

    Attributes:
        path: The file.
        offset: The first byte.
        size: How many bytes.
        name: What people call it: the object's key or the member's name.
    """

    path: Path
    offset: int
    size: int
    name: str

    @classmethod
    def whole(cls, path: Path, name: str) -> FileRegion:
        """A whole file."""
        return cls(path, 0, path.stat().st_size, name)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the region, fewer at its end, none beyond it."""
        length = min(length, self.size - offset)
        if length <= 0 or offset < 0:
            return b""
        with self.path.open("rb") as file:
            file.seek(self.offset + offset)
            return file.read(length)
