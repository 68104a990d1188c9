"""XFS, versions 4 and 5.

Source: the "XFS Algorithms & Data Structures" of the XFS developers (3rd edition). Numbers are big-endian.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import is_power_of_two, number, text, unpack
from vmie_images.filesystems import xfs_directory
from vmie_images.filesystems.directories import Directories
from vmie_images.filesystems.tree import KINDS_BY_MODE, FileTree, Kind, Node
from vmie_images.filesystems.xfs_extents import Extent, extents_of
from vmie_images.filesystems.xfs_log import was_unmounted
from vmie_images.ranges import RangeSource, read_exactly

_FTYPE_V5, _FTYPE_V4 = 0x1, 0x200
_LOCAL, _EXTENTS, _BTREE = 1, 2, 3
_LARGE_EXTENT_COUNT = 0x10
_CACHED_INODES = 128
_CACHED_EXTENTS = 8
"""Inodes whose extents are kept: a crafted one has thousands."""
MAX_DIRECTORY = 1 << 20
"""Bytes of a directory that are searched."""


class Inode:
    """An inode: ``number``, ``mode``, ``size``, ``format``, its data fork, its extents once read."""

    def __init__(self, index: int, data: bytes) -> None:
        self.number = index
        if data[:2] != b"IN":
            raise CorruptImageError("an XFS inode without its mark")
        self.mode, version, self.format = unpack(">HBB", data, 2)
        self.size = number(">Q", data, 56)
        core = 176 if version >= 3 else 100
        attributes = data[82] * 8
        self.fork = data[core : core + attributes] if attributes else data[core:]
        large = version >= 3 and number(">Q", data, 120) & _LARGE_EXTENT_COUNT
        self.extent_count = number(">Q", data, 24) if large else number(">I", data, 76)
        self.extents: list[Extent] | None = None

    @property
    def node(self) -> Node:
        """The inode as a node."""
        return Node(KINDS_BY_MODE.get(self.mode >> 12, Kind.OTHER), self.size, self)


class Xfs(FileTree):
    """An XFS file system.

    Raises:
        CorruptImageError: The superblock contradicts the format.
    """

    name = "XFS"

    def __init__(self, volume: RangeSource) -> None:
        self._volume = volume
        block = read_exactly(volume, 0, 512, "XFS superblock")
        if not block.startswith(b"XFSB"):
            raise CorruptImageError("no XFS superblock")
        self.block_size = number(">I", block, 4)
        self._root = number(">Q", block, 56)
        self._group_blocks = number(">I", block, 84)
        version, _, self._inode_size = unpack(">HHH", block, 100)
        self._block_bits, self._inode_bits, self._group_bits = block[120], block[123], block[124]
        self.version = version & 0xF
        directory_bits = block[192]
        if not is_power_of_two(self.block_size) or not 512 <= self.block_size <= 65536:
            raise CorruptImageError(f"XFS blocks of {self.block_size} bytes")
        if not 256 <= self._inode_size <= 2048 or self.block_size << directory_bits > 65536:
            raise CorruptImageError("the XFS superblock's geometry is impossible")
        if self._inode_bits > 8 or self._group_bits > 32:
            raise CorruptImageError("the XFS superblock's geometry is impossible")
        self._directory_block = self.block_size << directory_bits
        features = number(">I", block, 216) if self.version == 5 else 0
        self._typed = bool(features & _FTYPE_V5 or number(">I", block, 200) & _FTYPE_V4)
        self.uuid = str(uuid.UUID(bytes=block[32:48]))
        self.label = text(block[108:120]) or None
        self.free = number(">Q", block, 144) * self.block_size
        self._cache: OrderedDict[int, Inode] = OrderedDict()
        self._located: list[Inode] = []
        self._directories: Directories[dict[str, int]] = Directories()
        if self.version == 5:
            log_at = self.block_offset(number(">Q", block, 48))
            self.clean = was_unmounted(volume, block, log_at) is not False

    def block_offset(self, block: int) -> int:
        """Where a file system block is, in bytes: its number is an allocation group's and a block's in it."""
        group, place = block >> self._group_bits, block & ((1 << self._group_bits) - 1)
        return (group * self._group_blocks + place) * self.block_size

    def root(self) -> Node:
        """The root directory."""
        return self._inode(self._root).node

    def _inode(self, index: int) -> Inode:
        if index not in self._cache:
            in_block = (index & ((1 << self._inode_bits) - 1)) * self._inode_size
            offset = self.block_offset(index >> self._inode_bits) + in_block
            self._cache[index] = Inode(
                index, read_exactly(self._volume, offset, self._inode_size, "XFS inode")
            )
            if len(self._cache) > _CACHED_INODES:
                self._cache.popitem(last=False)
        return self._cache[index]

    def _extents(self, inode: Inode) -> list[Extent]:
        if inode.extents is None:
            if inode.format not in (_EXTENTS, _BTREE):
                raise CorruptImageError(f"an XFS inode of format {inode.format}")
            inode.extents = extents_of(
                self._volume, inode.fork, inode.extent_count, inode.format == _BTREE, self
            )
            self._located.append(inode)
            if len(self._located) > _CACHED_EXTENTS:
                self._located.pop(0).extents = None
        return inode.extents

    def content(self, node: Node, offset: int, length: int) -> bytes:
        """Bytes of a file, or of a symbolic link's target."""
        inode: Inode = node.handle
        length = max(0, min(length, inode.size - offset))
        if inode.format == _LOCAL:
            return inode.fork[: inode.size][offset : offset + length]
        if node.kind is Kind.SYMLINK and self.version == 5:
            return self._remote_target(inode)[offset : offset + length]
        return self._stored(inode, offset, length)

    def _stored(self, inode: Inode, offset: int, length: int) -> bytes:
        data = bytearray(length)
        extents = self._extents(inode)
        work(len(extents))
        for extent in extents:
            first = max(offset, extent.file_block * self.block_size)
            end = min(offset + length, (extent.file_block + extent.blocks) * self.block_size)
            if first < end and not extent.unwritten:
                at = self.block_offset(extent.block) + first - extent.file_block * self.block_size
                data[first - offset : end - offset] = read_exactly(self._volume, at, end - first, "XFS file")
        return bytes(data)

    def _remote_target(self, inode: Inode) -> bytes:
        """Version 5 puts a header of 56 bytes before a target that does not fit into the inode."""
        data = self._stored(inode, 0, min(inode.size, 4096) + 56)
        return data[56:] if data.startswith(b"XSLM") else data

    def _entries(self, directory: Node) -> dict[str, int]:
        """The inodes in a directory, by their names."""
        inode: Inode = directory.handle
        return self._directories.of(inode.number, lambda: self._read_entries(inode))

    def _read_entries(self, inode: Inode) -> dict[str, int]:
        if inode.format == _LOCAL:
            return xfs_directory.short_form(inode.fork, self._typed)
        entries: dict[str, int] = {}
        searched = 0
        for extent in self._extents(inode):
            if extent.file_block * self.block_size >= xfs_directory.LEAF_OFFSET:
                continue
            for block in range(0, extent.blocks, self._directory_block // self.block_size):
                searched += self._directory_block
                if searched > MAX_DIRECTORY:
                    return entries
                at = self.block_offset(extent.block + block)
                data = read_exactly(self._volume, at, self._directory_block, "XFS directory block")
                for name, index in xfs_directory.block_entries(data, self._typed):
                    entries.setdefault(name, index)
        return entries

    def lookup(self, directory: Node, name: str) -> Node | None:
        """The node of that name in a directory; ``None`` where there is none."""
        index = self._entries(directory).get(name)
        return None if index is None else self._inode(index).node

    def names(self, directory: Node) -> list[str]:
        """The names in a directory."""
        entries = self._entries(directory)
        work(len(entries))
        return list(entries)
