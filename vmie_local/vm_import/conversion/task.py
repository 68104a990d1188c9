"""What the tasks of ImportInstance and ImportVolume have in common: one image, one volume, one manifest."""

from __future__ import annotations

import shutil
import threading
from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from vmie_local.blocks.snapshot_blocks import SnapshotBlocks
from vmie_local.disk_images import detection
from vmie_local.disk_images.errors import DiskImageError
from vmie_local.disk_images.region import FileRegion
from vmie_local.place import Place
from vmie_local.vm_import import disk_work, status_messages
from vmie_local.vm_import.conversion import download, ids
from vmie_local.vm_import.conversion.download import Download
from vmie_local.vm_import.conversion.phases import CONVERTING, PENDING, TRANSFERRING
from vmie_local.vm_import.conversion.ports import Machines, NewVolume, PresignedUrls
from vmie_local.vm_import.conversion.request import DiskRequest
from vmie_local.vm_import.phases import GIB, Phase
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task import RETENTION_SECONDS, Status, Task, TaskFailedError, TaskFault, Work

State = Literal["active", "completed", "cancelling", "cancelled"]

UPLOAD_SECONDS = RETENTION_SECONDS
"""How long a task waits for its image before it is cancelled: 7 days, by public logs' `ExpirationTime`."""
_STATES: dict[Status, State] = {
    "active": "active",
    "completed": "completed",
    "deleting": "cancelling",
    "deleted": "cancelled",
}


@dataclass(frozen=True)
class Conversions:
    """What conversion tasks work with.

    Attributes:
        around: The rest of the cloud, as every task sees it.
        machines: EC2's instances and volumes.
        urls: S3 by presigned URLs.
    """

    around: Surroundings
    machines: Machines
    urls: PresignedUrls


class ConversionTask(Task):
    """An image on its way to a volume."""

    def __init__(
        self,
        task_id: str,
        phases: tuple[Phase, ...],
        place: Place,
        disk: DiskRequest,
        zone: str,
        conversions: Conversions,
        fault: TaskFault | None,
    ) -> None:
        super().__init__(task_id, phases, conversions.around.clock.now(), fault)
        self.place, self.disk, self.zone = place, disk, zone
        self.downloaded = 0
        self.volume_id: str | None = None
        self._conversions = conversions
        self._scratch = conversions.around.scratch / self.id
        self._download: Download | None = None
        self.new_volume_id = ids.new_volume_id()

    @property
    def state(self) -> State:
        """Its state in the words of DescribeConversionTasks."""
        return _STATES[self.status]

    @property
    def expires_at(self) -> float:
        """When it is cancelled if the image has not been uploaded."""
        return self.started_at + UPLOAD_SECONDS

    @property
    def cancellable(self) -> bool:
        """Whether it can be cancelled: not while it transfers the final disk image (EC2 API reference)."""
        return self.status == "active" and self.phase.message != TRANSFERRING

    @property
    def bytes_converted(self) -> int:
        """How many bytes of the image have been read, as far as anybody can see."""
        return self.disk.bytes if self.reached(CONVERTING) else min(self.downloaded, self.disk.bytes)

    def expiration_time(self) -> str:
        """`expires_at` as EC2 prints it."""
        return datetime.fromtimestamp(self.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def image_bytes(self) -> float:
        """The size of the image."""
        return float(self.disk.bytes)

    def advance(self, now: float, workers: Any) -> None:
        """Do everything that is due; a task that waits for its image too long ends."""
        if self.status == "active" and self.phase.message == PENDING and now >= self.expires_at:
            self.fail(status_messages.UPLOAD_INCOMPLETE, now)
        super().advance(now, workers)

    def work_of(self, phase: Phase) -> Work | None:
        """Reading while pending, decoding while converting, cleaning up in S3 at the end."""
        if phase.message == PENDING:
            return self._fetch
        if self._download is None:
            return None
        if phase.message == CONVERTING:
            return partial(self._convert, self._download)
        return partial(self._clean_up, self._download) if phase.message == TRANSFERRING else None

    def collect(self, phase: Phase, result: Any) -> None:
        """Keep the image that was read."""
        if phase.message == PENDING:
            self._download = result

    def repeats(self, phase: Phase) -> bool:
        """Whether the image is still waited for."""
        return phase.message == PENDING and self._download is None

    def undo(self) -> None:
        """Remove the volume, its blocks and what was read."""
        self._conversions.machines.remove_volume(self.place, self.new_volume_id)
        self._conversions.around.blocks.remove(self.new_volume_id)
        self.volume_id = None
        shutil.rmtree(self._scratch, ignore_errors=True)

    @abstractmethod
    def message(self, now: float) -> str | None:
        """The StatusMessage."""

    @abstractmethod
    def detail(self, now: float) -> tuple[str, dict[str, Any]]:
        """What only this kind of task shows, and the name of that member."""

    @abstractmethod
    def check_disk(self) -> None:
        """Look at the converted disk, in the background; raises `TaskFailedError` if it cannot be used."""

    def stored_blocks(self) -> SnapshotBlocks | None:
        """The converted disk, or None if headers are all that was checked."""
        blocks = self._conversions.around.blocks.find(self.new_volume_id)
        return blocks if blocks and blocks.path.exists() else None

    def disk_detail(self) -> dict[str, Any]:
        """What both kinds of task show of their disk."""
        volume: dict[str, Any] = {"Size": self.disk.volume_gib}
        if self.volume_id:
            volume["Id"] = self.volume_id
        return {
            "AvailabilityZone": self.zone,
            "AvailabilityZoneId": self._conversions.machines.zone_id(self.place, self.zone),
            "BytesConverted": self.bytes_converted,
            "Image": {
                "Format": self.disk.format,
                "ImportManifestUrl": self.disk.manifest_url,
                "Size": self.disk.bytes,
            },
            "Volume": volume,
        }

    def show_volume(self) -> None:
        """Make the volume appear in EC2."""
        machines = self._conversions.machines
        machines.add_volume(
            self.place,
            NewVolume(
                self.new_volume_id,
                self.disk.volume_gib,
                self.zone,
                encrypted=machines.encrypts_by_default(self.place),
            ),
        )
        self.volume_id = self.new_volume_id
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _fetch(self, cancelled: threading.Event) -> Download | None:
        self.downloaded = 0
        return download.fetch(
            self._conversions.urls, self.disk.manifest_url, self._scratch, cancelled, self._count
        )

    def _count(self, length: int) -> None:
        self.downloaded += length

    def _convert(self, source: Download, cancelled: threading.Event) -> None:
        region = FileRegion.whole(source.image, self.id)
        try:
            if source.manifest.format != self.disk.format or source.manifest.size != self.disk.bytes:
                raise TaskFailedError(status_messages.bad_manifest("the request says otherwise"))
            image = detection.check_disk(region, self.disk.format)
        except DiskImageError as error:
            raise TaskFailedError(status_messages.of_disk_error(error)) from error
        if image.virtual_size > self.disk.volume_gib * GIB:
            raise TaskFailedError(status_messages.VOLUME_TOO_SMALL)
        around = self._conversions.around
        disk_work.store(
            image,
            self.new_volume_id,
            around.blocks,
            around.decoder,
            self._scratch,
            cancelled,
            volume_size=self.disk.volume_gib,
        )
        self.check_disk()

    def _clean_up(self, source: Download, cancelled: threading.Event) -> None:
        if not cancelled.is_set():
            download.clean_up(self._conversions.urls, source.manifest)
