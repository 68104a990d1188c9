"""The tasks of ImportImage and ImportSnapshot: what both have alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.stages.stage import Stage, Task, Work

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

# The service forgets a task after 7 days and then answers with this code (EC2 API reference, retention).
UNKNOWN_TASK = ("InvalidConversionTaskId.Malformed", "InvalidConversionTaskId")


class ImportTaskStage(Stage):
    """A stage that runs an import task."""

    is_import_task = True
    has_token = True
    first_look_after = 20

    described_by: ClassVar[str]
    """The method of EC2's client that describes tasks of this kind; its paginator is called alike."""

    described_as: ClassVar[str]
    """The member of its answer that holds the tasks."""

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The task as its Describe operation shows it."""
        try:
            with transient_errors_named():
                found = getattr(ec2, self.described_by)(ImportTaskIds=[task_id])[self.described_as]
        except ClientError as error:
            unless_unknown(error)
            return None
        return self._task(found[0]) if found else None

    def active(self, ec2: EC2Client) -> Iterator[Task]:
        """Every task of this kind that runs, whoever started it."""
        yield from self._pages(ec2, active_only=True)

    def find(self, work: Work) -> Task | None:
        """The task that carries the tags of this stage of this attempt."""
        wanted = work.tags.items()
        return next(
            (task for task in self._pages(work.ec2, active_only=False) if wanted <= task.tags.items()), None
        )

    def cancel(self, ec2: EC2Client, task: Task, reason: str) -> None:
        """Ask the service to cancel a task; one that has just ended is left as it is."""
        if task.status != "active":
            return
        try:
            with transient_errors_named():
                ec2.cancel_import_task(ImportTaskId=task.id, CancelReason=reason[:255])
        except ClientError:
            found = self.describe(ec2, task.id)
            if found is not None and found.status == "active":
                raise

    def _pages(self, ec2: EC2Client, *, active_only: bool) -> Iterator[Task]:
        # `task-state` is the only filter that the API documents; tags are compared by the caller.
        filters = [{"Name": "task-state", "Values": ["active"]}] if active_only else []
        pages = ec2.get_paginator(cast(Any, self.described_by)).paginate(Filters=filters)
        with transient_errors_named():
            for page in pages:
                yield from map(self._task, page[self.described_as])

    @abstractmethod
    def _task(self, described: Any) -> Task:
        """One task out of the answer."""


def unless_unknown(error: ClientError) -> None:
    """Let the error pass where it only says that the service does not know the task.

    Raises:
        ClientError: every other error.
    """
    if error_code(error) not in UNKNOWN_TASK:
        raise error
