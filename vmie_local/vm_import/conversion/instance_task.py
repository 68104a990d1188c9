"""One ImportInstance task."""

from __future__ import annotations

from typing import Any

from vmie_local.disk_images import partitions
from vmie_local.disk_images.errors import DiskImageError
from vmie_local.place import Place
from vmie_local.vm_import import status_messages
from vmie_local.vm_import.conversion import ids
from vmie_local.vm_import.conversion.phases import CONVERTING, IMPORT_INSTANCE, PENDING, UPDATING
from vmie_local.vm_import.conversion.request import InstanceRequest
from vmie_local.vm_import.conversion.task import Conversions, ConversionTask
from vmie_local.vm_import.phases import Phase
from vmie_local.vm_import.task import TaskFailedError, TaskFault

ROOT_DEVICE = "/dev/sda1"


class ImportInstanceTask(ConversionTask):
    """An image on its way to a stopped instance. The instance is there from the beginning, pending."""

    def __init__(
        self,
        place: Place,
        request: InstanceRequest,
        zone: str,
        instance_id: str,
        conversions: Conversions,
        fault: TaskFault | None = None,
    ) -> None:
        task_id = ids.new_task_id(ids.IMPORT_INSTANCE)
        super().__init__(task_id, IMPORT_INSTANCE, place, request.disk, zone, conversions, fault)
        self.request, self.instance_id = request, instance_id
        self._machines = conversions.machines

    def check_disk(self) -> None:
        """Refuse a disk that nothing boots from in EC2.

        Raises:
            TaskFailedError: If there is no partition or no operating system, or the partition table is a GPT.
        """
        blocks = self.stored_blocks()
        if blocks is None:
            return
        try:
            guest = partitions.look_at(blocks.path)
        except DiskImageError as error:
            raise TaskFailedError(status_messages.of_disk_error(error)) from error
        if guest.gpt:
            raise TaskFailedError(status_messages.NO_BOOTABLE_PARTITION)

    def enter(self, phase: Phase) -> None:
        """Show the volume once it is converted; the rest is done to the guest on it."""
        if phase.message == UPDATING:
            self.show_volume()
            self._machines.attach_volume(self.place, self.new_volume_id, self.instance_id, ROOT_DEVICE)

    def complete(self) -> None:
        """The instance arrives stopped."""
        self._machines.stop_instance(self.place, self.instance_id)

    def undo(self) -> None:
        """Remove the instance, too."""
        super().undo()
        self._machines.remove_instance(self.place, self.instance_id)

    def message(self, now: float) -> str | None:
        """`Pending` until the volume is converted, then the progress; what went wrong, at the end."""
        if self.status != "active":
            return self.status_message
        return f"Progress: {self.progress(now)}%" if self.reached(UPDATING) else "Pending"

    def detail(self, now: float) -> tuple[str, dict[str, Any]]:
        """What only this kind of task shows, and the name of that member."""
        volume = {
            **self.disk_detail(),
            "Description": self.disk.description,
            "Status": self._volume_status(),
            "StatusMessage": self._volume_message(now),
        }
        return "ImportInstance", {
            "Description": self.request.description,
            "InstanceId": self.instance_id,
            "Platform": self.request.platform,
            "Volumes": [{name: value for name, value in volume.items() if value is not None}],
        }

    def _volume_status(self) -> str:
        if self.status in ("deleting", "deleted"):
            return self.state
        return "completed" if self.reached(UPDATING) else "active"

    def _volume_message(self, now: float) -> str | None:
        if self.status != "active":
            return None if self.reached(UPDATING) else self.status_message
        messages = {
            PENDING: f"Pending : Downloaded {self.downloaded}",
            CONVERTING: f"Progress: {self.progress(now)}%",
        }
        return messages.get(self.phase.message)
