"""The trees of a btrfs file system: superblock, chunks, nodes, items.

Source: the btrfs developers' "On-disk Format" (btrfs.readthedocs.io).
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import is_power_of_two, number, text, unpack
from vmie_images.filesystems.btrfs_node import Key, Node
from vmie_images.ranges import RangeSource, read_exactly

Chunk = tuple[int, int, int, int]
"""Logical address, length, place on this device (-1 where it has none, or the chunk is striped), and kind."""

SUPERBLOCK = 64 * 1024
LAST = (1 << 64) - 1
_CHUNK_TREE_OBJECT, _CHUNK_ITEM = 256, 228
_RAID0, _RAID10, _RAID5, _RAID6 = 1 << 3, 1 << 6, 1 << 7, 1 << 8
_CACHE_BYTES = 512 << 10
"""Bytes of the nodes that are kept; taken apart, each takes up to ten times its own."""
_AROUND = 64 * 1024
MAX_NODES = 2000
"""Nodes that one inspection reads of one file system."""
MAX_CHUNKS = 1 << 14
"""Chunks of 1 GiB for the most part: 16 TiB."""


class BtrfsTrees:
    """Reads the trees of a btrfs file system by logical addresses.

    Raises:
        CorruptImageError: The superblock or the chunk tree contradicts the format.
        UnreadableLayoutError: It has more chunks than are read.
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
        self._cache: OrderedDict[int, Node] = OrderedDict()
        self._read = 0
        # The chunks that hold the chunk tree come first: it is read by them.
        self._chunks = sorted(set(self._system_chunks(block)))
        first, last = (_CHUNK_TREE_OBJECT, _CHUNK_ITEM, 0), (_CHUNK_TREE_OBJECT, _CHUNK_ITEM, LAST)
        chunks = set(self._chunks)
        for key, data in self.items(chunk_tree, first, last):
            chunks.add(self._chunk(key[2], data))
            if len(chunks) > MAX_CHUNKS:
                raise UnreadableLayoutError(f"more than {MAX_CHUNKS} btrfs chunks")
        self._chunks = sorted(chunks)

    def _system_chunks(self, block: bytes) -> Iterator[Chunk]:
        at, end = 811, 811 + min(number("<I", block, 160), 2048)
        while at + 17 < end:
            logical = unpack("<QBQ", block, at)[2]
            stripes = number("<H", block, at + 17 + 44)
            yield self._chunk(logical, block[at + 17 : at + 65 + 32 * stripes])
            at += 65 + 32 * stripes

    def _chunk(self, logical: int, item: bytes) -> Chunk:
        length, _, _, kind = unpack("<QQQQ", item)
        count = number("<H", item, 44)
        striped = (kind & (_RAID0 | _RAID10) and count > 1) or kind & (_RAID5 | _RAID6)
        work(count)
        stripes = (unpack("<QQ", item, 48 + 32 * index) for index in range(count))
        here = [place for device, place in stripes if device == self._device]
        return logical, length, here[0] if here and not striped else -1, kind

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

    def _node(self, address: int) -> Node:
        work()
        if address not in self._cache:
            self._read += 1
            if self._read > MAX_NODES:
                raise CorruptImageError(f"more than {MAX_NODES} btrfs nodes were needed")
            self._read_around(address)
            data = self.read(address, self.node_size)
            if number("<Q", data, 48) != address:
                raise CorruptImageError(f"the btrfs node at {address} says that it is another")
            self._cache[address] = Node(data)
            if len(self._cache) * self.node_size > _CACHE_BYTES:
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

    def items(self, root: int, first: Key, last: Key) -> Iterator[tuple[Key, bytes]]:
        """The items of a tree whose keys lie between ``first`` and ``last``, both included, in order."""
        pending: list[tuple[int, Node | None, int]] = [(root, None, 0)]
        while pending:
            address, parent, place = pending.pop()
            node = self._node(address)
            if parent is not None and not node.is_below(parent, place):
                raise CorruptImageError(f"the btrfs node at {address} is not what its parent says")
            at = node.index_of(first)
            if not node.level:
                while at < len(node.keys) and node.keys[at] <= last:
                    yield node.keys[at], node.item(at)
                    at += 1
                continue
            # What is smaller than a key is below the one before it.
            start = at if at < len(node.keys) and node.keys[at] == first else max(0, at - 1)
            below = range(start, len(node.keys))
            pending += [(node.children[i], node, i) for i in reversed(below) if node.keys[i] <= last]

    def item(self, root: int, first: Key, last: Key | None = None) -> bytes | None:
        """The first item between two keys (or at one), ``None`` where there is none."""
        return next((data for _, data in self.items(root, first, last or first)), None)
