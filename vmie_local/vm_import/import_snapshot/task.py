"""One ImportSnapshot task."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from vmie_local.blocks.ids import new_snapshot_id
from vmie_local.disk_images.detection import DiskImage
from vmie_local.place import Place
from vmie_local.vm_import import disk_work, ids
from vmie_local.vm_import.import_snapshot.request import ImportSnapshotRequest
from vmie_local.vm_import.phases import IMPORT_SNAPSHOT, Phase
from vmie_local.vm_import.ports import NewSnapshot
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task import Task, TaskFault, Work


class ImportSnapshotTask(Task):
    """An import on its way to a snapshot. The guest, if there is one, is not looked at."""

    def __init__(
        self,
        place: Place,
        request: ImportSnapshotRequest,
        role_arn: str,
        around: Surroundings,
        fault: TaskFault | None = None,
    ) -> None:
        super().__init__(ids.new_id(ids.IMPORT_SNAPSHOT), IMPORT_SNAPSHOT, around.clock.now(), fault)
        self.place, self.request = place, request
        self.format = request.format
        self.snapshot_id: str | None = None
        self._role_arn, self._around = role_arn, around
        self._scratch = around.scratch / self.id
        self._image: DiskImage | None = None
        self._volume_size = 0
        self._new_snapshot_id = new_snapshot_id()

    def image_bytes(self) -> float:
        """The size of the image file, once it is fetched."""
        return float(self._image.region.size) if self._image else 0.0

    def work_of(self, phase: Phase) -> Work | None:
        """Fetching while validating, decoding while converting."""
        if phase.message == "downloading/converting" and self._image:
            return partial(self._store, self._image)
        return self._fetch_and_check if phase.message == "validating" else None

    def collect(self, phase: Phase, result: Any) -> None:
        """Show what a phase found out."""
        if phase.message == "validating":
            self._image = result
            self.format = result.format
        else:
            self._volume_size = result.volume_size

    def complete(self) -> None:
        """Show the snapshot."""
        given, registry = self.request.given, self._around.registry
        registry.add_snapshot(
            self.place,
            NewSnapshot(
                id=self._new_snapshot_id,
                volume_size=self._volume_size,
                description=f"Created by AWS-VMImport service for {self.id}",
                encrypted=bool(given.get("Encrypted")) or registry.encrypts_by_default(self.place),
                kms_key_id=given.get("KmsKeyId"),
            ),
        )
        self.snapshot_id = self._new_snapshot_id
        shutil.rmtree(self._scratch, ignore_errors=True)

    def undo(self) -> None:
        """Remove the fetched object and the blocks."""
        self._around.registry.remove_snapshot(self.place, self._new_snapshot_id)
        self._around.blocks.remove(self._new_snapshot_id)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _fetch_and_check(self, cancelled: threading.Event) -> DiskImage:
        return disk_work.fetch_disk(
            self._around.objects,
            self.place,
            self._role_arn,
            (self.request.bucket, self.request.key),
            self.request.format,
            self._scratch,
            cancelled,
        )

    def _store(self, image: DiskImage, cancelled: threading.Event) -> disk_work.StoredDisk:
        return disk_work.store(
            image,
            self._new_snapshot_id,
            self._around.blocks,
            self._around.decoder,
            self._scratch,
            cancelled,
        )


def describe(task: ImportSnapshotTask, now: float, tags: Mapping[str, str]) -> dict[str, Any]:
    """A task as DescribeImportSnapshotTasks shows it; members that are unknown are left out."""
    given, active = task.request.given, task.status == "active"
    detail = {
        "Description": given.get("Description") or task.request.container.get("Description"),
        "DiskImageSize": task.image_bytes(),
        "Encrypted": given.get("Encrypted"),
        "Format": task.format,
        "KmsKeyId": given.get("KmsKeyId"),
        "Progress": str(task.progress(now)) if active else None,
        # An active task has an empty id, as the service shows it since 2025.
        "SnapshotId": task.snapshot_id or ("" if active else None),
        "Status": task.status,
        "StatusMessage": task.phase.message if active else task.status_message,
        "Url": task.request.container.get("Url"),
        "UserBucket": {"S3Bucket": task.request.bucket, "S3Key": task.request.key},
    }
    shown = {
        "Description": given.get("Description"),
        "ImportTaskId": task.id,
        "SnapshotTaskDetail": {name: value for name, value in detail.items() if value is not None},
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }
    return {name: value for name, value in shown.items() if value is not None}
