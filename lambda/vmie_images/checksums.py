"""CRC-32C (Castagnoli), which the standard library lacks. CRC-32 is ``zlib.crc32``."""

from __future__ import annotations

from vmie_images.budget import work


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_TABLE = _table()


def crc32c(data: bytes, seed: int = 0xFFFFFFFF) -> int:
    """The CRC-32C register after ``data``, not complemented; complement it for the usual checksum."""
    work(over=64 * len(data))  # in a loop of Python
    value = seed
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value
