"""File systems that are bombs."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

from tests.unit.images.bombs.bomb import Bomb, Explosion, image, parser
from tests.unit.images.bombs.volumes import overlapping
from tests.unit.images.builders.partitioned import ESP_GUID, MIB, mbr_disk
from vmie_images import ImageError, MemorySource, RangeSource
from vmie_images.filesystems.btrfs import Btrfs
from vmie_images.filesystems.btrfs_trees import BtrfsTrees
from vmie_images.filesystems.ext import Ext
from vmie_images.filesystems.lzo import decompress_lzo1x
from vmie_images.filesystems.ntfs import Ntfs
from vmie_images.filesystems.tree import FileTree
from vmie_images.filesystems.xfs_extents import extents_of

_NODE = 16 * 1024
_CHUNKS, _ROOT = 1 << 20, 2 << 20
"""Where the chunk tree and the root tree begin."""
_DEEPEST = 7


def _node(address: int, level: int, entries: bytes, count: int, data: bytes = b"") -> bytes:
    head = bytes(48) + struct.pack("<QQ", address, 0) + bytes(32) + struct.pack("<IB", count, level)
    body = (head + entries).ljust(_NODE - len(data), b"\0")
    return body + data


def _chunk(length: int) -> bytes:
    """A chunk on the one device, where logical addresses are the disk's."""
    return struct.pack("<QQQQIIIHH", length, 2, 65536, 2, 4096, 4096, 4096, 1, 0) + struct.pack(
        "<QQ16s", 1, 0, b""
    )


def _btrfs(nodes: dict[int, bytes], size: int = 64 * MIB, root: int = _ROOT) -> bytes:
    """A volume with these nodes."""
    volume = bytearray(size)
    block = bytearray(4096)
    block[64:72] = b"_BHRfS_M"
    struct.pack_into("<QQQ", block, 80, root, _CHUNKS, 0)
    struct.pack_into("<QQQQ", block, 112, size, size, 6, 1)
    struct.pack_into("<II", block, 144, 4096, _NODE)
    chunk = struct.pack("<QBQ", 256, 228, 0) + _chunk(size)
    struct.pack_into("<I", block, 160, len(chunk))
    struct.pack_into("<Q", block, 201, 1)
    block[811 : 811 + len(chunk)] = chunk
    volume[65536 : 65536 + 4096] = block
    nodes = {_CHUNKS: _node(_CHUNKS, 0, b"", 0)} | nodes
    for address, node in nodes.items():
        volume[address : address + len(node)] = node
    return bytes(volume)


def _pointers(children: list[int], key: Callable[[int], tuple[int, int, int]]) -> bytes:
    return b"".join(struct.pack("<QBQQQ", *key(n), child, 0) for n, child in enumerate(children))


def _every_child_the_same(
    key: Callable[[int], tuple[int, int, int]], levels: int = _DEEPEST
) -> dict[int, bytes]:
    """A tree each of whose nodes points 490 times at the one below it, down to an empty leaf."""
    nodes = {}
    for level in range(levels, 0, -1):
        here, below = _ROOT + (levels - level) * _NODE, _ROOT + (levels - level + 1) * _NODE
        nodes[here] = _node(here, level, _pointers([below] * 490, key), 490)
    leaf = _ROOT + levels * _NODE
    return nodes | {leaf: _node(leaf, 0, b"", 0)}


def _many_chunks() -> dict[int, bytes]:
    """A chunk tree of 170 leaves with 150 chunks each."""
    item, nodes = _chunk(4096), {}
    per_leaf, leaves = 150, 170
    first = [(256, 228, (1 << 30) + leaf * per_leaf * 4096) for leaf in range(leaves)]
    places = [4 * MIB + leaf * _NODE for leaf in range(leaves)]
    for (_, _, start), place in zip(first, places, strict=True):
        entries, data = b"", item * per_leaf
        for index in range(per_leaf):
            offset = _NODE - 101 - len(item) * (per_leaf - index)
            entries += struct.pack("<QBQII", 256, 228, start + index * 4096, offset, len(item))
        nodes[place] = _node(place, 0, entries, per_leaf, data)
    nodes[_CHUNKS] = _node(_CHUNKS, 1, _pointers(places, lambda n: first[n]), leaves)
    return nodes


