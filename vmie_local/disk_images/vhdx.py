"""VHDX metadata (Microsoft's [MS-VHDX])."""

from __future__ import annotations

import struct
import uuid

from vmie_local.disk_images.errors import DiskTooLargeError, UnsupportedFormatError
from vmie_local.disk_images.region import FileRegion

_SIGNATURE = b"vhdxfile"
_REGION_TABLES = (192 << 10, 256 << 10)
_METADATA_REGION = uuid.UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E").bytes_le
_FILE_PARAMETERS = uuid.UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B").bytes_le
_VIRTUAL_DISK_SIZE = uuid.UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8").bytes_le
_HAS_PARENT = 2
_MAX_ENTRIES = 2047
_MAX_SIZE = 64 << 40
"""The largest VHDX: 64 TiB ([MS-VHDX] 2.6.2.2)."""


def has_signature(head: bytes) -> bool:
    """Whether a file begins as a VHDX."""
    return head.startswith(_SIGNATURE)


def check(region: FileRegion) -> int:
    """The bytes that the guest sees.

    Raises:
        UnsupportedFormatError: If the metadata is damaged or the disk is a difference to another one.
        DiskTooLargeError: If the size is above what a VHDX may have.
    """
    items = _metadata_items(region)
    parameters, size_item = items.get(_FILE_PARAMETERS, b""), items.get(_VIRTUAL_DISK_SIZE, b"")
    if len(parameters) < 8 or len(size_item) < 8:
        raise UnsupportedFormatError(f"{region.name} has no VHDX metadata")
    if struct.unpack_from("<I", parameters, 4)[0] & _HAS_PARENT:
        raise UnsupportedFormatError(f"{region.name} is a difference to another disk")
    (size,) = struct.unpack_from("<Q", size_item)
    if not 0 < size <= _MAX_SIZE:
        raise DiskTooLargeError(f"{region.name} announces {size} bytes")
    return int(size)


def _metadata_items(region: FileRegion) -> dict[bytes, bytes]:
    for table_at in _REGION_TABLES:
        table = region.read(table_at, 64 << 10)
        if not table.startswith(b"regi"):
            continue
        (count,) = struct.unpack_from("<I", table, 8)
        for entry in range(min(count, _MAX_ENTRIES)):
            guid, offset, length, _ = struct.unpack_from("<16sQII", table, 16 + entry * 32)
            if guid == _METADATA_REGION:
                return _items_of(region, offset, length)
    return {}


def _items_of(region: FileRegion, offset: int, length: int) -> dict[bytes, bytes]:
    table = region.read(offset, 64 << 10)
    if len(table) < 64 << 10 or not table.startswith(b"metadata"):
        return {}
    (count,) = struct.unpack_from("<H", table, 10)
    found = {}
    for entry in range(min(count, _MAX_ENTRIES)):
        guid, item_at, item_length = struct.unpack_from("<16sII", table, 32 + entry * 32)
        if item_at + item_length <= length:
            found[guid] = region.read(offset + item_at, min(item_length, 1024))
    return found
