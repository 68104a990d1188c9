"""Writes a raw disk as a stream-optimized VMDK, in the layout of VMware's own tools.

Source: VMware's "Virtual Disk Format 5.0". Grains come in order, each behind its marker; grain tables, grain
directory and a footer follow them, because a writer of a stream knows their places only then. Where
nothing is stored there is no grain, and where a grain table would be empty there is none.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

SECTOR = 512
GRAIN = 128 * SECTOR
ENTRIES = 512
_DESCRIPTOR_SECTORS = 20
_OVERHEAD = 1 + _DESCRIPTOR_SECTORS
_DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
_END_OF_STREAM, _GRAIN_TABLE, _GRAIN_DIRECTORY, _FOOTER = range(4)
_NEWLINE_TEST, _COMPRESSED, _MARKERS = 1, 1 << 16, 1 << 17

_DESCRIPTOR = """\
# Disk DescriptorFile
version=1
CID={cid:08x}
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW {sectors} SPARSE "{name}"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "4"
ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.adapterType = "lsilogic"
"""


def write_stream_optimized(disk: BinaryIO, output: BinaryIO, name: str, cid: int = 0x0D15C0DE) -> None:
    """Write a raw disk as a stream-optimized VMDK.

    Args:
        disk: The raw disk; its length is a whole number of sectors.
        output: Where the VMDK goes; it is only appended to.
        name: The file name that the descriptor gives its one extent.
        cid: The content id. Default: a constant, so that the same disk gives the same file.

    Raises:
        ValueError: The disk is empty or no whole number of sectors.
    """
    size = disk.seek(0, 2)
    disk.seek(0)
    if size == 0 or size % SECTOR:
        raise ValueError(f"a disk of {size} bytes; a VMDK holds a whole number of {SECTOR}-byte sectors")
    writer = _Writer(output, size // SECTOR)
    writer.put(writer.header(_DIRECTORY_AT_END))
    text = _DESCRIPTOR.format(
        cid=cid, sectors=size // SECTOR, name=name, cylinders=size // (255 * 63 * SECTOR)
    )
    writer.put(text.encode("ascii").ljust(_DESCRIPTOR_SECTORS * SECTOR, b"\0"))
    table = [0] * ENTRIES
    for index in range(-(-size // GRAIN)):
        data = disk.read(GRAIN)
        if data.strip(b"\0"):
            table[index % ENTRIES] = writer.sector
            packed = zlib.compress(data.ljust(GRAIN, b"\0"), 9)
            writer.put(struct.pack("<QI", index * (GRAIN // SECTOR), len(packed)) + packed)
        if index % ENTRIES == ENTRIES - 1:
            writer.put_table(table)
            table = [0] * ENTRIES
    if size % (GRAIN * ENTRIES):
        writer.put_table(table)
    writer.finish()


class _Writer:
    def __init__(self, output: BinaryIO, capacity: int) -> None:
        self._output = output
        self._capacity = capacity
        self._directory: list[int] = []
        self.sector = 0

    def put(self, data: bytes) -> None:
        data += b"\0" * (-len(data) % SECTOR)
        self._output.write(data)
        self.sector += len(data) // SECTOR

    def put_table(self, table: list[int]) -> None:
        if not any(table):
            self._directory.append(0)
            return
        self._mark(_GRAIN_TABLE, ENTRIES * 4 // SECTOR)
        self._directory.append(self.sector)
        self.put(struct.pack(f"<{ENTRIES}I", *table))

    def finish(self) -> None:
        self._mark(_GRAIN_DIRECTORY, -(-len(self._directory) * 4 // SECTOR))
        place = self.sector
        self.put(struct.pack(f"<{len(self._directory)}I", *self._directory))
        self._mark(_FOOTER, 1)
        self.put(self.header(place))
        self._mark(_END_OF_STREAM, 0)

    def _mark(self, kind: int, sectors: int) -> None:
        self.put(struct.pack("<QII", sectors, 0, kind))

    def header(self, directory: int) -> bytes:
        flags = _NEWLINE_TEST | _COMPRESSED | _MARKERS
        grain = GRAIN // SECTOR
        places = (1, _DESCRIPTOR_SECTORS, ENTRIES, 0, directory, _OVERHEAD)
        fields = struct.pack("<4sIIQQQQIQQQ", b"KDMV", 3, flags, self._capacity, grain, *places)
        return fields + struct.pack("<B4sH", 0, b"\n \r\n", 1)
