"""ExportImage: the service writes an AMI's disk as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.errors import TaskQuotaExceeded
from vmie_runtime.made import Made
from vmie_runtime.stages.export_tasks import DEFAULT_PREFIX, ExportTaskStage, description, tag_specifications
from vmie_runtime.stages.stage import Task, Work, plain_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


class ExportImage(ExportTaskStage):
    """A task that ends in a file of one disk."""

    operation = "ExportImage"
    has_token = True

    def __init__(self, disk_image_format: str | None = None) -> None:
        """Export to a format.

        Args:
            disk_image_format: `VMDK`, `VHD` or `RAW`, which tasks do not tell. Default: unknown, and with it
                the names of what tasks write.
        """
        self._format = disk_image_format

    def start(self, work: Work) -> str:
        """Call ExportImage, unless the AMI is being exported already.

        Raises:
            TaskQuotaExceeded: If it is: EC2 runs one such task per AMI (VM Import/Export User Guide,
                "Considerations for image export"), and the request waits for its turn.
        """
        image_id = work.request.parameters["ImageId"]
        for task, exported in self._exports(work.ec2):
            if exported != image_id or task.status != "active":
                continue
            if work.tags.items() <= task.tags.items():
                return task.id
            raise TaskQuotaExceeded(f"{task.id} exports {image_id} already; EC2 runs one at a time.")
        with transient_errors_named():
            return work.ec2.export_image(**export_image_parameters(work))["ExportImageTaskId"]

    def _described(self, ec2: EC2Client, task_id: str) -> Iterator[Task]:
        answer = ec2.describe_export_image_tasks(ExportImageTaskIds=[task_id])
        yield from map(self._task, answer["ExportImageTasks"])

    def _tasks(self, ec2: EC2Client) -> Iterator[Task]:
        yield from (task for task, _ in self._exports(ec2))

    def _exports(self, ec2: EC2Client) -> Iterator[tuple[Task, str | None]]:
        """Every task with the AMI that it exports."""
        with transient_errors_named():
            for page in ec2.get_paginator("describe_export_image_tasks").paginate():
                for described in page["ExportImageTasks"]:
                    yield self._task(described), described.get("ImageId")

    def _task(self, described: Any) -> Task:
        return Task(
            id=described["ExportImageTaskId"],
            status=described.get("Status", "active"),
            phase=described.get("StatusMessage") or None,
            progress=described.get("Progress") or None,
            made=Made(exports=self._files(described)),
            tags=plain_tags(described.get("Tags", [])),
        )

    def _files(self, described: Any) -> tuple[str, ...]:
        location = described.get("S3ExportLocation", {})
        if self._format is None or "S3Bucket" not in location:
            return ()
        name = f"{described['ExportImageTaskId']}.{self._format.lower()}"
        return (f"s3://{location['S3Bucket']}/{location.get('S3Prefix', '')}{name}",)


def export_image_parameters(work: Work) -> Any:
    """What ExportImage is called with."""
    request = work.request
    return {
        **request.parameters,
        "Description": description(work),
        "S3ExportLocation": {
            "S3Bucket": work.settings.bucket,
            "S3Prefix": DEFAULT_PREFIX,
            **request.parameters.get("S3ExportLocation", {}),
        },
        "RoleName": request.role_name or work.settings.service_role_name,
        "ClientToken": request.token,
        "TagSpecifications": tag_specifications(work, "export-image-task"),
    }
