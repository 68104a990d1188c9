"""Finish import: the AMI is of the right bytes, carries our tags and is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import import_tasks, source_objects
from vmie_runtime.aws import client, error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestFailure, TransientServiceError
from vmie_runtime.import_tasks import REQUEST_ID_TAG, WORKFLOW_TAG, ec2_tags
from vmie_runtime.next_steps import after_image_import
from vmie_runtime.observability import logger
from vmie_runtime.outcomes import success_outcome
from vmie_runtime.request import Request
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_ec2 import EC2Client

SOURCE_TAG = "vmie:source"
_MOST_TAG_VALUE = 256  # characters, EC2 user guide, "Tag restrictions"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Compare the source once more, tag the AMI and its snapshots, and keep the outcome.

    Raises:
        RequestFailure: If the source changed while it was imported; cleaning up removes the AMI.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.require_request(table)
    if request.outcome is not None:
        return  # Kept by a run of this step that did not live to say so, or by the reconciler.
    ec2 = client("ec2")
    source_objects.require_unchanged(client("s3"), request.source)
    task = import_tasks.describe(ec2, request.task_id or "")
    if task is None or task.image_id is None:
        raise RequestFailure("TaskLost", f"The task {request.task_id} ended without an AMI.")
    _tag(ec2, [task.image_id, *task.snapshot_ids], _tags(request, settings().requests_table))
    outcome = success_outcome(
        image_id=task.image_id,
        snapshot_ids=list(task.snapshot_ids),
        region=settings().region,
        next_steps=after_image_import(task.image_id),
    )
    table.update(request.id, {"outcome": outcome, "phase": None, "progress": None}, unset="outcome")


def _tag(ec2: EC2Client, resources: list[str], tags: dict[str, str]) -> None:
    try:
        with transient_errors_named():
            ec2.create_tags(Resources=resources, Tags=ec2_tags(tags))
    except ClientError as error:
        if "NotFound" not in error_code(error):
            raise
        # The task names them, so they are there: EC2's answers are eventually consistent.
        raise TransientServiceError(f"CreateTags: {error_message(error)}") from error


def _tags(request: Request, workflow: str) -> dict[str, str]:
    name = request.source.key.rsplit("/", 1)[-1]
    return {
        "Name": name[:_MOST_TAG_VALUE],
        **settings().import_defaults.get("Tags", {}),
        REQUEST_ID_TAG: request.id,
        WORKFLOW_TAG: workflow,
        SOURCE_TAG: f"s3://{request.source.bucket}/{request.source.key}"[:_MOST_TAG_VALUE],
    }
