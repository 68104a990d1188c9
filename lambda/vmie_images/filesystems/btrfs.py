"""btrfs: subvolumes, files, compression. One device, or mirrored ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from vmie_images.budget import work
from vmie_images.checksums import crc32c
from vmie_images.compression import decompress_zstandard, inflate
from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import number, unpack
from vmie_images.filesystems.btrfs_trees import LAST, BtrfsTrees
from vmie_images.filesystems.lzo import decompress_lzo1x
from vmie_images.filesystems.tree import KINDS_BY_MODE, FileTree, Kind, Node

TOP_LEVEL = 5
"""The subvolume that every file system has."""
_INODE, _DIR_ITEM, _DIR_INDEX, _EXTENT_DATA, _ROOT_ITEM, _ROOT_BACKREF = 1, 84, 96, 108, 132, 144
_ROOT_DIRECTORY, _FIRST_INODE = 6, 256
_INLINE, _PREALLOCATED = 0, 2
_ZLIB, _LZO, _ZSTD = 1, 2, 3
_NAME_SEED = 0xFFFFFFFE
_LZO_PAGE = 4096
MAX_EXTENT = 1 << 20
"""Bytes that one compressed extent may hold; the kernel writes at most 128 KiB."""
MAX_NAMES = 1 << 16
"""Names of a directory that are listed."""
MAX_SUBVOLUMES = 512


@dataclass(frozen=True)
class Subvolume:
    """A subvolume: its number, and its path from the top level (empty for the top level itself)."""

    identifier: int
    path: str


class Btrfs(FileTree):
    """One subvolume of a btrfs file system.

    Args:
        trees: The file system.
        subvolume: The subvolume's number. Default: the one that a mount without options shows.
    """

    name = "btrfs"

    def __init__(self, trees: BtrfsTrees, subvolume: int | None = None) -> None:
        self._trees = trees
        self.label, self.uuid = trees.label, trees.uuid
        self.clean = trees.log_tree == 0
        self.free = max(0, trees.total - trees.used)
        self.subvolume = default_subvolume(trees) if subvolume is None else subvolume

    def root(self) -> Node:
        """The root directory of the subvolume."""
        return Node(Kind.DIRECTORY, 0, (self._tree(self.subvolume), _FIRST_INODE))

    def _tree(self, subvolume: int) -> int:
        item = self._trees.item(
            self._trees.root_tree, (subvolume, _ROOT_ITEM, 0), (subvolume, _ROOT_ITEM, LAST)
        )
        if item is None:
            raise CorruptImageError(f"there is no btrfs subvolume {subvolume}")
        return number("<Q", item, 176)

    def lookup(self, directory: Node, name: str) -> Node | None:
        """The node of that name in a directory; ``None`` where there is none."""
        tree, inode = directory.handle
        encoded = name.encode("utf-8", "surrogateescape")
        item = self._trees.item(tree, (inode, _DIR_ITEM, crc32c(encoded, _NAME_SEED)))
        at = 0
        while item is not None and at + 30 <= len(item):
            target, kind, _, _, data_length, name_length = unpack("<QBQQHH", item, at)
            if item[at + 30 : at + 30 + name_length] == encoded:
                if kind == _ROOT_ITEM:
                    return Node(Kind.DIRECTORY, 0, (self._tree(target), _FIRST_INODE))
                return self._node(tree, target)
            at += 30 + name_length + data_length
        return None

    def _node(self, tree: int, inode: int) -> Node:
        item = self._trees.item(tree, (inode, _INODE, 0))
        if item is None:
            raise CorruptImageError(f"a btrfs directory names inode {inode}, which does not exist")
        mode = number("<I", item, 52)
        return Node(KINDS_BY_MODE.get(mode >> 12 & 0xF, Kind.OTHER), number("<Q", item, 16), (tree, inode))

    def names(self, directory: Node) -> list[str]:
        """The names in a directory."""
        tree, inode = directory.handle
        items = self._trees.items(tree, (inode, _DIR_INDEX, 0), (inode, _DIR_INDEX, LAST))
        return [
            item[30 : 30 + number("<H", item, 27)].decode("utf-8", "surrogateescape")
            for _, item in islice(items, MAX_NAMES)
        ]

    def content(self, node: Node, offset: int, length: int) -> bytes:
        """Bytes of a file, or of a symbolic link's target."""
        tree, inode = node.handle
        length = max(0, min(length, node.size - offset))
        data = bytearray(length)
        items = self._trees.items(tree, (inode, _EXTENT_DATA, 0), (inode, _EXTENT_DATA, offset + length))
        for (_, _, start), item in items:
            work()
            if start < offset + length:
                self._place(data, offset, start, item)
        return bytes(data)

    def _place(self, data: bytearray, offset: int, start: int, item: bytes) -> None:
        """Copy what an extent holds of the wanted bytes to its place."""
        size, compression, _, _, kind = unpack("<QBBHB", item, 8)
        if kind == _INLINE:
            found, first = _decompress(item[21:], compression, min(size, MAX_EXTENT)), start
        else:
            address, stored, skip, count = unpack("<QQQQ", item, 21)
            if not address or kind == _PREALLOCATED or start + count <= offset:
                return
            if compression:
                if max(size, stored) > MAX_EXTENT:
                    raise CorruptImageError(f"a compressed btrfs extent of {size} bytes")
                whole = _decompress(self._trees.read(address, stored), compression, size)
                found, first = whole[skip : skip + count], start
            else:
                first = max(offset, start)
                wanted = min(count - (first - start), offset + len(data) - first)
                found = self._trees.read(address + skip + first - start, wanted)
        begin, end = max(offset, first), min(offset + len(data), first + len(found))
        if begin < end:
            data[begin - offset : end - offset] = found[begin - first : end - first]


