"""Bounded decompression of what file systems and boot files are packed with."""

from __future__ import annotations

import importlib
import zlib
from types import ModuleType

from vmie_images.errors import CorruptImageError, UnreadableLayoutError


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
        return bytes(module.ZstdDecompressor().decompress(data, max_length=limit))
    except (module.ZstdError, EOFError) as error:
        raise CorruptImageError(f"a Zstandard frame is damaged ({error})") from None
