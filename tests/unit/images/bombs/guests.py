"""Files of guests that are bombs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

from tests.unit.images.bombs.bomb import Bomb, Explosion, parser
from tests.unit.images.builders.linux import KERNEL, ROOT, cpio, examine, guest, menu
from tests.unit.images.builders.memory_tree import MemoryTree, volume
from vmie_images.findings import FindingLog
from vmie_images.guest.boot_modes import read_boot_setup
from vmie_images.registry.hive import Hive

MIB = 1 << 20
_INITRD = f"boot/initrd.img-{KERNEL}"


def _zeros_in_a_member(size: int) -> bytes:
    """A cpio archive whose first member is so many zeros."""
    header = bytearray(cpio("big", content=b"")[:116])
    header[54:62] = b"%08X" % size
    return bytes(header).ljust(116, b"\0") + bytes(size)


def _guest(files: dict[str, bytes | str]) -> Explosion:
    return parser(lambda: examine(guest() | files))


def _initramfs(packed: bytes) -> Explosion:
    return _guest({_INITRD: packed})


def _bls(entry: str, settings: str) -> Explosion:
    files: dict[str, bytes | str] = {
        "boot/grub/grub.cfg": f"blscfg\n{settings}\n",
        **{f"boot/loader/entries/{number}.conf": entry for number in range(64)},
    }
    return _guest(files)


def _hive(lists: bytes) -> Explosion:
    """A hive whose root's keys are listed at 4096 in its bins."""
    data = bytearray(4096 + 4 * MIB)
    data[:4] = b"regf"
    struct.pack_into("<I", data, 36, 32)
    key = struct.pack("<2sH", b"nk", 0x20).ljust(76, b"\0")
    data[4096 + 32 : 4096 + 36] = struct.pack("<i", -128)
    data[4096 + 36 : 4096 + 36 + 76] = key
    struct.pack_into("<I", data, 4096 + 36 + 20, 1)
    struct.pack_into("<I", data, 4096 + 36 + 28, 4096)
    data[8192 : 8192 + len(lists)] = lists
    found = bytes(data)
    hive = Hive(lambda offset, length: found[offset : offset + length])
    return parser(lambda: [hive.values(f"Microsoft\\{number}") for number in range(30)])


def _index_of(kind: bytes, same: bool) -> bytes:
    """An index of 16,000 lists, each of 8,000 keys with other names."""
    places = [65536 * 2 if same else 65536 * 2 + 16 * number for number in range(16_000)]
    index = struct.pack("<i2sH16000I", -70_000, b"ri", 16_000, *places).ljust(65536 * 2 - 4096, b"\0")
    # Each 16 bytes of what follows may be where a list begins.
    return index + struct.pack("<i2sHII", -65536, kind, 8000, 7, 7) * 30_000


def _loaders() -> Explosion:
    """EFI system partitions with thousands of loaders each."""
    files: dict[str, bytes | str] = {f"EFI/{v}/{n:04}.efi": b"" for v in range(16) for n in range(500)}
    tree = MemoryTree(files, "FAT32")
    volumes = [volume(tree, number, "EFI system") for number in range(1, 4)]
    return parser(lambda: (read_boot_setup([], volumes), FindingLog()))


GUESTS: dict[str, Bomb] = {
    "a gzip initramfs of zeros": lambda: _initramfs(gzip.compress(_zeros_in_a_member(128 * MIB), 1)),
    "an xz initramfs of zeros": lambda: _initramfs(lzma.compress(_zeros_in_a_member(64 * MIB), preset=0)),
    "an lzma initramfs of zeros": lambda: _initramfs(
        lzma.compress(_zeros_in_a_member(64 * MIB), lzma.FORMAT_ALONE, preset=0)
    ),
    "a bzip2 initramfs of zeros": lambda: _initramfs(bz2.compress(_zeros_in_a_member(64 * MIB), 1)),
    "an lz4 initramfs of zeros": lambda: _initramfs(b"\x04\x22\x4d\x18\x64\x40\xa7" + b"\xff" * MIB),
    "an lzo initramfs of zeros": lambda: _initramfs(b"\x89LZO\0\r\n\x1a\n" + b"\0" * MIB),
    "an initramfs of tiny members": lambda: _initramfs(
        gzip.compress(cpio("a", content=b"")[:112] * 300_000, 1)
    ),
    "an initramfs of early members": lambda: _initramfs(
        cpio(*("kernel" for _ in range(5000)), content=b"") + bytes(4 * MIB)
    ),
    "a menu of thousands of initramfs": lambda: _guest(
        {"boot/grub/grub.cfg": menu().replace("initrd ", f"initrd {f'/boot/initrd.img-{KERNEL} ' * 5000}")}
    ),
    "BLS variables that multiply": lambda: _bls(
        "linux /vmlinuz\noptions " + "$a" * 30_000, f'set a="{"x" * 60_000}"'
    ),
    "BLS entries of thousands of initramfs": lambda: _bls(
        f"linux /boot/vmlinuz-{KERNEL}\ninitrd " + f"/boot/initrd.img-{KERNEL} " * 2000, ""
    ),
    "grub.cfg of blank lines": lambda: _guest({"boot/grub/grub.cfg": "\n" * 250_000 + menu()}),
    "interfaces of blank lines": lambda: _guest({"etc/network/interfaces": "\n" * 64_000 + "x"}),
    "an fstab of thousands of lines": lambda: _guest({"etc/fstab": f"UUID={ROOT} /boot ext4 a 0 1\n" * 2000}),
    "links that lead to each other": lambda: _guest(
        {f"etc/link{n}": f"->{f'link{n + 1}/' * 100}" for n in range(8)} | {"etc/os-release": "->link0"}
    ),
    "a registry index of equal lists": lambda: _hive(_index_of(b"lf", same=True)),
    "a registry index of many lists": lambda: _hive(_index_of(b"lh", same=False)),
    "a registry index that is its own list": lambda: _hive(struct.pack("<i2sHI", -65536, b"ri", 1, 4096)),
    "EFI system partitions full of loaders": _loaders,
}
