"""CBOR (RFC 8949), as much of it as Smithy's RPC v2 protocol uses."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_BREAK = object()


def encode(value: Any) -> bytes:
    """A value as CBOR.

    Raises:
        TypeError: If its type has no place in the protocol.
    """
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes | bytearray):
        return _head(2, len(value)) + bytes(value)
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, datetime):
        return b"\xc1" + encode(round(value.timestamp(), 3))
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, Mapping):
        pairs = b"".join(encode(key) + encode(item) for key, item in value.items())
        return _head(5, len(value)) + pairs
    raise TypeError(f"{type(value).__name__} cannot be written as CBOR")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise TypeError(f"{number} does not fit into 64 bits")


def decode(raw: bytes) -> Any:
    """The value that a CBOR document holds.

    Raises:
        ValueError: If the document is malformed or cut off.
    """
    try:
        value, _ = _item(raw, 0)
    except (
        LookupError,
        OverflowError,
        OSError,
        RecursionError,
        TypeError,
        struct.error,
        UnicodeError,
    ) as error:
        raise ValueError(f"The body is no valid CBOR: {error}") from error
    if value is _BREAK:
        raise ValueError("The body is no valid CBOR: it starts with a break.")
    return value


def _item(raw: bytes, at: int) -> tuple[Any, int]:
    major, info = raw[at] >> 5, raw[at] & 31
    if major == 7:
        return _simple(raw, at + 1, info)
    if info == 31:
        return _indefinite(raw, at + 1, major)
    number, at = _number(raw, at + 1, info)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        if at + number > len(raw):
            raise IndexError("a text or byte string is cut off")
        chunk = raw[at : at + number]
        return (chunk if major == 2 else chunk.decode()), at + number
    if major == 4:
        items = []
        for _ in range(number):
            item, at = _item(raw, at)
            items.append(item)
        return items, at
    if major == 5:
        found = {}
        for _ in range(number):
            key, at = _item(raw, at)
            found[key], at = _item(raw, at)
        return found, at
    value, at = _item(raw, at)  # a tag: only moments mean something here
    return (datetime.fromtimestamp(value, UTC) if number == 1 else value), at


def _number(raw: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise ValueError(f"The body is no valid CBOR: reserved length {info}.")
    size = 1 << info - 24
    if at + size > len(raw):
        raise IndexError("a number is cut off")
    return int.from_bytes(raw[at : at + size], "big"), at + size


def _simple(raw: bytes, at: int, info: int) -> tuple[Any, int]:
    if info in (20, 21):
        return info == 21, at
    if info in (22, 23):
        return None, at
    if info == 31:
        return _BREAK, at
    forms = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
    if info not in forms:
        raise ValueError(f"The body is no valid CBOR: unknown simple value {info}.")
    form, size = forms[info]
    return struct.unpack_from(form, raw, at)[0], at + size


def _indefinite(raw: bytes, at: int, major: int) -> tuple[Any, int]:
    items = []
    while True:
        item, at = _item(raw, at)
        if item is _BREAK:
            break
        items.append(item)
    if major == 2:
        return b"".join(items), at
    if major == 3:
        return "".join(items), at
    if major == 4:
        return items, at
    if major == 5 and len(items) % 2 == 0:
        return dict(zip(items[::2], items[1::2], strict=True)), at
    raise ValueError("The body is no valid CBOR: an indefinite item of a kind that cannot be.")
