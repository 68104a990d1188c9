"""Where the blocks of an ext file are: extent trees and indirect blocks."""

from __future__ import annotations

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack
from vmie_images.ranges import RangeSource, read_exactly

_EXTENT_MAGIC = 0xF30A
_MAX_DEPTH = 5
_DIRECT = 12


def block_of(
    volume: RangeSource, block_size: int, block_map: bytes, extents: bool, index: int
) -> tuple[int | None, int]:
    """Where a file's block is.

    Args:
        volume: The volume.
        block_size: Bytes per block.
        block_map: The 60 bytes of the inode.
        extents: Whether they are an extent tree's root.
        index: The block's number in the file.

    Returns:
        The block's number on the volume, ``None`` for a hole, and how many blocks from there on are alike.

    Raises:
        CorruptImageError: The tree contradicts the format.
    """
    work()
    if extents:
        return _in_extents(volume, block_size, block_map, index)
    return _in_indirect_blocks(volume, block_size, block_map, index), 1


def _in_extents(volume: RangeSource, block_size: int, data: bytes, index: int) -> tuple[int | None, int]:
    for _ in range(_MAX_DEPTH + 1):
        magic, count, _, depth = unpack("<HHHH", data)
        if magic != _EXTENT_MAGIC or 12 + 12 * count > len(data) or depth > _MAX_DEPTH:
            raise CorruptImageError("an ext4 extent header is damaged")
        work(1 + count // 8)
        if depth == 0:
            return _in_leaf(data, count, index)
        child = None
        for entry in range(count):
            first, low, high = unpack("<IIH", data, 12 + 12 * entry)
            if first > index:
                break
            child = high << 32 | low
        if child is None:
            return None, 1
        data = read_exactly(volume, child * block_size, block_size, "ext4 extent block")
    raise CorruptImageError("an ext4 extent tree is too deep")


def _in_leaf(data: bytes, count: int, index: int) -> tuple[int | None, int]:
    for entry in range(count):
        first, length, high, low = unpack("<IHHI", data, 12 + 12 * entry)
        if first > index:
            return None, first - index
        unwritten = length > 32768
        length -= 32768 if unwritten else 0
        if index < first + length:
            left = first + length - index
            return (None if unwritten else (high << 32 | low) + index - first), left
    return None, 1


def _in_indirect_blocks(volume: RangeSource, block_size: int, block_map: bytes, index: int) -> int | None:
    if index < _DIRECT:
        return number("<I", block_map, 4 * index) or None
    index -= _DIRECT
    per_block = block_size // 4
    for level in (1, 2, 3):
        if index < per_block**level:
            block = number("<I", block_map, 4 * (_DIRECT + level - 1))
            for power in range(level - 1, -1, -1):
                if not block:
                    return None
                slot = index // per_block**power % per_block
                block = number(
                    "<I", read_exactly(volume, block * block_size + 4 * slot, 4, "ext indirect block")
                )
            return block or None
        index -= per_block**level
    raise CorruptImageError("an ext file is longer than its block map can be")
