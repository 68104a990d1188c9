"""The work on one disk: fetch, check, decode, store as blocks."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from vmie_local.blocks import BlockStore
from vmie_local.disk_images import detection
from vmie_local.disk_images.decoding import Decoder, copy_sparsely
from vmie_local.disk_images.detection import DiskImage
from vmie_local.disk_images.errors import DiskImageError, DiskTooLargeError
from vmie_local.disk_images.region import FileRegion
from vmie_local.place import Place
from vmie_local.vm_import import status_messages
from vmie_local.vm_import.phases import GIB
from vmie_local.vm_import.ports import FetchRefusedError, Objects
from vmie_local.vm_import.task import TaskFailedError

MAX_SNAPSHOT_BYTES = 64 << 40
"""The largest EBS snapshot: 64 TiB (EBS quotas). The user guide names no smaller limit for ImportSnapshot."""


@dataclass(frozen=True)
class StoredDisk:
    """One disk whose blocks are stored: its snapshot's id and size in whole GiB."""

    snapshot_id: str
    volume_size: int


def fetch(
    objects: Objects,
    place: Place,
    role_arn: str,
    location: tuple[str, str],
    target: Path,
    cancelled: threading.Event,
) -> FileRegion:
    """An object of S3 as a file.

    Raises:
        TaskFailedError: If S3 refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        objects.fetch(place, role_arn, *location, target, cancelled)
    except FetchRefusedError as error:
        raise TaskFailedError(status_messages.of_fetch_status(error.http_status)) from error
    return FileRegion.whole(target, location[1])


def fetch_disk(
    objects: Objects,
    place: Place,
    role_arn: str,
    location: tuple[str, str],
    declared: str | None,
    scratch: Path,
    cancelled: threading.Event,
) -> DiskImage:
    """Fetch one disk image and check it against its declared format, or take it for what it is.

    Raises:
        TaskFailedError: If the object cannot be read or is no disk image that the service takes.
    """
    region = fetch(objects, place, role_arn, location, scratch / "object", cancelled)
    try:
        image = detection.check_disk(region, declared or detection.container_format(region))
        if image.virtual_size > MAX_SNAPSHOT_BYTES:
            raise DiskTooLargeError(f"{region.name} has {image.virtual_size} bytes")
    except DiskImageError as error:
        raise TaskFailedError(status_messages.of_disk_error(error)) from error
    return image


def store(
    image: DiskImage,
    snapshot_id: str,
    blocks: BlockStore,
    decoder: Decoder | None,
    scratch: Path,
    cancelled: threading.Event,
    *,
    volume_size: int | None = None,
) -> StoredDisk:
    """Decode a disk into the blocks of a snapshot or volume; without a decoder only raw disks have blocks.

    Args:
        image: The disk.
        snapshot_id: `snap-…` or `vol-…`.
        blocks: Where the blocks go.
        decoder: Decodes everything but raw images.
        scratch: A folder for the decoded disk.
        cancelled: Ends the decoding when set.
        volume_size: GiB. Default: as few as hold the disk.

    Raises:
        TaskFailedError: If the image is damaged.
    """
    raw = scratch / f"{snapshot_id}.decoded"
    volume_size = volume_size or max(1, -(-image.virtual_size // GIB))
    try:
        if image.format == "RAW":
            copy_sparsely(image, raw, cancelled)
        elif decoder is not None:
            decoder.decode(image, raw, cancelled)
    except DiskImageError as error:
        raise TaskFailedError(status_messages.of_disk_error(error)) from error
    blocks.adopt(snapshot_id, volume_size, raw if raw.exists() else None)
    return StoredDisk(snapshot_id, volume_size)
