"""CreateInstanceExportTask: the service writes an instance's disk as a file, or packs it in an appliance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.made import Made
from vmie_runtime.stages.export_tasks import DEFAULT_PREFIX, ExportTaskStage, description, tag_specifications
from vmie_runtime.stages.stage import Task, Work, plain_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_STATUS = {"active": "active", "cancelling": "deleting", "cancelled": "deleted", "completed": "completed"}


class CreateInstanceExportTask(ExportTaskStage):
    """A task that ends in a file of an instance's disk.

    The call takes no token: its tags tell whether it was made before.
    """

    operation = "CreateInstanceExportTask"
    shows_progress = False

    def start(self, work: Work) -> str:
        """Call CreateInstanceExportTask."""
        with transient_errors_named():
            answer = work.ec2.create_instance_export_task(**export_instance_parameters(work))
        return answer["ExportTask"]["ExportTaskId"]

    def _described(self, ec2: EC2Client, task_id: str) -> Iterator[Task]:
        answer = ec2.describe_export_tasks(ExportTaskIds=[task_id])
        yield from map(_task, answer["ExportTasks"])

    def _tasks(self, ec2: EC2Client) -> Iterator[Task]:
        # The operation has no pages, and its answer may hold the tasks of ExportImage too.
        with transient_errors_named():
            answer = ec2.describe_export_tasks()
        yield from (
            _task(described) for described in answer["ExportTasks"] if "InstanceExportDetails" in described
        )


def export_instance_parameters(work: Work) -> Any:
    """What CreateInstanceExportTask is called with."""
    parameters = work.request.parameters
    return {
        **parameters,
        "Description": description(work),
        "ExportToS3Task": {
            "S3Bucket": work.settings.bucket,
            "S3Prefix": DEFAULT_PREFIX,
            **parameters["ExportToS3Task"],
        },
        "TagSpecifications": tag_specifications(work, "export-instance-task"),
    }


def _task(described: Any) -> Task:
    target = described.get("ExportToS3Task", {})
    written = (f"s3://{target['S3Bucket']}/{target['S3Key']}",) if "S3Key" in target else ()
    return Task(
        id=described["ExportTaskId"],
        status=_STATUS[described.get("State", "active")],
        phase=described.get("StatusMessage") or None,
        made=Made(exports=written),
        tags=plain_tags(described.get("Tags", [])),
    )
