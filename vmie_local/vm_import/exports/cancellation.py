"""CancelExportTask: of exports of images and of instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task_desk import TaskDesk


@dataclass(frozen=True)
class ExportCancellation:
    """Cancels the tasks of several desks."""

    surroundings: Surroundings
    desks: tuple[TaskDesk[Any], ...]

    def cancel_export_task(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """End an active task; nothing of what it has written stays.

        Raises:
            ApiError: If there is no such task or it has ended.
        """
        task_id = parameters.get("ExportTaskId")
        if not task_id:
            raise request_errors.missing("exportTaskId")
        desk = next((desk for desk in self.desks if desk.is_id(task_id)), None)
        if desk is None:
            raise errors.task_unknown(task_id, well_formed=False)
        with self.surroundings.engine.lock:
            task = desk.require(place, task_id)
            if task.status != "active":
                raise errors.not_cancellable(task_id, getattr(task, "state", task.status))
            task.cancel(None, self.surroundings.clock.now())
        self.surroundings.engine.wake()
        return {}
