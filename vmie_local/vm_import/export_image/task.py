"""One ExportImage task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import ids
from vmie_local.vm_import.export_image.request import ExportImageRequest
from vmie_local.vm_import.exports.ports import Disk
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.exports.task import ExportTask
from vmie_local.vm_import.phases import EXPORT_IMAGE
from vmie_local.vm_import.task import TaskFault


class ExportImageTask(ExportTask):
    """An AMI on its way to a file."""

    def __init__(
        self,
        place: Place,
        request: ExportImageRequest,
        disk: Disk,
        role_arn: str,
        around: ExportSurroundings,
        fault: TaskFault | None = None,
    ) -> None:
        task_id = ids.new_export_id(ids.EXPORT_IMAGE)
        super().__init__(
            task_id,
            EXPORT_IMAGE,
            place,
            around,
            bucket=request.bucket,
            key=request.key(task_id),
            disk=disk,
            disk_format=request.format,
            role_arn=role_arn,
            fault=fault,
        )
        self.request = request

    def write_file(self, image: Path, folder: Path) -> Path:  # noqa: ARG002 - nothing is packed
        """The disk's image is the file."""
        return image


def describe(task: ExportImageTask, now: float, tags: Mapping[str, str]) -> dict[str, Any]:
    """A task as DescribeExportImageTasks shows it; members that are unknown are left out."""
    given, active = task.request.given, task.status == "active"
    location = {"S3Bucket": task.bucket, "S3Prefix": given["S3ExportLocation"].get("S3Prefix")}
    shown = {
        "Description": given.get("Description"),
        "ExportImageTaskId": task.id,
        "ImageId": task.request.image_id,
        "Progress": str(task.progress(now)) if active else None,
        "S3ExportLocation": {name: value for name, value in location.items() if value is not None},
        "Status": task.status,
        "StatusMessage": task.phase.message if active else task.status_message,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }
    return {name: value for name, value in shown.items() if value is not None}