def default_subvolume(trees: BtrfsTrees) -> int:
    """The number of the subvolume that a mount without options shows."""
    directory = (_ROOT_DIRECTORY, _DIR_ITEM, crc32c(b"default", _NAME_SEED))
    item = trees.item(trees.root_tree, directory)
    return number("<Q", item) if item is not None else TOP_LEVEL


def subvolumes(trees: BtrfsTrees) -> list[Subvolume]:
    """Every subvolume but the top level, by number, its path as far as its parents' directories are the
    top's."""
    found: dict[int, tuple[int, str]] = {}
    first, last = (_FIRST_INODE, _ROOT_BACKREF, 0), (LAST - 256, _ROOT_BACKREF, LAST)
    for (identifier, kind, parent), item in trees.items(trees.root_tree, first, last):
        if kind == _ROOT_BACKREF:
            name = item[18 : 18 + number("<H", item, 16)].decode("utf-8", "replace")
            found[identifier] = (parent, name)
            if len(found) >= MAX_SUBVOLUMES:
                break
    return [Subvolume(identifier, _path(identifier, found)) for identifier in sorted(found)]


def _path(identifier: int, found: dict[int, tuple[int, str]]) -> str:
    parts: list[str] = []
    while identifier in found and len(parts) < 16:
        identifier, name = found[identifier]
        parts.append(name)
    return "/".join(reversed(parts))


def _decompress(data: bytes, compression: int, size: int) -> bytes:
    if compression == 0:
        return data
    if compression == _ZLIB:
        return inflate(data, size)
    if compression == _ZSTD:
        return decompress_zstandard(data, size)
    if compression != _LZO:
        raise UnreadableLayoutError(f"btrfs compression {compression}")
    # A total length, then segments, none of whose length fields crosses a page.
    out, at, total = bytearray(), 4, min(number("<I", data), len(data))
    while at + 4 <= total and len(out) < size:
        if _LZO_PAGE - at % _LZO_PAGE < 4:
            at += _LZO_PAGE - at % _LZO_PAGE
        length = number("<I", data, at)
        out += decompress_lzo1x(data[at + 4 : at + 4 + length], 2 * _LZO_PAGE)
        at += 4 + length
    return bytes(out[:size])
