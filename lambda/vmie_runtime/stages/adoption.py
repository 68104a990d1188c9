"""A task that somebody started by hand, taken over by a request that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.errors import RequestRejected
from vmie_runtime.stages.import_tasks import ImportTaskStage
from vmie_runtime.stages.stage import REQUEST_ID_TAG, Stage, Task, Work, ec2_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


class Adopt(Stage):
    """Follow a task that runs already instead of starting one."""

    is_import_task = True
    has_token = True
    first_look_after = 0

    def __init__(self, stage: ImportTaskStage) -> None:
        """Take over a task.

        Args:
            stage: The stage that would have started one of its kind.
        """
        self._stage = stage

    @property
    def operation(self) -> str:  # type: ignore[override]
        """The operation that somebody called."""
        return self._stage.operation

    def start(self, work: Work) -> str:
        """Mark the task as the request's.

        Raises:
            RequestRejected: If there is no such task, it has ended, or another request watches it.
        """
        task_id = str(work.request.options["ImportTaskId"])
        task = self.describe(work.ec2, task_id)
        if task is None:
            raise RequestRejected(
                "UnknownImportTask", f"EC2 knows no task {task_id} in {work.settings.region}."
            )
        if task.tags.get(REQUEST_ID_TAG, work.request.id) != work.request.id:
            raise RequestRejected("TaskOfAnotherRequest", f"The task {task_id} belongs to another request.")
        if work.tags.items() <= task.tags.items():
            return task_id  # Marked by a run that did not live to write it down; it may have ended since.
        if task.status != "active":
            raise RequestRejected(
                "ImportTaskEnded",
                f"The task {task_id} is {task.status}: only one that runs can be taken over, "
                "because what it makes is removed where the request fails.",
            )
        with transient_errors_named():
            work.ec2.create_tags(Resources=[task_id], Tags=ec2_tags(work.tags))
        return task_id

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The task."""
        return self._stage.describe(ec2, task_id)

    def find(self, work: Work) -> Task | None:
        """The task, once it was marked."""
        return self._stage.find(work)

    def cancel(self, ec2: EC2Client, task: Task, reason: str) -> None:
        """Cancel it: from its adoption on it is the request's."""
        self._stage.cancel(ec2, task, reason)
