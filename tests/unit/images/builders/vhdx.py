"""VHDX files, in memory."""

from __future__ import annotations

import struct
import uuid

from vmie_images.checksums import crc32c

KIB, MIB = 1 << 10, 1 << 20
BAT = uuid.UUID("2dc27766-f623-4200-9d64-115e9bfd4a08")
METADATA = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e")
ITEMS = (
    "caa16737-fa36-4d43-b3b6-33f0aa44e76b",
    "2fa54224-cd1b-4876-b211-5dbed83bf4b8",
    "8141bf1d-a96f-4709-ba47-f233a8faab5f",
)


def _with_crc(structure: bytes) -> bytes:
    return structure[:4] + struct.pack("<I", crc32c(structure) ^ 0xFFFFFFFF) + structure[8:]


def header(sequence: int, log: bytes = bytes(16)) -> bytes:
    """One of the two headers; a log GUID that is not zero makes the log dirty."""
    fields = struct.pack(
        "<4sIQ16s16s16sHHIQ", b"head", 0, sequence, b"f" * 16, b"d" * 16, log, 0, 1, MIB, MIB
    )
    return _with_crc(fields.ljust(4 * KIB, b"\0"))


def vhdx(disk: bytes, flags: int = 0, log: bytes = bytes(16), sector: int = 512) -> bytes:
    """A VHDX with blocks of 1 MiB; flags 1 is fixed, 2 differencing."""
    count = -(-len(disk) // MIB)
    regions = struct.pack("<4sIII", b"regi", 0, 2, 0)
    regions += struct.pack("<16sQII", BAT.bytes_le, 3 * MIB, MIB, 1)
    regions += struct.pack("<16sQII", METADATA.bytes_le, 2 * MIB, MIB, 1)
    table = _with_crc(regions.ljust(64 * KIB, b"\0"))
    values = (struct.pack("<II", MIB, flags), struct.pack("<Q", len(disk)), struct.pack("<I", sector))
    metadata, items, place = struct.pack("<8sHH20x", b"metadata", 0, len(values)), b"", 64 * KIB
    for name, value in zip(ITEMS, values, strict=True):
        metadata += struct.pack("<16sIIII", uuid.UUID(name).bytes_le, place + len(items), len(value), 4, 0)
        items += value
    entries, blocks = [], []
    for index in range(count):
        data = disk[index * MIB : (index + 1) * MIB]
        present = any(data) or flags & 1
        entries.append(((4 + len(blocks)) << 20) | 6 if present else 0)
        if present:
            blocks.append(data.ljust(MIB, b"\0"))
    front = b"vhdxfile".ljust(64 * KIB, b"\0") + header(1, log).ljust(64 * KIB, b"\0")
    front += header(2, log).ljust(64 * KIB, b"\0") + table + table
    body = front.ljust(2 * MIB, b"\0") + (metadata.ljust(64 * KIB, b"\0") + items).ljust(MIB, b"\0")
    return body + struct.pack(f"<{count}Q", *entries).ljust(MIB, b"\0") + b"".join(blocks)
