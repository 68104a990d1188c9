"""Raw disks with a partition table, in memory."""

from __future__ import annotations

import struct
import uuid
import zlib

SECTOR = 512
MIB = 1 << 20
LINUX_GUID = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
ESP_GUID = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")


def mbr_record(*entries: tuple[int, int, int], active: int = 0) -> bytes:
    """A boot record of (type, first sector, sectors); ``active`` counts from 0."""
    record = bytearray(SECTOR)
    record[:2] = b"\xeb\xfe"
    for slot, (kind, start, sectors) in enumerate(entries):
        status = 0x80 if slot == active else 0
        struct.pack_into("<B3xB3xII", record, 446 + 16 * slot, status, kind, start, sectors)
    record[510:] = b"\x55\xaa"
    return bytes(record)


def mbr_disk(size: int = 8 * MIB, contents: dict[int, bytes] | None = None) -> bytes:
    """A disk with one Linux partition from 1 MiB to its end; ``contents`` maps offsets to bytes."""
    disk = bytearray(size)
    disk[:SECTOR] = mbr_record((0x83, 2048, size // SECTOR - 2048))
    for offset, data in (contents or {}).items():
        disk[offset : offset + len(data)] = data
    return bytes(disk)


def gpt_disk(
    size: int = 8 * MIB,
    partitions: tuple[tuple[uuid.UUID, int, int, str], ...] = ((LINUX_GUID, 2048, 4095, "root"),),
    sector: int = SECTOR,
) -> bytearray:
    """A disk with both copies of a GPT of (type, first sector, last sector, name)."""
    disk = bytearray(size)
    last = size // sector - 1
    disk[:SECTOR] = mbr_record((0xEE, 1, last), active=9)
    entries = b"".join(
        struct.pack(
            "<16s16sQQQ72s",
            kind.bytes_le,
            uuid.UUID(int=n + 1).bytes_le,
            first,
            end,
            0,
            name.encode("utf-16-le"),
        )
        for n, (kind, first, end, name) in enumerate(partitions)
    ).ljust(128 * 128, b"\0")
    table = len(entries) // sector
    for here, there, place in ((1, last, 2), (last, 1, last - table)):
        header = _gpt_header(here, there, place, last, entries)
        disk[here * sector : here * sector + len(header)] = header
        disk[place * sector : place * sector + len(entries)] = entries
    return disk


def _gpt_header(here: int, there: int, place: int, last: int, entries: bytes) -> bytes:
    guid = uuid.UUID(int=0xD15C).bytes_le
    fields = (
        b"EFI PART",
        0x10000,
        92,
        0,
        0,
        here,
        there,
        34,
        last - 33,
        guid,
        place,
        128,
        128,
        zlib.crc32(entries),
    )
    header = struct.pack("<8sIIIIQQQQ16sQIII", *fields)
    return header[:16] + struct.pack("<I", zlib.crc32(header)) + header[20:]
