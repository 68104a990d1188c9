"""Keys and values of a Windows registry hive, read by ranges: a SOFTWARE hive has 50 to 150 MB.

Source: the format as Maxim Suhanov's and Timothy Morgan's specifications of "regf" describe it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack

MAX_CELL = 64 * 1024
MAX_KEYS_TRIED = 4000
"""Keys that one hive's look-ups may compare."""
MAX_ENTRIES_TRIED = 1 << 18
"""Entries of lists of keys that one hive's look-ups may pass over, by their hashes for the most part."""
MAX_VALUES = 512
_BINS = 4096
_COMPRESSED_NAME, _COMPRESSED_VALUE = 0x20, 0x1
_STRINGS, _DWORD, _MULTI = (1, 2), 4, 7
_INLINE = 0x80000000

ReadAt = Callable[[int, int], bytes]


class Hive:
    """A registry hive.

    Args:
        read: Reads bytes of the hive's file.

    Raises:
        CorruptImageError: It is no hive.
    """

    def __init__(self, read: ReadAt) -> None:
        self._read = read
        header = read(0, 512)
        if not header.startswith(b"regf"):
            raise CorruptImageError("a registry hive without its mark")
        self.dirty = number("<I", header, 4) != number("<I", header, 8)
        self._root = number("<I", header, 36)
        self._tried = self._passed = 0

    def key(self, path: str) -> Key | None:
        """The key at a path with ``\\`` between its parts; ``None`` where there is none."""
        key: Key | None = Key(self, self.cell(self._root))
        for name in path.split("\\"):
            key = key.subkey(name) if key is not None else None
        return key

    def values(self, path: str) -> dict[str, Any]:
        """The values of the key at a path, by their names in lower case; none where there is no such key."""
        key = self.key(path)
        return {} if key is None else key.values()

    def cell(self, offset: int, limit: int = MAX_CELL) -> bytes:
        """The content of the cell at an offset."""
        size = -unpack("<i", self._read(_BINS + offset, 4))[0]
        if not 4 < size <= 1 << 24:
            raise CorruptImageError(f"a registry cell of {size} bytes")
        return self._read(_BINS + offset + 4, min(size - 4, limit))

    def pass_over(self, entries: int) -> None:
        """Count the entries of a list that is searched."""
        self._passed += entries
        if self._passed > MAX_ENTRIES_TRIED:
            raise CorruptImageError(f"a registry look-up passed over more than {MAX_ENTRIES_TRIED} keys")
        work(entries)

    def spend(self) -> None:
        """Count a key that was looked at."""
        self._tried += 1
        if self._tried > MAX_KEYS_TRIED:
            raise CorruptImageError(f"a registry look-up compared more than {MAX_KEYS_TRIED} keys")


class Key:
    """A key of a hive."""

    def __init__(self, hive: Hive, data: bytes) -> None:
        if not data.startswith(b"nk"):
            raise CorruptImageError("a registry key without its mark")
        self._hive = hive
        self._data = data

    @property
    def name(self) -> str:
        """Its name."""
        flags, length = number("<H", self._data, 2), number("<H", self._data, 72)
        encoding = "latin-1" if flags & _COMPRESSED_NAME else "utf-16-le"
        return self._data[76 : 76 + length].decode(encoding, "replace")

    def subkey(self, name: str) -> Key | None:
        """The key of that name, in any case, below this one; ``None`` where there is none."""
        if not number("<I", self._data, 20):
            return None
        return self._search(number("<I", self._data, 28), name.upper(), 0)

    def _search(self, offset: int, wanted: str, depth: int) -> Key | None:
        listing = self._hive.cell(offset)
        kind, count = unpack("<2sH", listing)
        if kind == b"ri":
            if depth:
                raise CorruptImageError("a registry index of indexes")
            parts = unpack(f"<{count}I", listing, 4)
            if len(set(parts)) < count:
                raise CorruptImageError("a registry index that names one of its lists twice")
            self._hive.pass_over(count)
            found = (self._search(part, wanted, depth + 1) for part in parts)
            return next((key for key in found if key is not None), None)
        if kind not in (b"lf", b"lh", b"li"):
            raise CorruptImageError(f"a registry list of the kind {kind!r}")
        step = 4 if kind == b"li" else 8
        self._hive.pass_over(count)
        for index in range(count):
            at = 4 + step * index
            if kind == b"lh" and number("<I", listing, at + 4) != _hash(wanted):
                continue
            if kind == b"lf" and not _hint_fits(listing[at + 4 : at + 8], wanted):
                continue
            self._hive.spend()
            key = Key(self._hive, self._hive.cell(number("<I", listing, at), 4096))
            if key.name.upper() == wanted:
                return key
        return None

    def values(self) -> dict[str, Any]:
        """Its values by their names in lower case: strings, numbers, lists of strings, or bytes."""
        count = min(number("<I", self._data, 36), MAX_VALUES)
        if not count:
            return {}
        listing = self._hive.cell(number("<I", self._data, 40))
        return dict(self._value(number("<I", listing, 4 * index)) for index in range(count))

    def _value(self, offset: int) -> tuple[str, Any]:
        data = self._hive.cell(offset, 4096)
        if not data.startswith(b"vk"):
            raise CorruptImageError("a registry value without its mark")
        name_length, size, place, kind, flags = unpack("<HIIIH", data, 2)
        encoding = "latin-1" if flags & _COMPRESSED_VALUE else "utf-16-le"
        name = data[20 : 20 + name_length].decode(encoding, "replace")
        inline = data[8 : 8 + (size & 7)]
        content = inline if size & _INLINE else self._hive.cell(place, 8192)[:size] if size else b""
        return name.lower(), _decoded(kind, content)


def _decoded(kind: int, content: bytes) -> Any:
    if kind in _STRINGS:
        return content.decode("utf-16-le", "replace").split("\0", 1)[0]
    if kind == _MULTI:
        return [part for part in content.decode("utf-16-le", "replace").split("\0") if part]
    if kind == _DWORD and len(content) >= 4:
        return number("<I", content)
    return content


def _hash(name: str) -> int:
    value = 0
    for character in name:
        value = (value * 37 + ord(character)) & 0xFFFFFFFF
    return value


def _hint_fits(hint: bytes, wanted: str) -> bool:
    """An ``lf`` list keeps the first four characters of a name; a hint of zeros says nothing."""
    start = hint.rstrip(b"\0").decode("latin-1").upper()
    return wanted.startswith(start) if wanted.isascii() else True
