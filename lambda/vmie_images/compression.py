"""Bounded decompression of what file systems and boot files are packed with."""

from __future__ import annotations

import importlib
import zlib
from types import ModuleType
from typing import Any

from vmie_images.errors import CorruptImageError, UnreadableLayoutError

_WINDOW_LOG = 25


def inflate(data: bytes, limit: int) -> bytes:
    """Decompress a zlib stream to at most ``limit`` bytes.

    Raises:
        CorruptImageError: The stream is damaged.
    """
    try:
        return zlib.decompressobj().decompress(data, limit)
    except zlib.error as error:
        raise CorruptImageError(f"a zlib stream is damaged ({error})") from None


def zstandard() -> ModuleType | None:
    """The standard library's Zstandard module, which Python has since 3.14; ``None`` before."""
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return None


def zstandard_decompressor(module: ModuleType) -> Any:
    """A decompressor that refuses windows above 32 MiB, which a frame may ask for and no image needs."""
    return module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: _WINDOW_LOG})


def decompress_zstandard(data: bytes, limit: int) -> bytes:
    """Decompress a Zstandard frame to at most ``limit`` bytes.

    Raises:
        CorruptImageError: The frame is damaged.
        UnreadableLayoutError: This Python has no Zstandard.
    """
    module = zstandard()
    if module is None:
        raise UnreadableLayoutError("Zstandard compression, which Python reads from 3.14 on")
    try:
        return bytes(zstandard_decompressor(module).decompress(data, max_length=limit))
    except (module.ZstdError, EOFError) as error:
        raise CorruptImageError(f"a Zstandard frame is damaged ({error})") from None
