"""VMDK headers (VMware's "Virtual Disk Format 5.0")."""

from __future__ import annotations

import re
import struct

from vmie_local.disk_images.errors import CorruptStreamError, UnsupportedVmdkError
from vmie_local.disk_images.region import FileRegion

SECTOR = 512
_SPARSE_MAGIC = b"KDMV"
_COWD_MAGIC = b"COWD"
_SESPARSE_MAGIC = struct.pack("<Q", 0x00000000CAFEBABE)
_HEADER = struct.Struct("<4sIIQQQQIQQQ?4sH")
_COMPRESSED_GRAINS, _MARKERS = 1 << 16, 1 << 17
_GRAIN_DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
_MAX_DESCRIPTOR = 1 << 20
_MAX_CAPACITY = (1 << 50) // SECTOR
_DEFLATE = 1


def kind(head: bytes) -> str | None:
    """Which sort of VMDK a file begins like: `sparse`, `text`, `SEsparse`, `COWD`, or None if it is none."""
    if head.startswith(_SPARSE_MAGIC):
        return "sparse"
    if head.startswith(_COWD_MAGIC):
        return "COWD"
    if head.startswith(_SESPARSE_MAGIC):
        return "SEsparse"
    return "text" if head.lstrip()[:21].lower() == b"# disk descriptorfile" else None


def check_stream_optimized(region: FileRegion) -> int:
    """The bytes that the guest sees of a stream-optimized VMDK.

    The header and the embedded descriptor decide. The checks also keep `qemu-img` from following a path: it
    opens an embedded descriptor's extents where the capacity is 0, and its parent where one is named.

    Raises:
        UnsupportedVmdkError: If it is another kind of VMDK.
        CorruptStreamError: If the file ends before its own tables or its footer.
    """
    header = region.read(0, SECTOR)
    if kind(header) != "sparse" or len(header) < SECTOR:
        raise UnsupportedVmdkError(f"{region.name} is a {kind(header)} VMDK")
    fields = _HEADER.unpack_from(header)
    _, version, flags, capacity, grain, descriptor_at, descriptor_size, _, _, directory_at = fields[:10]
    if version not in (1, 2, 3) or flags & (_COMPRESSED_GRAINS | _MARKERS) != _COMPRESSED_GRAINS | _MARKERS:
        raise UnsupportedVmdkError(f"{region.name} is a sparse VMDK without compressed grains")
    if fields[13] != _DEFLATE or not 0 < capacity <= _MAX_CAPACITY or not 0 < grain <= 2048:
        raise UnsupportedVmdkError(f"{region.name} has a header with impossible values")
    _check_descriptor(region, descriptor_at * SECTOR, descriptor_size * SECTOR)
    if directory_at == _GRAIN_DIRECTORY_AT_END:
        directory_at = _directory_of_footer(region, capacity)
    if not 0 < directory_at * SECTOR < region.size:
        raise CorruptStreamError(f"{region.name} ends before its grain directory")
    return int(capacity) * SECTOR


def _check_descriptor(region: FileRegion, offset: int, size: int) -> None:
    if not 0 < size <= _MAX_DESCRIPTOR:
        raise UnsupportedVmdkError(f"{region.name} has no embedded descriptor")
    text = region.read(offset, size).split(b"\0", 1)[0].decode("latin-1")
    settings = {
        match[1].lower(): match[2].strip().strip('"')
        for match in re.finditer(r"^\s*([A-Za-z]+)\s*=\s*(.*)$", text, re.MULTILINE)
    }
    if settings.get("createtype", "").lower() != "streamoptimized":
        raise UnsupportedVmdkError(f"{region.name} has the createType {settings.get('createtype')!r}")
    if settings.get("parentcid", "ffffffff").lower() != "ffffffff" or "parentfilenamehint" in settings:
        raise UnsupportedVmdkError(f"{region.name} is a difference to another disk")


def _directory_of_footer(region: FileRegion, capacity: int) -> int:
    """The grain directory's sector of the footer: the header again, before the end-of-stream marker."""
    footer = region.read(region.size - 2 * SECTOR, SECTOR)
    if len(footer) < SECTOR or kind(footer) != "sparse":
        raise CorruptStreamError(f"{region.name} ends without its footer")
    fields = _HEADER.unpack_from(footer)
    if fields[3] != capacity or fields[9] == _GRAIN_DIRECTORY_AT_END:
        raise CorruptStreamError(f"{region.name} has a footer that contradicts its header")
    return int(fields[9])
