"""The protocol that every reader here reads from and every virtual disk here offers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError

MAX_READ = 64 << 20
"""Bytes of a virtual disk that one read may ask for: what is not stored costs nothing but memory."""


class RangeSource(Protocol):
    """Bytes that can be read by ranges: a file, an S3 object, a partition, a decoded disk."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset``, fewer than ``length`` only where the source ends."""
        ...


class FileSource:
    """A local file, or a block device, as a range source.

    Reads by position, so that it may be shared; close it, or use it in a ``with`` statement.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self._size = os.lseek(self._descriptor, 0, os.SEEK_END)
        self.name = Path(path).name

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset``, fewer than ``length`` only at the file's end."""
        return os.pread(self._descriptor, length, offset) if length > 0 else b""

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class MemorySource:
    """Bytes in memory as a range source."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset``, fewer than ``length`` only at the end."""
        return self._data[max(offset, 0) : max(offset, 0) + max(length, 0)]


class Window:
    """A stretch of another source: a member of an archive, a partition, an extent.

    A window that reaches beyond its source ends where the source ends.
    """

    def __init__(self, source: RangeSource, start: int, size: int) -> None:
        if start < 0 or size < 0:
            raise CorruptImageError(f"a range of {size} bytes at offset {start}")
        self._source = source
        self._start = start
        self._size = max(0, min(size, source.size - start))

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset`` of the window."""
        if offset < 0:
            raise CorruptImageError(f"a structure points at offset {offset}")
        length = min(length, self._size - offset)
        return self._source.read(self._start + offset, length) if length > 0 else b""


def read_exactly(source: RangeSource, offset: int, length: int, what: str) -> bytes:
    """Return exactly ``length`` bytes.

    Args:
        source: Where to read.
        offset: Where the structure starts, in bytes.
        length: Its length in bytes.
        what: The structure's name, for the error.

    Raises:
        CorruptImageError: The structure lies, wholly or in part, outside the source.
    """
    if offset < 0 or length < 0 or offset + length > source.size:
        raise CorruptImageError(
            f"the {what} should be at bytes {offset}-{offset + length}, the data ends at {source.size}"
        )
    data = source.read(offset, length)
    if len(data) != length:
        raise CorruptImageError(f"the {what} at byte {offset} is cut short: {len(data)} of {length} bytes")
    return data


def read_by_blocks(
    read_block: Callable[[int, int, int], bytes], block_size: int, size: int, offset: int, length: int
) -> bytes:
    """Read a disk that is stored in blocks, each in a place of its own.

    Args:
        read_block: Takes a block's number, how many bytes of it to skip and how many to return.
        block_size: Bytes of a block.
        size: Bytes of the disk; what lies behind is left out.
        offset: Where to begin.
        length: How many bytes to return at the most.

    Raises:
        CorruptImageError: The offset is negative: a structure points outside the disk.
    """
    if offset < 0:
        raise CorruptImageError(f"a structure points at offset {offset} of the disk")
    length = max(0, min(length, size - offset))
    if length > MAX_READ:
        raise CorruptImageError(f"a structure claims {length} bytes at offset {offset} of the disk")
    parts = []
    while length > 0:
        block, skip = divmod(offset, block_size)
        work()
        count = min(length, block_size - skip)
        parts.append(read_block(block, skip, count))
        offset, length = offset + count, length - count
    return b"".join(parts)
