"""The initial file system of a Linux guest: whether it can be read, and which drivers it holds.

Source: the Linux kernel's "initramfs buffer format" (Documentation/driver-api/early-userspace).
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vmie_images.budget import work
from vmie_images.compression import INFLATE_ERRORS, inflater, zstandard, zstandard_decompressor
from vmie_images.guest.cpio import TRAILER, CpioNames
from vmie_images.guest.linux_root import LinuxRoot

SAMPLE = 32 * 1024
"""Bytes of the packed archive that are read unless told otherwise: enough to see that it unpacks. Its
modules lie all over it, and reading it whole costs more than the rest of an inspection."""
MAX_ARCHIVES = 4
"""Archives of one initial file system that are read: Ubuntu puts firmware and modules, which are packed one
by one, into a plain one before the packed one."""
MAX_UNPACKED = 512 << 20
MAX_RATIO = 64
"""Bytes that are unpacked for each byte that is read: drivers and programs pack to a third or a fifth."""
_CHUNK = 256 * 1024
_PIECE = 1 << 20
_MAX_EARLY_MEMBERS = 32
_MAX_PADDING = 1 << 20
_MEMORY = 40 << 20

DRIVERS = frozenset({"ena", "nvme", "xen_blkfront", "xen_netfront"})
"""Drivers that EC2 needs, by the names of their modules."""

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
_DAMAGE: tuple[type[Exception], ...] = (*INFLATE_ERRORS, ValueError)
_Unpacker = Callable[[bytes], Iterator[bytes]]


@dataclass
class Initramfs:
    """What is known of an initial file system.

    Attributes:
        path: Where it is in the guest.
        compression: ``gzip``, ``xz``, ``zstd``, ...; ``cpio`` where it is not packed; ``None`` where unknown.
        drivers: Those of ``DRIVERS`` that were seen in it.
        complete: Whether all of it was seen, so that a driver that was not is not there.
        damage: Why it cannot be read; ``None`` where nothing speaks against it.
    """

    path: str
    compression: str | None = None
    drivers: set[str] = field(default_factory=set)
    complete: bool = False
    damage: str | None = None


def read_initramfs(root: LinuxRoot, path: str, limit: int = SAMPLE) -> Initramfs | None:
    """Look at an initial file system; ``None`` where there is no file.

    Args:
        root: The guest.
        path: Where the file is.
        limit: Bytes of the packed archive to read.
    """
    node = root.find(path)
    if node is None:
        return None
    found = Initramfs(path)
    start: int | None = _skip_early(root, path)
    for number in range(MAX_ARCHIVES):
        if start is None:
            break
        mark = root.content(path, start, 16)
        compression = next((name for magic, name in _MAGICS if mark.startswith(magic)), None)
        if compression is None:
            found.complete = False
            if not number:
                start_of_it = f"it starts with {mark[:6].hex()}, which is no cpio archive and no compression"
                found.damage = start_of_it if mark else "the file is empty"
            break
        start = _read_archive(found, root, compression, start, min(node.size, start + limit))
    return found


def _read_archive(found: Initramfs, root: LinuxRoot, compression: str, start: int, end: int) -> int | None:
    """Read one of the archives that an initial file system is made of; where the next one begins, if it does.

    Only behind one that is not packed is it known where the next may begin.
    """
    found.compression, found.complete = compression, False
    unpack = _unpacker(compression)
    names = _look_inside(found, root, unpack, start, end) if unpack is not None else None
    if names is None or compression != "cpio" or not names.ended:
        return None
    return _after_padding(root, found.path, start + names.consumed) or None


def _skip_early(root: LinuxRoot, path: str) -> int:
    """Where the main archive starts: microcode may come first, in an archive that is not packed."""
    at = 0
    for _ in range(_MAX_EARLY_MEMBERS):
        names = CpioNames()
        names.feed(root.content(path, at, 512))
        name = names.names[0] if names.names else TRAILER if names.ended else ""
        if not name.startswith(("kernel", "early", ".", TRAILER)):
            return 0
        at += _first_member_end(root.content(path, at, 110))
        if name == TRAILER:
            return _after_padding(root, path, at)
    return 0


def _first_member_end(header: bytes) -> int:
    size, name_size = int(header[54:62], 16), int(header[94:102], 16)
    return (110 + name_size + 3) // 4 * 4 + (size + 3) // 4 * 4


def _after_padding(root: LinuxRoot, path: str, at: int) -> int:
    for start in range(at, at + _MAX_PADDING, 4096):
        piece = root.content(path, start, 4096)
        rest = piece.lstrip(b"\0")
        if rest:
            return start + len(piece) - len(rest)
        if not piece:
            return 0
    return 0


def _look_inside(
    found: Initramfs, root: LinuxRoot, unpack: _Unpacker, start: int, end: int
) -> CpioNames | None:
    """The names in an archive, as far as it was read; ``None`` where it cannot be unpacked."""
    names, unpacked, at = CpioNames(), 0, start
    most = min(MAX_UNPACKED, _PIECE + MAX_RATIO * (end - start))
    try:
        while at < end and not names.ended and unpacked < most:
            packed = root.content(found.path, at, min(_CHUNK, end - at))
            if not packed:
                break
            at += len(packed)
            for plain in unpack(packed):
                unpacked += len(plain)
                names.feed(plain)
                work(over=len(plain))
                if names.damaged or names.ended or unpacked > most:
                    break
            if names.damaged:
                break
    except _DAMAGE as error:
        found.damage = f"its {found.compression} stream is damaged ({error})"
        return None
    if names.damaged:
        found.damage = f"its {found.compression} stream holds no whole cpio archive"
    for name in names.names:
        module = name.rpartition("/")[2]
        stem = module.split(".ko", 1)[0].replace("-", "_")
        if ".ko" in module and stem in DRIVERS:
            found.drivers.add(stem)
    found.complete = names.ended and not names.cut
    return names


def _unpacker(compression: str) -> _Unpacker | None:
    """Unpacks a stream piece by piece, in pieces of bounded size; ``None`` where this Python cannot."""
    if compression == "cpio":
        return lambda data: iter([data])
    if compression == "gzip":
        return _inflating(inflater(wbits=31))
    if compression == "xz":
        return _decompressing(lzma.LZMADecompressor(memlimit=_MEMORY))
    if compression == "lzma":
        return _decompressing(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY))
    if compression == "bzip2":
        return _decompressing(bz2.BZ2Decompressor())
    if compression == "zstd" and (module := zstandard()) is not None:
        return _decompressing(zstandard_decompressor(module), module.ZstdError)
    return None


def _inflating(decompressor: Any) -> _Unpacker:
    def pieces(data: bytes) -> Iterator[bytes]:
        while data and not decompressor.eof:
            yield decompressor.decompress(data, _PIECE)
            data = decompressor.unconsumed_tail

    return pieces


def _decompressing(decompressor: Any, failure: type[Exception] = OSError) -> _Unpacker:
    """For the decompressors of bz2, lzma and Zstandard, which keep what they have not unpacked yet."""

    def pieces(data: bytes) -> Iterator[bytes]:
        while not decompressor.eof and (data or not decompressor.needs_input):
            try:
                plain = decompressor.decompress(data, max_length=_PIECE)
            except (lzma.LZMAError, failure) as error:
                if "memory" in str(error).lower():
                    return  # it asks for more memory than an inspection has, which says nothing against it
                raise ValueError(str(error)) from None
            yield plain
            data = b""

    return pieces
