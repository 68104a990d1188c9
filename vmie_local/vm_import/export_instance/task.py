"""One task of CreateInstanceExportTask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import ids
from vmie_local.vm_import.export_instance import appliance
from vmie_local.vm_import.export_instance.request import ExportInstanceRequest
from vmie_local.vm_import.exports.ports import Disk, Machine
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.exports.task import ExportTask
from vmie_local.vm_import.phases import EXPORT_INSTANCE
from vmie_local.vm_import.task import Status, TaskFault

STATES: dict[Status, str] = {
    "active": "active",
    "deleting": "cancelling",
    "deleted": "cancelled",
    "completed": "completed",
}
"""The states of such a task; a failed one is cancelled too, for there is no other end."""
RUNNING = "Running"
"""The StatusMessage of an active task. Ours: none is published."""


class ExportInstanceTask(ExportTask):
    """An instance on its way to a file."""

    def __init__(
        self,
        place: Place,
        request: ExportInstanceRequest,
        machine: Machine,
        disk: Disk,
        around: ExportSurroundings,
        fault: TaskFault | None = None,
    ) -> None:
        task_id = ids.new_export_id(ids.EXPORT_INSTANCE)
        super().__init__(
            task_id,
            EXPORT_INSTANCE,
            place,
            around,
            bucket=request.bucket,
            key=request.key(task_id),
            disk=disk,
            disk_format=request.format,
            role_arn=None,
            fault=fault,
        )
        self.request, self._machine = request, machine

    @property
    def state(self) -> str:
        """`active`, `cancelling`, `cancelled` or `completed`."""
        return STATES[self.status]

    def write_file(self, image: Path, folder: Path) -> Path:
        """The disk's image, or an appliance that holds it."""
        if self.request.container is None:
            return image
        target = folder / "appliance.ova"
        appliance.pack(self._machine, self.id, self.disk.size, image, target)
        image.unlink()
        return target


def describe(task: ExportInstanceTask, _: float, tags: Mapping[str, str]) -> dict[str, Any]:
    """A task as DescribeExportTasks shows it; members that are unknown are left out."""
    target = {
        "ContainerFormat": task.request.container,
        "DiskImageFormat": task.format.lower(),  # as public logs show it, whatever the enumeration says
        "S3Bucket": task.bucket,
        "S3Key": task.key,
    }
    shown = {
        "Description": task.request.given.get("Description"),
        "ExportTaskId": task.id,
        "ExportToS3Task": {name: value for name, value in target.items() if value is not None},
        "InstanceExportDetails": {
            "InstanceId": task.request.instance_id,
            "TargetEnvironment": task.request.environment,
        },
        "State": task.state,
        "StatusMessage": RUNNING if task.status == "active" else task.status_message,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }
    return {name: value for name, value in shown.items() if value is not None}
