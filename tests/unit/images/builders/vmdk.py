"""VMDK files, in memory."""

from __future__ import annotations

import io
import struct

from scripts.demo_disk.stream_optimized import write_stream_optimized

SECTOR = 512


def stream_optimized(disk: bytes) -> bytes:
    """A stream-optimized VMDK with its grain directory at the end."""
    output = io.BytesIO()
    write_stream_optimized(io.BytesIO(disk), output, "disk.vmdk")
    return output.getvalue()


def descriptor(kind: str, extents: str = 'RW 16384 SPARSE "disk.vmdk"', parent: str = "ffffffff") -> bytes:
    """A text descriptor."""
    lines = (
        "# Disk DescriptorFile",
        "version=1",
        "CID=fffffffe",
        f"parentCID={parent}",
        f'createType="{kind}"',
    )
    return "\n".join((*lines, "", "# Extent description", extents, "")).encode()


def sparse(disk: bytes, text: bytes | None = None) -> bytes:
    """A hosted sparse extent whose grains are 64 KiB, uncompressed."""
    text = descriptor("monolithicSparse") if text is None else text
    grain, capacity = 128, len(disk) // SECTOR
    tables = -(-capacity // (grain * 512))
    directory = 21
    first_table = directory + 1
    place = -(-(first_table + 4 * tables) // grain) * grain
    entries, grains = [], []
    for index in range(tables * 512):
        data = disk[index * grain * SECTOR : (index + 1) * grain * SECTOR]
        stored = any(data)
        entries.append(place + len(grains) * grain if stored else 0)
        if stored:
            grains.append(data.ljust(grain * SECTOR, b"\0"))
    header = struct.pack(
        "<4sIIQQQQIQQQB4sH", b"KDMV", 1, 1, capacity, grain, 1, 20, 512, 0, directory, place, 0, b"\n \r\n", 0
    )
    places = struct.pack(f"<{tables}I", *(first_table + 4 * table for table in range(tables)))
    front = header.ljust(SECTOR, b"\0") + text.ljust(20 * SECTOR, b"\0") + places.ljust(SECTOR, b"\0")
    front += struct.pack(f"<{len(entries)}I", *entries)
    return front.ljust(place * SECTOR, b"\0") + b"".join(grains)
