"""Disks of the images that the service would refuse, and of their twin."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path

from tests.unit.images.inspecting import content, inspect

_MESSAGES = Path(__file__).parents[3] / "data" / "messages"


@cache
def disk(name: str) -> bytes:
    """The disk of one of the images that the service would refuse, or of their twin."""
    packed = lzma.decompress((_MESSAGES / f"{name}.vmdk.xz").read_bytes())
    return content(inspect(packed, "disk.vmdk"))
