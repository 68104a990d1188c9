"""The members of a tar archive, by their headers only.

Source: POSIX.1-2001 pax; GNU tar's long names and base-256 sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vmie_images.errors import CorruptImageError
from vmie_images.fields import text
from vmie_images.ranges import RangeSource, read_exactly

RECORD = 512
MAX_MEMBERS = 256
_MAX_EXTENSION = 64 * 1024
_MAX_NAME = 4096
_MAX_SIZE = 1 << 62
_PAX = re.compile(rb"\d{1,8} (path|size)=(.{0,%d})" % _MAX_NAME, re.DOTALL)


@dataclass(frozen=True)
class TarMember:
    """A regular file of an archive: its name, where its content starts, and its size in bytes."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where its content ends, whether or not the archive reaches that far."""
        return self.start + self.size


def members(source: RangeSource) -> Iterator[TarMember]:
    """Walk the headers. An archive that ends in a member's middle yields that member last.

    Raises:
        CorruptImageError: A header is damaged, or there are more than ``MAX_MEMBERS``.
    """
    offset, count = 0, 0
    overrides: dict[str, bytes] = {}
    while offset + RECORD <= source.size:
        header = source.read(offset, RECORD)
        if not any(header):
            return
        _check_sum(header, offset)
        size = _size(header[124:136], offset)
        kind = header[156:157]
        content = offset + RECORD
        if kind in (b"L", b"x"):
            overrides |= _extension(source, kind, content, size)
        elif kind not in (b"g", b"K"):
            size = _overridden(overrides, size, offset)
            if kind in (b"0", b"\0", b"7"):
                yield TarMember(_name(header, overrides), content, size)
            overrides = {}
        offset = content + -(-size // RECORD) * RECORD
        count += 1
        if count > MAX_MEMBERS:
            raise CorruptImageError(f"more than {MAX_MEMBERS} members")


def _check_sum(header: bytes, offset: int) -> None:
    """The checksum is the sum of all bytes, its own field taken as spaces."""
    digits = header[148:156].strip(b"\0 ")
    actual = sum(header) - sum(header[148:156]) + 8 * 0x20
    if not digits.isdigit() or int(digits, 8 if not set(digits) & set(b"89") else 10) != actual:
        raise CorruptImageError(f"a damaged tar header at byte {offset}")


def _size(field: bytes, offset: int) -> int:
    if field[0] & 0x80:
        size = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    else:
        digits = field.strip(b"\0 ") or b"0"
        if set(digits) - set(b"01234567"):
            raise CorruptImageError(f"a tar header at byte {offset} with the size {digits!r}")
        size = int(digits, 8)
    if size >= _MAX_SIZE:
        raise CorruptImageError(f"a member of {size} bytes at byte {offset}")
    return size


def _overridden(overrides: dict[str, bytes], size: int, offset: int) -> int:
    """A member's size; a pax header gives what does not fit into the member's own."""
    digits = overrides.get("size", b"")
    if not digits.isdigit():
        return size
    if len(digits) > 19 or int(digits) >= _MAX_SIZE:
        raise CorruptImageError(f"a pax header before byte {offset} with the size {digits[:32]!r}")
    return int(digits)


def _extension(source: RangeSource, kind: bytes, start: int, size: int) -> dict[str, bytes]:
    if size > _MAX_EXTENSION:
        raise CorruptImageError(f"a tar extension header of {size} bytes at byte {start}")
    data = read_exactly(source, start, size, "tar extension header")
    if kind == b"L":
        return {"path": data[:_MAX_NAME]}
    # No value of these keys holds a line feed, and none is looked for beyond its own line.
    records = (_PAX.match(record) for record in data.split(b"\n"))
    return {record[1].decode(): record[2] for record in records if record}


def _name(header: bytes, overrides: dict[str, bytes]) -> str:
    if "path" in overrides:
        return text(overrides["path"])
    prefix = text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    name = text(header[:100])
    return f"{prefix}/{name}" if prefix else name
