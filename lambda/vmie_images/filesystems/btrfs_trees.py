"""The trees of a btrfs file system: superblock, chunks, nodes, items.

Source: the btrfs developers' "On-disk Format" (btrfs.readthedocs.io).
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator

from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import is_power_of_two, number, text, unpack
from vmie_images.ranges import RangeSource, read_exactly

Key = tuple[int, int, int]
"""Object, item type, offset."""

SUPERBLOCK = 64 * 1024
LAST = (1 << 64) - 1
_CHUNK_TREE_OBJECT, _CHUNK_ITEM = 256, 228
_RAID0, _RAID10, _RAID5, _RAID6 = 1 << 3, 1 << 6, 1 << 7, 1 << 8
_MAX_LEVEL = 8
_CACHED_NODES = 64
_AROUND = 64 * 1024
MAX_NODES = 2000
"""Nodes that one inspection reads of one file system."""
MAX_CHUNKS = 1 << 16


class BtrfsTrees:
    """Reads the trees of a btrfs file system by logical addresses.

    Raises:
        CorruptImageError: The superblock or the chunk tree contradicts the format.
    """

    def __init__(self, volume: RangeSource) -> None:
        self._volume = volume
        block = read_exactly(volume, SUPERBLOCK, 4096, "btrfs superblock")
        if block[64:72] != b"_BHRfS_M":
            raise CorruptImageError("no btrfs superblock")
        self.uuid = str(uuid.UUID(bytes=block[32:48]))
        self.label = text(block[299:555]) or None
        self.root_tree, chunk_tree = unpack("<QQ", block, 80)
        self.log_tree = number("<Q", block, 96)
        self.devices = number("<Q", block, 136)
        self.total, self.used = unpack("<QQ", block, 112)
        self._device = number("<Q", block, 201)
        self.node_size = number("<I", block, 148)
        if not is_power_of_two(self.node_size) or not 4096 <= self.node_size <= 65536:
            raise CorruptImageError(f"btrfs nodes of {self.node_size} bytes")
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._read = 0
        self._chunks: list[tuple[int, int, int, int]] = []
        self._read_system_chunks(block)
        first = (_CHUNK_TREE_OBJECT, _CHUNK_ITEM, 0)
        for key, data in self.items(chunk_tree, first, (_CHUNK_TREE_OBJECT, _CHUNK_ITEM, LAST)):
            self._add_chunk(key[2], data)
        self._chunks = sorted(set(self._chunks))

    def _read_system_chunks(self, block: bytes) -> None:
        at, end = 811, 811 + min(number("<I", block, 160), 2048)
        while at + 17 < end:
            logical = unpack("<QBQ", block, at)[2]
            stripes = number("<H", block, at + 17 + 44)
            self._add_chunk(logical, block[at + 17 : at + 65 + 32 * stripes])
            at += 65 + 32 * stripes

    def _add_chunk(self, logical: int, item: bytes) -> None:
        length, _, _, kind = unpack("<QQQQ", item)
        count = number("<H", item, 44)
        striped = (kind & (_RAID0 | _RAID10) and count > 1) or kind & (_RAID5 | _RAID6)
        stripes = (unpack("<QQ", item, 48 + 32 * index) for index in range(count))
        here = [place for device, place in stripes if device == self._device]
        self._chunks.append((logical, length, here[0] if here and not striped else -1, kind))
        if len(self._chunks) > MAX_CHUNKS:
            raise CorruptImageError(f"more than {MAX_CHUNKS} btrfs chunks")
        self._chunks.sort()

    def read(self, logical: int, length: int) -> bytes:
        """Bytes at a logical address.

        Raises:
            CorruptImageError: No chunk holds the address.
            UnreadableLayoutError: The chunk is striped over devices.
        """
        start, _, physical, _ = self._chunks[self._chunk_of(logical)]
        if physical < 0:
            raise UnreadableLayoutError("btrfs data that is striped over devices, or on another one")
        return read_exactly(self._volume, physical + logical - start, length, "btrfs data")

    def _chunk_of(self, logical: int) -> int:
        index = bisect_right(self._chunks, (logical, LAST, LAST, LAST)) - 1
        if index < 0 or logical >= self._chunks[index][0] + self._chunks[index][1]:
            raise CorruptImageError(f"the btrfs address {logical} lies in no chunk")
        return index

    def _node(self, address: int) -> bytes:
        if address not in self._cache:
            self._read += 1
            if self._read > MAX_NODES:
                raise CorruptImageError(f"more than {MAX_NODES} btrfs nodes were needed")
            self._read_around(address)
            node = self.read(address, self.node_size)
            if number("<Q", node, 48) != address:
                raise CorruptImageError(f"the btrfs node at {address} says that it is another")
            self._cache[address] = node
            if len(self._cache) > _CACHED_NODES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(address)
        return self._cache[address]

    def _read_around(self, address: int) -> None:
        """Have the neighbours of a node read along: leaves that are needed together are written together."""
        start, size, physical, _ = self._chunks[self._chunk_of(address)]
        first = max(start, address // _AROUND * _AROUND)
        last = min(start + size, first + _AROUND)
        if physical >= 0 and address + self.node_size <= last:
            self._volume.read(physical + first - start, last - first)

    def items(self, root: int, first: Key, last: Key, depth: int = 0) -> Iterator[tuple[Key, bytes]]:
        """The items of a tree whose keys lie between ``first`` and ``last``, both included, in order."""
        if depth > _MAX_LEVEL:
            raise CorruptImageError("a btrfs tree is too deep")
        node = self._node(root)
        count, level = unpack("<IB", node, 96)
        if 101 + count * (25 if level == 0 else 33) > len(node):
            raise CorruptImageError(f"a btrfs node with {count} items")
        if level:
            yield from self._children(node, count, first, last, depth)
            return
        for index in range(count):
            *key, offset, size = unpack("<QBQII", node, 101 + 25 * index)
            if tuple(key) > last:
                return
            if tuple(key) >= first:
                if 101 + offset + size > len(node):
                    raise CorruptImageError("a btrfs item reaches beyond its node")
                yield (key[0], key[1], key[2]), node[101 + offset : 101 + offset + size]

    def _children(
        self, node: bytes, count: int, first: Key, last: Key, depth: int
    ) -> Iterator[tuple[Key, bytes]]:
        pointers = [unpack("<QBQQ", node, 101 + 33 * index) for index in range(count)]
        for index, (*key, child) in enumerate(pointers):
            if index + 1 < count and tuple(pointers[index + 1][:3]) <= first:
                continue
            if tuple(key) > last:
                return
            yield from self.items(child, first, last, depth + 1)

    def item(self, root: int, first: Key, last: Key | None = None) -> bytes | None:
        """The first item between two keys (or at one), ``None`` where there is none."""
        return next((data for _, data in self.items(root, first, last or first)), None)
