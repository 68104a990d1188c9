"""The initial file system of a Linux guest: whether it can be read, and which drivers a part of it holds.

Source: the Linux kernel's "initramfs buffer format" (Documentation/driver-api/early-userspace).
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vmie_images.compression import zstandard
from vmie_images.guest.linux_root import LinuxRoot

SAMPLE = 256 * 1024
"""Bytes of the packed archive that are read: modules lie all over it, and reading it whole costs too much."""
MAX_UNPACKED = 8 << 20
MAX_EARLY_MEMBERS = 32

DRIVERS = {"ena": "ena", "nvme": "nvme", "xen_blkfront": "xen-blkfront", "xen_netfront": "xen-netfront"}
"""Drivers that EC2 needs, by the names of their modules, with - for _."""

_MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"070701", "cpio"),
    (b"070702", "cpio"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"BZh", "bzip2"),
    (b"\x5d\0\0", "lzma"),
    (b"\x89LZO\0\r\n\x1a\n", "lzo"),
)


@dataclass
class Initramfs:
    """What is known of an initial file system.

    Attributes:
        path: Where it is in the guest.
        compression: ``gzip``, ``xz``, ``zstd``, ...; ``cpio`` where it is not packed; ``None`` where it is
            nothing known.
        drivers: The drivers of ``DRIVERS`` that were seen in it.
        complete: Whether all of it was seen, so that a driver that was not is not there.
        damage: Why it cannot be read; ``None`` where nothing speaks against it.
    """

    path: str
    compression: str | None = None
    drivers: set[str] = field(default_factory=set)
    complete: bool = False
    damage: str | None = None


def read_initramfs(root: LinuxRoot, path: str) -> Initramfs | None:
    """Look at an initial file system; ``None`` where there is no file."""
    node = root.find(path)
    if node is None:
        return None
    found = Initramfs(path)
    start = _skip_early(root, path, node.size)
    sample = root.content(path, start, SAMPLE)
    found.compression = next((name for magic, name in _MAGICS if sample.startswith(magic)), None)
    if not sample:
        found.damage = "the file is empty"
    elif found.compression is None:
        found.damage = f"it starts with {sample[:6].hex()}, which is no cpio archive and no compression"
    else:
        _look_inside(found, sample, whole=start + len(sample) >= node.size)
    return found


def _skip_early(root: LinuxRoot, path: str, size: int) -> int:
    """Where the main archive starts: microcode may come first, in an archive that is not packed."""
    at = 0
    for _ in range(MAX_EARLY_MEMBERS):
        header = root.content(path, at, 512)
        member = _member(header, 0)
        if member is None:
            return at
        name, end = member
        if not name.startswith(("kernel", "early", ".", "TRAILER!!!")):
            return 0
        at += end
        if name == "TRAILER!!!":
            break
    while at < size:
        padding = root.content(path, at, 4096)
        rest = padding.lstrip(b"\0")
        if rest:
            return at + len(padding) - len(rest)
        at += len(padding) or size
    return 0


def _member(data: bytes, at: int) -> tuple[str, int] | None:
    """Name and end of the member of a "newc" archive whose header is here; ``None`` where there is none."""
    header = data[at : at + 110]
    if len(header) < 110 or not re.fullmatch(rb"07070[12][0-9A-Fa-f]{104}", header):
        return None
    size, name_size = int(header[54:62], 16), int(header[94:102], 16)
    name = data[at + 110 : at + 110 + name_size].split(b"\0", 1)[0].decode("utf-8", "replace")
    content = at + (110 + name_size + 3) // 4 * 4
    return name, content + (size + 3) // 4 * 4


def _look_inside(found: Initramfs, sample: bytes, whole: bool) -> None:
    unpack = _unpackers().get(found.compression or "")
    if unpack is None:
        return
    try:
        archive = unpack(sample)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        found.damage = f"its {found.compression} stream is damaged ({error})"
        return
    at, ended = 0, False
    while (member := _member(archive, at)) is not None:
        name, at = member
        if name == "TRAILER!!!":
            ended = True
            break
        _note(found, name)
    if at == 0:
        found.damage = f"its {found.compression} stream holds no cpio archive"
    found.complete = ended and whole


def _note(found: Initramfs, name: str) -> None:
    stem = name.rpartition("/")[2].split(".ko", 1)[0].replace("-", "_")
    if ".ko" in name and stem in DRIVERS:
        found.drivers.add(stem)


def _unpackers() -> dict[str, Callable[[bytes], bytes]]:
    """How to unpack the start of each kind of stream; what this Python cannot unpack is missing."""

    def gunzip(data: bytes) -> bytes:
        return zlib.decompressobj(wbits=31).decompress(data, MAX_UNPACKED)

    def limited(make: Callable[[], Any]) -> Callable[[bytes], bytes]:
        return lambda data: bytes(make().decompress(data, max_length=MAX_UNPACKED))

    known: dict[str, Callable[[bytes], bytes]] = {
        "cpio": lambda data: data,
        "gzip": gunzip,
        "xz": limited(lambda: lzma.LZMADecompressor(memlimit=64 << 20)),
        "lzma": limited(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=64 << 20)),
        "bzip2": limited(bz2.BZ2Decompressor),
    }
    module = zstandard()
    if module is not None:
        known["zstd"] = limited(module.ZstdDecompressor)
    return known
