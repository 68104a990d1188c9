"""A stream-optimized VMDK in the layout of VMware's own tools, out of one in qemu-img's.

qemu-img puts the grain directory and every grain table in front. VMware, which writes a stream, can only put
them behind the grains that they list, with a footer that says where. The grains themselves stay as they are.
Source: VMware's "Virtual Disk Format 5.0".
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from scripts.corpus.commands import SECTOR

_AT_END = 0xFFFFFFFFFFFFFFFF
_END_OF_STREAM, _GRAIN_TABLE, _GRAIN_DIRECTORY, _FOOTER = range(4)
_OVERHEAD = 128
"""Sectors before the first grain."""


def move_directory_to_end(stream: Path, target: Path) -> None:
    """Write ``stream`` anew with its directory at the end.

    Raises:
        ValueError: It is no stream-optimized VMDK with its directory in front.
    """
    with stream.open("rb") as source, target.open("wb") as output:
        header = bytearray(source.read(SECTOR))
        magic, _, flags, capacity, grain, text_at, text_size, entries = struct.unpack_from(
            "<4sIIQQQQI", header
        )
        (directory,) = struct.unpack_from("<Q", header, 56)
        if magic != b"KDMV" or not flags & (1 << 17) or directory == _AT_END:
            raise ValueError(f"{stream} is no stream-optimized VMDK with its grain directory in front")
        source.seek(text_at * SECTOR)
        text = source.read(text_size * SECTOR)
        tables = _words(source, directory, -(-capacity // (grain * entries)))
        struct.pack_into("<QQQ", header, 48, 0, _AT_END, _OVERHEAD)
        output.write((bytes(header) + text).ljust(_OVERHEAD * SECTOR, b"\0"))
        moved = [_move_table(source, output, table, entries) for table in tables]
        _finish(output, bytes(header), moved)


def _words(source: BinaryIO, sector: int, count: int) -> tuple[int, ...]:
    source.seek(sector * SECTOR)
    return struct.unpack(f"<{count}I", source.read(4 * count))


def _move_table(source: BinaryIO, output: BinaryIO, table: int, entries: int) -> int:
    """Copy the grains of a table, then the table; its new sector, 0 where it lists none."""
    listed = list(_words(source, table, entries)) if table else [0]
    if not any(listed):
        return 0
    for index, sector in enumerate(listed):
        if sector > 1:
            source.seek(sector * SECTOR)
            marker = source.read(12)
            (length,) = struct.unpack_from("<I", marker, 8)
            listed[index] = output.tell() // SECTOR
            _put(output, marker + source.read(length))
    _mark(output, _GRAIN_TABLE, entries * 4 // SECTOR)
    place = output.tell() // SECTOR
    _put(output, struct.pack(f"<{entries}I", *listed))
    return place


def _finish(output: BinaryIO, header: bytes, directory: list[int]) -> None:
    content = struct.pack(f"<{len(directory)}I", *directory)
    _mark(output, _GRAIN_DIRECTORY, -(-len(content) // SECTOR))
    place = output.tell() // SECTOR
    _put(output, content)
    _mark(output, _FOOTER, 1)
    footer = bytearray(header)
    struct.pack_into("<Q", footer, 56, place)
    _put(output, bytes(footer))
    _mark(output, _END_OF_STREAM, 0)


def _mark(output: BinaryIO, kind: int, sectors: int) -> None:
    _put(output, struct.pack("<QII", sectors, 0, kind))


def _put(output: BinaryIO, data: bytes) -> None:
    output.write(data + bytes(-len(data) % SECTOR))
