"""Bounded decompression of what file systems and boot files are packed with."""

from __future__ import annotations

import importlib
import zlib
from types import ModuleType
from typing import Any

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError, UnreadableLayoutError

_WINDOW_LOG = 25


def _first_of(*names: str) -> ModuleType | None:
    """The first of these modules that is installed."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


_FAST = _first_of("isal.isal_zlib")
INFLATE_ERRORS: tuple[type[Exception], ...] = (
    zlib.error,
    *((_FAST.error,) if _FAST else ()),
)
"""What an inflater raises about a damaged stream."""


def inflater(wbits: int = zlib.MAX_WBITS) -> Any:
    """A decompressor of zlib streams (of gzip with ``wbits=31``): isal's where it is installed."""
    return (_FAST or zlib).decompressobj(wbits=wbits)


def inflate(data: bytes, limit: int) -> bytes:
    """Decompress a zlib stream to at most ``limit`` bytes.

    Raises:
        CorruptImageError: The stream is damaged.
    """
    if limit <= 0:
        return b""  # which zlib takes for no limit at all
    work(over=limit)
    try:
        return bytes(inflater().decompress(data, limit))
    except INFLATE_ERRORS as error:
        raise CorruptImageError(f"a zlib stream is damaged ({error})") from None


def zstandard() -> ModuleType | None:
    """The standard library's Zstandard module, which Python has since 3.14, or its backport; ``None`` without
    either."""
    return _first_of("compression.zstd", "backports.zstd")


def zstandard_decompressor(module: ModuleType) -> Any:
    """A decompressor that refuses windows above 32 MiB, which a frame may ask for and no image needs."""
    return module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: _WINDOW_LOG})


def decompress_zstandard(data: bytes, limit: int) -> bytes:
    """Decompress a Zstandard frame to at most ``limit`` bytes.

    Raises:
        CorruptImageError: The frame is damaged.
        UnreadableLayoutError: This Python has no Zstandard.
    """
    if limit <= 0:
        return b""  # of which -1 would mean no limit at all
    module = zstandard()
    if module is None:
        raise UnreadableLayoutError(
            "Zstandard compression, which Python reads from 3.14 on, or with backports.zstd"
        )
    work(over=limit)
    try:
        return bytes(zstandard_decompressor(module).decompress(data, max_length=limit))
    except (module.ZstdError, EOFError) as error:
        raise CorruptImageError(f"a Zstandard frame is damaged ({error})") from None
