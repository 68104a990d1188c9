"""One ImportVolume task."""

from __future__ import annotations

from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import.conversion import ids
from vmie_local.vm_import.conversion.phases import IMPORT_VOLUME, PENDING
from vmie_local.vm_import.conversion.request import VolumeRequest
from vmie_local.vm_import.conversion.task import Conversions, ConversionTask
from vmie_local.vm_import.task import TaskFault


class ImportVolumeTask(ConversionTask):
    """An image on its way to a volume that is attached to nothing."""

    def __init__(
        self,
        place: Place,
        request: VolumeRequest,
        zone: str,
        conversions: Conversions,
        fault: TaskFault | None = None,
    ) -> None:
        task_id = ids.new_task_id(ids.IMPORT_VOLUME)
        super().__init__(task_id, IMPORT_VOLUME, place, request.disk, zone, conversions, fault)
        self.request = request

    def check_disk(self) -> None:
        """A volume may hold anything."""

    def complete(self) -> None:
        """Show the volume."""
        self.show_volume()

    def message(self, now: float) -> str | None:
        """`Pending`, then the progress; what went wrong, at the end."""
        if self.status != "active":
            return self.status_message
        return "Pending" if self.phase.message == PENDING else f"Progress: {self.progress(now)}%"

    def detail(self, now: float) -> tuple[str, dict[str, Any]]:  # noqa: ARG002 - of the instance's task
        """What only this kind of task shows, and the name of that member."""
        return "ImportVolume", {**self.disk_detail(), "Description": self.request.description}
