"""A node of a btrfs tree, taken apart and checked.

Source: the btrfs developers' "On-disk Format" (btrfs.readthedocs.io).
"""

from __future__ import annotations

import struct
from bisect import bisect_left

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import unpack

Key = tuple[int, int, int]
"""Object, item type, offset."""

MAX_LEVEL = 8
_HEADER = 101
_ITEM, _POINTER = struct.Struct("<QBQII"), struct.Struct("<QBQQQ")


class Node:
    """Keys in rising order, and what they stand for: items in a leaf, nodes elsewhere.

    Args:
        data: The node's bytes.

    Attributes:
        level: 0 for a leaf.
        keys: Its keys.
        children: The addresses of the nodes below; none in a leaf.

    Raises:
        CorruptImageError: It contradicts the format.
    """

    def __init__(self, data: bytes) -> None:
        count, self.level = unpack("<IB", data, 96)
        entry = _POINTER if self.level else _ITEM
        if self.level > MAX_LEVEL or _HEADER + count * entry.size > len(data):
            raise CorruptImageError(f"a btrfs node of level {self.level} with {count} items")
        work(count)
        entries = list(entry.iter_unpack(data[_HEADER : _HEADER + count * entry.size]))
        self._data = data
        self.keys: list[Key] = [(entry[0], entry[1], entry[2]) for entry in entries]
        if any(before >= after for before, after in zip(self.keys, self.keys[1:], strict=False)):
            raise CorruptImageError("a btrfs node whose keys do not rise")
        self.children: list[int] = [entry[3] for entry in entries] if self.level else []
        self._places = [] if self.level else [(entry[3], entry[4]) for entry in entries]

    def index_of(self, key: Key) -> int:
        """The place of the first key that is not smaller."""
        return bisect_left(self.keys, key)

    def item(self, index: int) -> bytes:
        """The data of a leaf's item.

        Raises:
            CorruptImageError: It reaches beyond the node.
        """
        offset, size = self._places[index]
        if _HEADER + offset + size > len(self._data):
            raise CorruptImageError("a btrfs item reaches beyond its node")
        return self._data[_HEADER + offset : _HEADER + offset + size]

    def is_below(self, parent: Node, index: int) -> bool:
        """Whether it is the child that a parent's pointer stands for: one level lower, and with keys from the
        pointer's on that end before the next pointer's. No two pointers lead to the same items then."""
        if not self.keys or self.level != parent.level - 1 or self.keys[0] < parent.keys[index]:
            return False
        return index + 1 == len(parent.keys) or self.keys[-1] < parent.keys[index + 1]
