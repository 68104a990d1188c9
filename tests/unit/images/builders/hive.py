"""Registry hives, in memory."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

Tree = Mapping[str, Any]
"""Subkeys are mappings; values are strings, numbers, bytes, or lists of strings."""
_NONE = 0xFFFFFFFF


def hive(tree: Tree, listing: bytes = b"lh", dirty: bool = False) -> bytes:
    """A hive; its lists of keys are of the kind ``lh``, ``lf``, ``li`` or, over parts, ``ri``."""
    writer = _Writer(listing)
    root = writer.key("ROOT", tree, root=True)
    bins = bytes(writer.cells)
    size = -(-(len(bins) + 32) // 4096) * 4096
    free = size - 32 - len(bins)
    bins += struct.pack("<i", free).ljust(free, b"\0") if free else b""
    first = struct.pack("<4sII8xQI", b"hbin", 0, size, 0, 0)
    fields = (b"regf", 2 if dirty else 1, 1, 0, 1, 5, 0, 1, root, size, 1)
    header = struct.pack("<4sIIQIIIIIII", *fields).ljust(508, b"\0")
    checksum = 0
    for (word,) in struct.iter_unpack("<I", header):
        checksum ^= word
    return (header + struct.pack("<I", checksum)).ljust(4096, b"\0") + first + bins


class _Writer:
    def __init__(self, listing: bytes) -> None:
        self.cells = bytearray()
        self._listing = listing

    def _cell(self, content: bytes) -> int:
        size = (4 + len(content) + 7) // 8 * 8
        place = 32 + len(self.cells)
        self.cells += struct.pack("<i", -size) + content.ljust(size - 4, b"\0")
        return place

    def key(self, name: str, tree: Tree, root: bool = False) -> int:
        keys = sorted((key for key, value in tree.items() if isinstance(value, Mapping)), key=str.upper)
        values = [(key, value) for key, value in tree.items() if not isinstance(value, Mapping)]
        subkeys = [(key, self.key(key, tree[key])) for key in keys]
        listed = self._list(subkeys) if subkeys else _NONE
        places = [self._value(key, value) for key, value in values]
        value_list = self._cell(struct.pack(f"<{len(places)}I", *places)) if places else _NONE
        fields = (
            b"nk",
            0x2C if root else 0x20,
            0,
            0,
            _NONE,
            len(subkeys),
            0,
            listed,
            _NONE,
            len(values),
            value_list,
        )
        data = struct.pack("<2sHQIIIIIIII", *fields) + struct.pack("<II", _NONE, _NONE)
        data += struct.pack("<IIIIIHH", 0, 0, 0, 0, 0, len(name), 0) + name.encode("latin-1")
        return self._cell(data)

    def _list(self, subkeys: list[tuple[str, int]]) -> int:
        if self._listing == b"ri":
            half = len(subkeys) // 2
            parts = [self._plain(part) for part in (subkeys[:half], subkeys[half:]) if part]
            return self._cell(struct.pack(f"<2sH{len(parts)}I", b"ri", len(parts), *parts))
        if self._listing == b"li":
            return self._plain(subkeys)
        entries = b"".join(struct.pack("<II", place, self._hint(name)) for name, place in subkeys)
        return self._cell(struct.pack("<2sH", self._listing, len(subkeys)) + entries)

    def _plain(self, subkeys: list[tuple[str, int]]) -> int:
        entries = b"".join(struct.pack("<I", place) for _, place in subkeys)
        return self._cell(struct.pack("<2sH", b"li", len(subkeys)) + entries)

    def _hint(self, name: str) -> int:
        if self._listing == b"lf":
            return int.from_bytes(name.encode("latin-1")[:4].ljust(4, b"\0"), "little")
        value = 0
        for character in name.upper():
            value = (value * 37 + ord(character)) & 0xFFFFFFFF
        return value

    def _value(self, name: str, value: Any) -> int:
        kind, data = _encoded(value)
        if len(data) <= 4:
            size, place = len(data) | 0x80000000, int.from_bytes(data.ljust(4, b"\0"), "little")
        else:
            size, place = len(data), self._cell(data)
        fields = (b"vk", len(name), size, place, kind, 1, 0)
        return self._cell(struct.pack("<2sHIIIHH", *fields) + name.encode("latin-1"))


def _encoded(value: Any) -> tuple[int, bytes]:
    if isinstance(value, str):
        return 1, f"{value}\0".encode("utf-16-le")
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, list):
        return 7, ("".join(f"{part}\0" for part in value) + "\0").encode("utf-16-le")
    return 3, bytes(value)