def _looked_up(volume: bytes) -> Explosion:
    def read() -> None:
        tree = Btrfs(BtrfsTrees(MemorySource(volume)))
        tree.names(tree.root())

    return parser(read)


class _Xfs:
    block_size, version = 4096, 5

    def block_offset(self, block: int) -> int:
        return block * 4096


def _xfs(levels: int, entries: int) -> Explosion:
    """A tree of extents each of whose blocks names the one below it so many times."""
    blocks = [bytes(4096)]
    for level in range(levels, 0, -1):
        pointers = struct.pack(">Q", levels - level + 2) * entries
        keys = bytes(8 * ((4096 - 72) // 16))
        blocks.append(
            (struct.pack(">4sHH", b"BMA3", level, entries).ljust(72, b"\0") + keys + pointers)[:4096].ljust(
                4096, b"\0"
            )
        )
    record = struct.pack(">QQ", 1 << 9, 1 << 21 | 1)
    blocks.append(struct.pack(">4sHH", b"BMA3", 0, 250).ljust(72, b"\0") + record * 251)
    data = b"".join(block[:4096].ljust(4096, b"\0") for block in blocks)
    fork = struct.pack(">HH", levels + 1, 1) + bytes(8 * 20) + struct.pack(">Q", 1)
    fork = fork.ljust(4 + 16 * 20, b"\0")
    return parser(lambda: extents_of(MemorySource(data), fork, 0, True, _Xfs()))


def _ext() -> bytes:
    """ext2 whose root directory is 1 MiB of the smallest entries."""
    entries = 1 << 20
    volume = bytearray(4 * MIB)
    block = bytearray(1024)
    struct.pack_into("<II", block, 0, 1024, 1024)
    struct.pack_into("<I", block, 24, 2)  # blocks of 4 KiB
    struct.pack_into("<II", block, 32, 32768, 0)
    struct.pack_into("<I", block, 40, 1024)
    block[56:58] = b"\x53\xef"
    struct.pack_into("<I", block, 96, 0x40)
    volume[1024:2048] = block
    struct.pack_into("<I", volume, 4096 + 8, 2)  # the group's inodes are in block 2
    inode = bytearray(128)
    struct.pack_into("<H2xI", inode, 0, 0x41ED, entries)
    struct.pack_into("<I", inode, 32, 0x80000)
    inode[40:64] = struct.pack("<HHHHIIHHI", 0xF30A, 1, 4, 0, 0, 0, 256, 0, 64)
    volume[8192 + 128 : 8192 + 256] = inode
    names = b"".join(
        struct.pack("<IHBB4s", 11, 12, 4, 0, b"%04x" % (n & 0xFFFF)) for n in range(entries // 12)
    )
    volume[64 * 4096 : 64 * 4096 + len(names)] = names
    return bytes(volume)


def _every_look_up(read: Callable[[RangeSource], FileTree], volume: bytes, times: int) -> Explosion:
    def look_up() -> None:
        tree = read(MemorySource(volume))
        for number in range(times):
            with suppress(ImageError):
                tree.find(f"/nothing-{number}")

    return parser(look_up)


def _fat(entries: bytes) -> bytes:
    """FAT16 with this root directory, its one cluster a chain that ends nowhere."""
    boot = bytearray(512)
    boot[:3], boot[510:] = b"\xeb\x3c\x90", b"\x55\xaa"
    struct.pack_into("<HBHBHHBH", boot, 11, 512, 1, 1, 1, len(entries) // 32, 30_000, 0xF8, 64)
    boot[54:62] = b"FAT16   "
    table = struct.pack("<H", 2) * (64 * 256)
    return (bytes(boot) + table + entries).ljust(16 * MIB, b"\0")


def _long_names() -> bytes:
    entry = (
        b"\x41"
        + "abcde".encode("utf-16-le")
        + b"\x0f\0\0"
        + "fghijk".encode("utf-16-le")
        + b"\0\0"
        + "lm".encode("utf-16-le")
    )
    return entry * 8160


def _folder_in_itself() -> bytes:
    entry = b"EFI        \x10" + bytes(14) + struct.pack("<HI", 2, 0)
    return entry.ljust(32 * 512, b"\0")


def _ntfs() -> bytes:
    """A volume whose file records hold as many lists of attributes as fit, each of 256 KiB."""
    volume = bytearray(8 * MIB)
    volume[:512] = bytes(3) + b"NTFS    " + bytes(501)
    struct.pack_into("<HB", volume, 11, 512, 8)
    struct.pack_into("<Q", volume, 48, 4)
    struct.pack_into("<bxxxb", volume, 64, -16, -12)  # records of 64 KiB, index nodes of 4 KiB

    def attribute(kind: int, runs: bytes, size: int) -> bytes:
        head = struct.pack("<IIBBHHH", kind, 64 + len(runs), 1, 0, 64, 0, 0)
        body = struct.pack("<QQHHIQQQ", 0, 0, 64, 0, 0, size, size, size)
        return head + body + runs

    data = attribute(0x80, b"\x22\x00\x04\x04\x00\x00", 4 * MIB)
    listing = attribute(0x20, b"\x21\x40\x00\x04\x00", 256 * 1024)
    record = struct.pack("<4sHHQHHHH", b"FILE", 48, 1, 0, 0, 0, 56, 2).ljust(56, b"\0") + data + listing * 250
    for index in range(32):
        volume[16384 + index * 65536 : 16384 + index * 65536 + len(record)] = record
    entries = b"".join(struct.pack("<IHBBQQ", 0x80, 26, 0, 26, 0, n % 24) + bytes(2) for n in range(10_000))
    volume[4 * MIB : 4 * MIB + len(entries)] = entries
    return bytes(volume)


FILE_SYSTEMS: dict[str, Bomb] = {
    "a btrfs tree whose nodes all point at one": lambda: _looked_up(
        _btrfs(_every_child_the_same(lambda n: (5, 132, n)))
    ),
    "a btrfs tree of equal keys": lambda: _looked_up(_btrfs(_every_child_the_same(lambda _: (5, 132, 0)))),
    "a btrfs node that is its own child": lambda: _looked_up(
        _btrfs({_ROOT: _node(_ROOT, 1, _pointers([_ROOT] * 490, lambda n: (5, 132, n)), 490)})
    ),
    "many btrfs chunks on many partitions": lambda: image(
        overlapping(_btrfs(_many_chunks(), 8 * MIB, root=_CHUNKS))
    ),
    "LZO that repeats itself": lambda: parser(
        lambda: decompress_lzo1x(b"\x12a" + b"\x20" + b"\0" * 4000 + b"\x01\0\0" + b"\x11\0\0", MIB)
    ),
    "LZO of many instructions": lambda: parser(
        lambda: [decompress_lzo1x(b"\x12a" + b"\x40\0" * 100_000 + b"\x11\0\0", MIB) for _ in range(50)]
    ),
    "an XFS extent tree that names one leaf 200 times": lambda: _xfs(1, 200),
    "an XFS extent tree that branches": lambda: _xfs(6, 250),
    "a crowded ext directory on many partitions": lambda: image(overlapping(_ext())),
    "a crowded ext directory, searched again and again": lambda: _every_look_up(Ext, _ext(), 3000),
    "FAT names without an end": lambda: image(overlapping(_fat(_long_names()), ESP_GUID)),
    "a FAT directory in itself": lambda: image(mbr_disk(20 * MIB, {MIB: _fat(_folder_in_itself())})),
    "NTFS records of attribute lists": lambda: _every_look_up(Ntfs, _ntfs(), 100),
}
