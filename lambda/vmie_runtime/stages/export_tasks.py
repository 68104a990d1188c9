"""The tasks of ExportImage and CreateInstanceExportTask: what both have alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.stages.stage import Stage, Task, Work, asked_tags, ec2_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

DEFAULT_PREFIX = "exports/"
"""Where exports lie unless a request names a place below it."""

# EC2's codes for a task that it does not know, or has forgotten; which of them DescribeExportImageTasks
# answers with nobody has published.
_UNKNOWN = ("InvalidExportTaskID", "InvalidExportImageTaskId", "InvalidConversionTaskId")


class ExportTaskStage(Stage):
    """A stage that runs an export task."""

    is_export_task = True
    first_look_after = 20

    def active(self, ec2: EC2Client) -> Iterator[Task]:
        """Every task of this kind that runs, whoever started it."""
        yield from (task for task in self._tasks(ec2) if task.status == "active")

    def ended(self, ec2: EC2Client) -> Iterator[Task]:
        """Every task of this kind that ended and that EC2 still shows, whoever started it."""
        yield from (task for task in self._tasks(ec2) if task.ended)

    def find(self, work: Work) -> Task | None:
        """The task that carries the tags of this stage of this attempt."""
        wanted = work.tags.items()
        return next((task for task in self._tasks(work.ec2) if wanted <= task.tags.items()), None)

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The task; what it writes is known from its start, and there once it has completed."""
        try:
            with transient_errors_named():
                return next(iter(self._described(ec2, task_id)), None)
        except ClientError as error:
            if not error_code(error).startswith(_UNKNOWN):
                raise
            return None

    def cancel(self, ec2: EC2Client, task: Task, reason: str) -> None:  # noqa: ARG002 - EC2 keeps none
        """Ask EC2 to cancel the task, which takes away what it wrote.

        One that has just ended is left as it is, and so is one that sends its last bytes: EC2 refuses to
        cancel it (VM Import/Export User Guide, "Cancel an export image task"), and its file goes once it has
        completed.
        """
        if task.status != "active":
            return
        try:
            with transient_errors_named():
                ec2.cancel_export_task(ExportTaskId=task.id)
        except ClientError as error:
            if error_code(error) in ("UnauthorizedOperation", "AccessDenied"):
                raise

    @abstractmethod
    def _described(self, ec2: EC2Client, task_id: str) -> Iterator[Task]:
        """The task of an id, as EC2 describes it."""

    @abstractmethod
    def _tasks(self, ec2: EC2Client) -> Iterator[Task]:
        """Every task of this kind that EC2 still knows."""


def tag_specifications(work: Work, resource_type: str) -> Any:
    """The tags that a task is started with: those asked for, and those that tell it as ours."""
    tags = {**work.request.options.get("Tags", {}), **asked_tags(work.request, resource_type), **work.tags}
    return [{"ResourceType": resource_type, "Tags": ec2_tags(tags)}]


def description(work: Work) -> str:
    """The description of a task whose request gives none."""
    return str(work.request.parameters.get("Description") or f"Exported by {work.request.label}"[:255])
