"""EC2 import tasks: described, found by tag, cancelled, and their leavings removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.request import Request

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import FilterTypeDef

REQUEST_ID_TAG = "vmie:request-id"
ATTEMPT_TAG = "vmie:attempt"
WORKFLOW_TAG = "vmie:workflow"
# The service forgets a task after 7 days and then answers with this code (EC2 API reference, retention).
_UNKNOWN_TASK = ("InvalidConversionTaskId.Malformed", "InvalidConversionTaskId")


@dataclass(frozen=True, kw_only=True)
class ImportTask:
    """An import task as DescribeImportImageTasks shows it.

    Attributes:
        id: The task's id.
        status: `active`, `deleting`, `deleted` or `completed`.
        phase: The StatusMessage; None once completed.
        progress: A percentage as text; never monotone, never a condition.
        image_id: The AMI, once there is one.
        snapshot_ids: The snapshots made so far.
        tags: The task's tags.
    """

    id: str
    status: str
    phase: str | None
    progress: str | None
    image_id: str | None
    snapshot_ids: tuple[str, ...]
    tags: dict[str, str]

    @classmethod
    def from_description(cls, task: Any) -> Self:
        """Read one element of `ImportImageTasks`."""
        details = task.get("SnapshotDetails", [])
        return cls(
            id=task["ImportTaskId"],
            status=task.get("Status", "active"),
            phase=task.get("StatusMessage") or None,
            progress=task.get("Progress") or None,
            image_id=task.get("ImageId") or None,
            snapshot_ids=tuple(detail["SnapshotId"] for detail in details if detail.get("SnapshotId")),
            tags={tag["Key"]: tag["Value"] for tag in task.get("Tags", [])},
        )

    @property
    def ended(self) -> bool:
        """Tell whether the task changes no more."""
        return self.status in ("completed", "deleted")


def describe(ec2: EC2Client, task_id: str) -> ImportTask | None:
    """The task of an id, or None where the service does not know it."""
    try:
        with transient_errors_named():
            found = ec2.describe_import_image_tasks(ImportTaskIds=[task_id])["ImportImageTasks"]
    except ClientError as error:
        if error_code(error) in _UNKNOWN_TASK:
            return None
        raise
    return ImportTask.from_description(found[0]) if found else None


def of_workflow(ec2: EC2Client, workflow: str, *, active_only: bool) -> Iterator[ImportTask]:
    """The tasks that carry the workflow's tag.

    Args:
        ec2: The EC2 client.
        workflow: The value of `vmie:workflow`.
        active_only: Leave out what has ended. `task-state` is the only filter the API documents; tags are
            compared here.
    """
    filters: list[FilterTypeDef] = [{"Name": "task-state", "Values": ["active"]}] if active_only else []
    pages = ec2.get_paginator("describe_import_image_tasks").paginate(Filters=filters)
    with transient_errors_named():
        for page in pages:
            for description in page["ImportImageTasks"]:
                task = ImportTask.from_description(description)
                if task.tags.get(WORKFLOW_TAG) == workflow:
                    yield task


def find(ec2: EC2Client, workflow: str, request: Request) -> ImportTask | None:
    """The task of a request's attempt, also where a function died before it could write the id down."""
    if request.task_id is not None:
        return describe(ec2, request.task_id)
    tags = tags_of(request, workflow).items()
    return next(
        (task for task in of_workflow(ec2, workflow, active_only=False) if tags <= task.tags.items()), None
    )


def tags_of(request: Request, workflow: str) -> dict[str, str]:
    """The tags that tell a task as ours."""
    return {REQUEST_ID_TAG: request.id, ATTEMPT_TAG: str(request.attempt), WORKFLOW_TAG: workflow}


def cancel(ec2: EC2Client, task: ImportTask, reason: str) -> None:
    """Ask the service to cancel a task; one that has just ended is left as it is."""
    if task.status != "active":
        return
    try:
        with transient_errors_named():
            ec2.cancel_import_task(ImportTaskId=task.id, CancelReason=reason[:255])
    except ClientError:
        found = describe(ec2, task.id)
        if found is not None and found.status == "active":
            raise


def remove_artefacts(ec2: EC2Client, task: ImportTask, tags: dict[str, str]) -> None:
    """Deregister the AMI and delete the snapshots that a task made.

    They are tagged first: the role may remove only what carries the workflow's tag. A task that was cancelled
    still names the snapshots that the service has deleted with it: what is gone cannot be tagged, and what is
    not tagged may not be deleted.
    """
    images = _existing_images(ec2, task)
    snapshots = set(task.snapshot_ids)
    for image in images:
        for mapping in image.get("BlockDeviceMappings", []):
            if snapshot_id := mapping.get("Ebs", {}).get("SnapshotId"):
                snapshots.add(snapshot_id)
    found = {
        resource
        for resource in [*(image["ImageId"] for image in images), *sorted(snapshots)]
        if _still_there(lambda name=resource: ec2.create_tags(Resources=[name], Tags=ec2_tags(tags)))
    }
    for image_id in (image["ImageId"] for image in images if image["ImageId"] in found):
        _still_there(lambda name=image_id: ec2.deregister_image(ImageId=name))
    for snapshot_id in sorted(snapshots & found):
        _still_there(lambda name=snapshot_id: ec2.delete_snapshot(SnapshotId=name))


def ec2_tags(tags: dict[str, str]) -> list[Any]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _existing_images(ec2: EC2Client, task: ImportTask) -> list[Any]:
    if task.image_id is None:
        return []
    try:
        with transient_errors_named():
            return list(ec2.describe_images(ImageIds=[task.image_id])["Images"])
    except ClientError as error:
        if error_code(error) in ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"):
            return []
        raise


def _still_there(call: Any) -> bool:
    """Make a call about a resource; tell whether the resource was there."""
    try:
        with transient_errors_named():
            call()
    except ClientError as error:
        if error_code(error) == "InvalidSnapshot.InUse":
            # Its AMI was deregistered a moment ago, which EC2 has yet to see.
            raise TransientServiceError(f"DeleteSnapshot: {error_message(error)}") from error
        if "NotFound" not in error_code(error) and "Unavailable" not in error_code(error):
            raise
        return False
    return True
