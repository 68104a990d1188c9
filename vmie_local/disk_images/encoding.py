"""From the raw disk of a volume to an image file."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from vmie_local.blocks import BLOCK_SIZE, SnapshotBlocks
from vmie_local.disk_images.errors import DecodingCancelledError

_GIB = 1 << 30
EXTENSIONS = {"VMDK": "vmdk", "VHD": "vhd", "RAW": "raw"}
"""The formats that exports are written in, and what the files' names end with."""


class Encoder(Protocol):
    """Writes raw disks as image files; `None` in its place means that only raw files can be written."""

    def encode(self, raw: Path, target: Path, disk_format: str, cancelled: threading.Event) -> None:
        """Write a raw disk as `VMDK` or `VHD`."""


def write_volume(
    blocks: SnapshotBlocks | None, volume_size: int, target: Path, cancelled: threading.Event
) -> None:
    """Write a whole volume as a sparse raw file.

    Args:
        blocks: What the volume holds; None if nobody ever wrote to it.
        volume_size: GiB; a volume may be larger than the snapshot it was made of.
        target: The file to write.
        cancelled: Ends the work when set.

    Raises:
        DecodingCancelledError: If it was cancelled.
    """
    with target.open("wb") as file:
        for index in blocks.indexes() if blocks else ():
            if cancelled.is_set():
                raise DecodingCancelledError
            file.seek(index * BLOCK_SIZE)
            file.write((blocks.read(index) if blocks else None) or b"")
        file.truncate(volume_size * _GIB)
