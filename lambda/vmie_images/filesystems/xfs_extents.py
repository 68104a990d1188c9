"""Where the blocks of an XFS file are: extent records, in the inode or in a B+tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack
from vmie_images.ranges import RangeSource, read_exactly

MAX_NODES = 256
"""Blocks of a B+tree that are read for one file."""
MAX_EXTENTS = 8192
"""Extents of one file: a directory of a MiB has at most 2,048, and no file that is read here as many."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Blocks of a file that lie together."""

    file_block: int
    block: int
    blocks: int
    unwritten: bool


class Geometry(Protocol):
    """What is needed to know of the file system."""

    block_size: int
    version: int

    def block_offset(self, block: int) -> int:
        """Where a file system block is, in bytes."""
        ...


def extents_of(
    volume: RangeSource, fork: bytes, count: int, in_tree: bool, geometry: Geometry
) -> list[Extent]:
    """The extents of a data fork.

    Raises:
        CorruptImageError: The tree contradicts the format, or is larger than any file needs that is read
            here.
    """
    if not in_tree:
        return [_record(fork, 16 * index) for index in range(min(count, len(fork) // 16))]
    most = (len(fork) - 4) // 16
    level, entries = unpack(">HH", fork)
    # Each block with the level that its parent gives it: pointers that do not lead down are no tree's.
    pending = [
        (number(">Q", fork, 4 + 8 * most + 8 * index), level - 1) for index in range(min(entries, most))
    ]
    header = 72 if geometry.version == 5 else 24
    most = (geometry.block_size - header) // 16
    found: list[Extent] = []
    seen: set[int] = set()
    while pending:
        place, expected = pending.pop()
        if place in seen:
            raise CorruptImageError(f"an XFS extent tree that names its block {place} twice")
        if len(seen) + len(pending) >= MAX_NODES:
            raise CorruptImageError(f"an XFS file whose extent tree has more than {MAX_NODES} blocks")
        seen.add(place)
        block = read_exactly(volume, geometry.block_offset(place), geometry.block_size, "XFS extent tree")
        magic, level, entries = unpack(">4sHH", block)
        if magic not in (b"BMAP", b"BMA3") or entries > most or level != expected:
            raise CorruptImageError("an XFS extent tree block is damaged")
        if level:
            pending += [
                (number(">Q", block, header + 8 * most + 8 * index), level - 1) for index in range(entries)
            ]
            continue
        work(entries)
        found += [_record(block, header + 16 * index) for index in range(entries)]
        if len(found) > MAX_EXTENTS:
            raise CorruptImageError(f"an XFS file of more than {MAX_EXTENTS} extents")
    return sorted(found, key=lambda extent: extent.file_block)


def _record(data: bytes, at: int) -> Extent:
    """128 bits: 1 unwritten, 54 block in the file, 52 block, 21 count."""
    high, low = unpack(">QQ", data, at)
    return Extent(
        file_block=(high >> 9) & ((1 << 54) - 1),
        block=(high & 0x1FF) << 43 | low >> 21,
        blocks=low & 0x1FFFFF,
        unwritten=bool(high >> 63),
    )
