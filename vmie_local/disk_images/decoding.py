"""From a checked image to a raw file: by `qemu-img`, or by copying where the image is raw already."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Protocol

from vmie_local.disk_images.detection import DiskImage
from vmie_local.disk_images.errors import DecodingCancelledError

_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)


class Decoder(Protocol):
    """Writes images as sparse raw files; `None` in its place means that headers are all that gets checked."""

    def decode(self, image: DiskImage, target: Path, cancelled: threading.Event) -> None:
        """Write an image as a sparse raw file."""


def copy_sparsely(image: DiskImage, target: Path, cancelled: threading.Event) -> None:
    """Copy a raw image, leaving holes where it has zeros.

    Raises:
        DecodingCancelledError: If it was cancelled.
    """
    with image.region.path.open("rb") as source, target.open("wb") as copy:
        source.seek(image.region.offset)
        left = image.region.size
        while left > 0:
            if cancelled.is_set():
                raise DecodingCancelledError
            chunk = source.read(min(_CHUNK, left))
            if not chunk:
                break
            left -= len(chunk)
            if chunk == _ZEROS[: len(chunk)]:
                copy.seek(len(chunk), os.SEEK_CUR)
            else:
                copy.write(chunk)
        copy.truncate(image.virtual_size)
