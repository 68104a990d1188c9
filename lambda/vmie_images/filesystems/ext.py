"""ext2, ext3 and ext4.

Source: the Linux kernel's "ext4 Data Structures and Algorithms" (Documentation/filesystems/ext4).
"""

from __future__ import annotations

import uuid
from collections import OrderedDict

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import number, text, unpack
from vmie_images.filesystems.directories import Directories
from vmie_images.filesystems.ext_blocks import block_of
from vmie_images.filesystems.tree import KINDS_BY_MODE, FileTree, Kind, Node
from vmie_images.ranges import RangeSource, read_exactly

_HAS_JOURNAL = 0x4
_RECOVER, _JOURNAL_DEVICE, _META_BG, _EXTENTS, _64BIT = 0x4, 0x8, 0x10, 0x40, 0x80
_FLEX_BG, _INLINE_DATA, _ENCRYPTED = 0x200, 0x8000, 0x10000
_EXT4_INCOMPATIBLE = _EXTENTS | _64BIT | 0x100 | _FLEX_BG | _INLINE_DATA
_EXT4_READ_ONLY = 0x8 | 0x10 | 0x20 | 0x40 | 0x400
_FLAG_EXTENTS, _FLAG_INLINE, _FLAG_ENCRYPTED = 0x80000, 0x10000000, 0x800
_ROOT_INODE = 2
_CACHED_INODES = 256
MAX_DIRECTORY = 1 << 20
"""Bytes of a directory that are searched."""


class Inode:
    """An inode: ``number``, ``mode``, ``size``, ``flags``, its block map of 60 bytes, and its bytes."""

    def __init__(self, index: int, data: bytes) -> None:
        self.number = index
        self.mode = number("<H", data)
        high = number("<I", data, 108)
        self.size = number("<I", data, 4) | (high << 32 if self.mode >> 12 == 8 else 0)
        self.flags = number("<I", data, 32)
        self.map = data[40:100]
        self.data = data

    @property
    def node(self) -> Node:
        """The inode as a node."""
        return Node(KINDS_BY_MODE.get(self.mode >> 12, Kind.OTHER), self.size, self)


