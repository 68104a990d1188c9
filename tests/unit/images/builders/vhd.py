"""VHD files, in memory."""

from __future__ import annotations

import struct

BLOCK = 2 << 20


def footer(size: int, kind: int, data_offset: int = 0xFFFFFFFFFFFFFFFF) -> bytes:
    """A footer of type 2 (fixed), 3 (dynamic) or 4 (differencing)."""
    fields = (b"conectix", 2, 0x10000, data_offset, 0, b"test", 0x10000, b"Wi2k", size, size, 0, 0, 0, kind)
    return _with_sum(struct.pack(">8sIIQI4sI4sQQHBBI", *fields).ljust(512, b"\0"), 64)


def _with_sum(structure: bytes, at: int) -> bytes:
    total = ~sum(structure) & 0xFFFFFFFF
    return structure[:at] + struct.pack(">I", total) + structure[at + 4 :]


def fixed(disk: bytes) -> bytes:
    """A fixed VHD."""
    return disk + footer(len(disk), 2)


def dynamic(disk: bytes, kind: int = 3) -> bytes:
    """A dynamic VHD with blocks of 2 MiB; with ``kind`` 4 it calls itself differencing."""
    end = footer(len(disk), kind, 512)
    count = -(-len(disk) // BLOCK)
    header = struct.pack(">8sQQIII", b"cxsparse", 0xFFFFFFFFFFFFFFFF, 1536, 0x10000, count, BLOCK).ljust(
        1024, b"\0"
    )
    place, table, blocks = 1536 + -(-4 * count // 512) * 512, [], []
    for index in range(count):
        data = disk[index * BLOCK : (index + 1) * BLOCK]
        table.append(place // 512 if any(data) else 0xFFFFFFFF)
        if any(data):
            blocks.append(b"\xff" * 512 + data.ljust(BLOCK, b"\0"))
            place += 512 + BLOCK
    bat = struct.pack(f">{count}I", *table)
    return (
        end + _with_sum(header, 36) + bat.ljust(-(-len(bat) // 512) * 512, b"\xff") + b"".join(blocks) + end
    )
