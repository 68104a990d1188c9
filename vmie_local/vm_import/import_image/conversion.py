"""The work of an import: fetch, check, decode, store as blocks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vmie_local.blocks import BlockStore
from vmie_local.disk_images import detection, ova, partitions
from vmie_local.disk_images.decoding import Decoder
from vmie_local.disk_images.detection import DiskImage
from vmie_local.disk_images.errors import DiskImageError, DiskTooLargeError, UnsupportedFormatError
from vmie_local.disk_images.partitions import Guest
from vmie_local.disk_images.region import FileRegion
from vmie_local.place import Place
from vmie_local.vm_import import disk_work, status_messages
from vmie_local.vm_import.disk_work import StoredDisk
from vmie_local.vm_import.import_image.request import DiskContainer
from vmie_local.vm_import.ports import Objects
from vmie_local.vm_import.task import TaskFailedError

MAX_DISK_BYTES = 8 << 40
"""User guide, limitations: ImportImage takes disks below 8 TiB."""


@dataclass(frozen=True)
class CheckedDisk:
    """One disk of the machine, checked but not decoded.

    Attributes:
        container: The container it came in.
        image: The image, or None for a disk that is a snapshot already.
    """

    container: DiskContainer
    image: DiskImage | None

    @property
    def stored_bytes(self) -> int:
        """The size of the image file; 0 for a snapshot."""
        return self.image.region.size if self.image else 0


@dataclass(frozen=True)
class Converter:
    """Does the heavy work of imports, in background threads.

    Attributes:
        objects: S3.
        blocks: Where decoded disks go.
        decoder: Decodes everything but raw images; None checks headers only.
    """

    objects: Objects
    blocks: BlockStore
    decoder: Decoder | None

    def fetch_and_check(
        self,
        place: Place,
        role_arn: str,
        containers: Sequence[DiskContainer],
        scratch: Path,
        cancelled: threading.Event,
    ) -> list[CheckedDisk]:
        """Fetch every object and check it against its declared format.

        Raises:
            TaskFailedError: If an object cannot be read or is no disk image that the service takes.
        """
        disks: list[CheckedDisk] = []
        for number, container in enumerate(containers):
            if not container.bucket or not container.key:
                disks.append(CheckedDisk(container, None))
                continue
            location, target = (container.bucket, container.key), scratch / f"object-{number}"
            region = disk_work.fetch(self.objects, place, role_arn, location, target, cancelled)
            try:
                disks.extend(_check(container, region))
            except DiskImageError as error:
                raise TaskFailedError(status_messages.of_disk_error(error)) from error
        return disks

    def store(
        self,
        disk: CheckedDisk,
        snapshot_id: str,
        scratch: Path,
        cancelled: threading.Event,
    ) -> StoredDisk:
        """Decode a disk into the blocks of a new snapshot, or copy those of the snapshot that it is.

        Raises:
            TaskFailedError: If the image is damaged.
        """
        if disk.image is None:
            return self._store_copy(disk.container, snapshot_id)
        return disk_work.store(disk.image, snapshot_id, self.blocks, self.decoder, scratch, cancelled)

    def look_at_guest(self, stored: StoredDisk) -> Guest | None:
        """What is on a stored disk, or None if headers are all that was checked.

        Raises:
            TaskFailedError: If there is no partition or no operating system.
        """
        blocks = self.blocks.find(stored.snapshot_id)
        if blocks is None or not blocks.path.exists():
            return None
        try:
            return partitions.look_at(blocks.path)
        except DiskImageError as error:
            raise TaskFailedError(status_messages.of_disk_error(error)) from error

    def _store_copy(self, container: DiskContainer, snapshot_id: str) -> StoredDisk:
        source = self.blocks.find(container.snapshot_id or "")
        copy = self.blocks.create(snapshot_id, container.volume_size or 1)
        if source is not None:
            source.flatten_into(copy.path)
            copy.adopt_file()
        return StoredDisk(snapshot_id, copy.volume_size)


def _check(container: DiskContainer, region: FileRegion) -> list[CheckedDisk]:
    declared = container.format or detection.container_format(region)
    if declared == "OVA":
        disks = [detection.check_disk(member, "VMDK") for member in _unpack(region)]
    else:
        disks = [detection.check_disk(region, declared)]
    for disk in disks:
        if disk.virtual_size >= MAX_DISK_BYTES:
            raise DiskTooLargeError(f"{disk.region.name} has {disk.virtual_size} bytes")
    return [CheckedDisk(container, disk) for disk in disks]


def _unpack(region: FileRegion) -> list[FileRegion]:
    if detection.container_format(region) != "OVA":
        raise UnsupportedFormatError(f"{region.name} is no OVA")
    return ova.disks_of(region)
