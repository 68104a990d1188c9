"""CancelImportTask: of imports of images and of snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task_desk import TaskDesk


@dataclass(frozen=True)
class ImportCancellation:
    """Cancels the tasks of several desks."""

    surroundings: Surroundings
    desks: tuple[TaskDesk[Any], ...]

    def cancel_import_task(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """End an active task.

        Raises:
            ApiError: If there is no such task or it has ended.
        """
        task_id = parameters.get("ImportTaskId")
        if not task_id:
            raise request_errors.missing("importTaskId")
        desk = next((desk for desk in self.desks if desk.is_id(task_id)), None)
        if desk is None:
            raise request_errors.task_unknown(task_id)
        with self.surroundings.engine.lock:
            task = desk.require(place, task_id)
            if parameters.get("DryRun"):
                raise request_errors.would_have_succeeded()
            if task.status != "active":
                raise request_errors.task_not_cancellable(task_id, task.status)
            task.cancel(parameters.get("CancelReason"), self.surroundings.clock.now())
        self.surroundings.engine.wake()
        return {"ImportTaskId": task_id, "PreviousState": "active", "State": "deleting"}
