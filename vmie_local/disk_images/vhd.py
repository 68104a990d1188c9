"""VHD footers (Microsoft's "Virtual Hard Disk Image Format Specification" 1.0)."""

from __future__ import annotations

import struct

from vmie_local.disk_images.errors import DiskTooLargeError, FootersDifferError
from vmie_local.disk_images.region import FileRegion

FOOTER_SIZE = 512
_COOKIE = b"conectix"
_FIXED, _DYNAMIC = 2, 3
_CHECKSUM_AT = 64
_MAX_SIZE = 2040 << 30
"""The largest VHD: 2,040 GiB (the specification's limit)."""


def has_signature(region: FileRegion) -> bool:
    """Whether a file is a VHD: a footer at its end, or the copy of one at its beginning."""
    return _footer(region).startswith(_COOKIE) or is_dynamic(region)


def is_dynamic(region: FileRegion) -> bool:
    """Whether a file begins with the copy of a footer, as dynamic and differencing disks do."""
    return region.read(0, len(_COOKIE)) == _COOKIE


def check(region: FileRegion) -> int:
    """The bytes that the guest sees of a fixed or dynamic VHD.

    Raises:
        FootersDifferError: If the footer is missing, damaged or unlike its copy, or the disk a difference.
        DiskTooLargeError: If the size is above what a VHD may have.
    """
    footer = _footer(region)
    if not footer.startswith(_COOKIE) or not _checksum_holds(footer):
        raise FootersDifferError(f"{region.name} has no intact footer at its end")
    (size,) = struct.unpack_from(">Q", footer, 48)
    (disk_type,) = struct.unpack_from(">I", footer, 60)
    if disk_type == _DYNAMIC:
        if region.read(0, FOOTER_SIZE) != footer:
            raise FootersDifferError(f"{region.name} begins with another footer than it ends with")
    elif disk_type != _FIXED:
        raise FootersDifferError(f"{region.name} is a difference to another disk (type {disk_type})")
    elif size > region.size - FOOTER_SIZE:
        raise FootersDifferError(f"{region.name} is shorter than its footer says")
    if not 0 < size <= _MAX_SIZE:
        raise DiskTooLargeError(f"{region.name} announces {size} bytes")
    return int(size)


def _footer(region: FileRegion) -> bytes:
    return region.read(region.size - FOOTER_SIZE, FOOTER_SIZE)


def _checksum_holds(footer: bytes) -> bool:
    (stored,) = struct.unpack_from(">I", footer, _CHECKSUM_AT)
    rest = sum(footer) - sum(footer[_CHECKSUM_AT : _CHECKSUM_AT + 4])
    return bool(stored == ~rest & 0xFFFFFFFF)