class Ext(FileTree):
    """An ext2, ext3 or ext4 file system.

    Raises:
        CorruptImageError: The superblock contradicts the format.
        UnreadableLayoutError: It is a journal device.
    """

    def __init__(self, volume: RangeSource) -> None:
        self._volume = volume
        block = read_exactly(volume, 1024, 1024, "ext superblock")
        compatible, incompatible, read_only = unpack("<III", block, 92)
        logarithm = number("<I", block, 24)
        self._first = number("<I", block, 20)
        self._per_group, self._inodes = number("<I", block, 32), number("<I", block, 40)
        self._inode_size = number("<H", block, 88) if number("<I", block, 76) else 128
        if logarithm > 6 or not self._inodes or not self._per_group:
            raise CorruptImageError("the ext superblock's geometry is impossible")
        self.block_size = 1024 << logarithm
        if not 128 <= self._inode_size <= self.block_size:
            raise CorruptImageError(f"inodes of {self._inode_size} bytes")
        if incompatible & _JOURNAL_DEVICE:
            raise UnreadableLayoutError("an external ext journal")
        self._descriptor_size = max(32, number("<H", block, 254)) if incompatible & _64BIT else 32
        if self._descriptor_size > 1024:
            raise CorruptImageError(f"group descriptors of {self._descriptor_size} bytes")
        self._meta_bg = number("<I", block, 260) if incompatible & _META_BG else None
        ext4 = incompatible & _EXT4_INCOMPATIBLE or read_only & _EXT4_READ_ONLY
        self.name = "ext4" if ext4 else "ext3" if compatible & _HAS_JOURNAL else "ext2"
        self.label = text(block[120:136]) or None
        self.uuid = str(uuid.UUID(bytes=block[104:120]))
        self.clean = not incompatible & _RECOVER
        self.free = number("<I", block, 12) * self.block_size
        self._cache: OrderedDict[int, Inode] = OrderedDict()
        self._directories: Directories[dict[str, int]] = Directories()

    def root(self) -> Node:
        """The root directory."""
        return self._inode(_ROOT_INODE).node

    def _inode(self, index: int) -> Inode:
        if index not in self._cache:
            self._cache[index] = self._read_inode(index)
            if len(self._cache) > _CACHED_INODES:
                self._cache.popitem(last=False)
        return self._cache[index]

    def _read_inode(self, index: int) -> Inode:
        if index < 1:
            raise CorruptImageError(f"a directory names inode {index}")
        group, place = divmod(index - 1, self._inodes)
        descriptor = read_exactly(
            self._volume, self._descriptor_offset(group), self._descriptor_size, "ext group descriptor"
        )
        table = number("<I", descriptor, 8)
        if self._descriptor_size >= 64:
            table |= number("<I", descriptor, 40) << 32
        offset = table * self.block_size + place * self._inode_size
        return Inode(index, read_exactly(self._volume, offset, self._inode_size, "ext inode"))

    def _descriptor_offset(self, group: int) -> int:
        """Descriptors follow the superblock; with meta_bg each meta group keeps its own."""
        per_block = self.block_size // self._descriptor_size
        if self._meta_bg is None or group // per_block < self._meta_bg:
            return (self._first + 1) * self.block_size + group * self._descriptor_size
        meta = group // per_block * per_block
        has_copy = 1 if meta < 2 or any(_is_power(meta, base) for base in (3, 5, 7)) else 0
        block = self._first + meta * self._per_group + has_copy
        return block * self.block_size + group % per_block * self._descriptor_size

    def content(self, node: Node, offset: int, length: int) -> bytes:
        """Bytes of a file, or of a symbolic link's target."""
        inode: Inode = node.handle
        length = max(0, min(length, inode.size - offset))
        if inode.flags & _FLAG_ENCRYPTED:
            raise UnreadableLayoutError("an encrypted file")
        if inode.flags & _FLAG_INLINE:
            return self._inline(inode)[offset : offset + length]
        if node.kind is Kind.SYMLINK and inode.size < 60 and not inode.flags & _FLAG_EXTENTS:
            return inode.map[offset : offset + length]
        parts = []
        while length > 0:
            index, skip = divmod(offset, self.block_size)
            block, run = block_of(
                self._volume, self.block_size, inode.map, inode.flags & _FLAG_EXTENTS != 0, index
            )
            count = min(length, run * self.block_size - skip, MAX_DIRECTORY)
            if block is None:
                parts.append(bytes(count))
            else:
                parts.append(read_exactly(self._volume, block * self.block_size + skip, count, "ext file"))
            offset, length = offset + count, length - count
        return b"".join(parts)

    def _inline(self, inode: Inode) -> bytes:
        """Data in the inode: 60 bytes in the block map, the rest in the attribute ``system.data``."""
        start = 128 + number("<H", inode.data, 128) if len(inode.data) > 130 else len(inode.data)
        rest = b""
        if inode.data[start : start + 4] == b"\x00\x00\x02\xea":
            base, at = start + 4, start + 4
            while at + 16 <= len(inode.data) and any(inode.data[at : at + 4]):
                name_length, index, value, _, size = unpack("<BBHII", inode.data, at)
                if index == 7 and inode.data[at + 16 : at + 16 + name_length] == b"data":
                    rest = inode.data[base + value : base + value + size]
                at += 16 + (name_length + 3) // 4 * 4
        return inode.map + rest

    def _entries(self, directory: Node) -> dict[str, int]:
        """The inodes in a directory, by their names."""
        inode: Inode = directory.handle
        return self._directories.of(inode.number, lambda: self._read_entries(directory))

    def _read_entries(self, directory: Node) -> dict[str, int]:
        inode: Inode = directory.handle
        entries: dict[str, int] = {}
        if inode.flags & _FLAG_INLINE:
            data = self._inline(inode)[: inode.size]
            pieces = [data[4:60], data[60:]]
        else:
            pieces = self._directory_blocks(directory)
        for data in pieces:
            at = 0
            while at + 8 <= len(data):
                index, length, name_length = unpack("<IHB", data, at)
                if length < 8 + name_length or length % 4:
                    break
                work()
                name = data[at + 8 : at + 8 + name_length].decode("utf-8", "surrogateescape")
                if index and name not in ("", ".", ".."):
                    entries.setdefault(name, index)
                at += length
        return entries

    def _directory_blocks(self, directory: Node) -> list[bytes]:
        size = min(directory.size, MAX_DIRECTORY)
        data = self.content(directory, 0, size)
        return [data[at : at + self.block_size] for at in range(0, len(data), self.block_size)]

    def lookup(self, directory: Node, name: str) -> Node | None:
        """The node of that name in a directory; ``None`` where there is none."""
        index = self._entries(directory).get(name)
        return None if index is None else self._inode(index).node

    def names(self, directory: Node) -> list[str]:
        """The names in a directory."""
        entries = self._entries(directory)
        work(len(entries))
        return list(entries)


def _is_power(value: int, base: int) -> bool:
    while value > 1 and value % base == 0:
        value //= base
    return value == 1
