"""Taking numbers out of bytes that somebody else wrote."""

from __future__ import annotations

import struct
from typing import Any

from vmie_images.errors import CorruptImageError


def unpack(layout: str, data: bytes, offset: int = 0) -> tuple[Any, ...]:
    """``struct.unpack_from`` for untrusted bytes.

    Raises:
        CorruptImageError: The structure reaches beyond the bytes.
    """
    if offset < 0:
        raise CorruptImageError(f"a structure at offset {offset}")
    try:
        return struct.unpack_from(layout, data, offset)
    except struct.error:
        needed = struct.calcsize(layout)
        raise CorruptImageError(
            f"a structure of {needed} bytes at offset {offset} of {len(data)} bytes"
        ) from None


def number(layout: str, data: bytes, offset: int = 0) -> int:
    """One integer; ``layout`` is ``struct``'s, byte order included."""
    return int(unpack(layout, data, offset)[0])


def text(data: bytes, encoding: str = "utf-8") -> str:
    """A string that ends at its first NUL, undecodable bytes replaced."""
    return data.split(b"\0", 1)[0].decode(encoding, "replace")


def is_power_of_two(value: int) -> bool:
    """Whether exactly one bit is set."""
    return value > 0 and value & (value - 1) == 0


def printable(words: str, limit: int = 512) -> str:
    """Somebody else's words, safe to show: cut to ``limit`` characters, without control characters."""
    shown = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in words[:limit]
    )
    return shown if len(words) <= limit else f"{shown}..."
