"""What an import made is of the right bytes and carries our tags."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import cleaning, next_steps, source_objects
from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestFailure, TagNotSeenYet, TransientServiceError
from vmie_runtime.leavings import left_behind
from vmie_runtime.made import Made
from vmie_runtime.object_keys import file_name
from vmie_runtime.observability import logger
from vmie_runtime.outcomes import success_outcome
from vmie_runtime.request import Request
from vmie_runtime.stages import artefacts
from vmie_runtime.stages.containers import given_snapshots
from vmie_runtime.stages.orphans import FINISHED
from vmie_runtime.stages.stage import REQUEST_ID_TAG, STAGE_TAG, WORKFLOW_TAG, Work, ec2_tags
from vmie_runtime.wiring import requests_table, settings

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

SOURCE_TAG = "vmie:source"
_MOST_TAG_VALUE = 256  # characters, EC2 user guide, "Tag restrictions"


def finish_import(work: Work) -> dict[str, Any]:
    """Compare the disks once more and tag what was made.

    Returns:
        The outcome.

    Raises:
        RequestFailure: If a disk changed while it was imported, or nothing was made.
    """
    request = work.request
    for disk in request.disks:
        source_objects.require_same_disk(work.s3, disk)
    if not request.dry_run:
        _require_something(request)
        _tag(work.ec2, _all_of(request.made, request), _tags(request, work.workflow))
        request = _remove_replaced(work.ec2, request)
        cleaning.remove_manifests(work)
    return success_outcome(
        request.made,
        region=work.settings.region,
        next_steps=next_steps.of_request(request, work.settings.region),
    )


def _require_something(request: Request) -> None:
    made = request.made
    if request.operation == "ImportImage" and made.image_id is None:
        raise RequestFailure("TaskLost", f"The task {request.import_task_id} ended without an AMI.")
    if request.operation == "ImportSnapshot" and not made.snapshot_ids:
        raise RequestFailure("TaskLost", f"The task {request.import_task_id} ended without a snapshot.")
    if request.operation == "ImportInstance" and not made.instance_ids:
        raise RequestFailure("TaskLost", f"The task {request.import_task_id} ended without an instance.")
    if request.operation == "ImportVolume" and not made.volume_ids:
        raise RequestFailure("TaskLost", f"The task {request.import_task_id} ended without a volume.")


def _remove_replaced(ec2: EC2Client, request: Request) -> Request:
    """Remove the image that a copy has replaced; one that may not be removed is no reason to fail.

    Returns:
        The request, with advice about what was left.
    """
    made = request.made
    replaced = Made(image_ids=made.replaced_image_ids, snapshot_ids=made.replaced_snapshot_ids)
    tags = {REQUEST_ID_TAG: request.id, WORKFLOW_TAG: settings().requests_table}
    try:
        artefacts.remove(ec2, replaced, tags, keep=given_snapshots(request.parameters))
    except ClientError as error:
        logger.exception("What a copy has replaced could not be removed", extra={"request_id": request.id})
        advice = [*request.advice, left_behind(replaced, error)]
        requests_table().update(request.id, {"advice": advice})
        return dataclasses.replace(request, advice=advice)
    return request


def _all_of(made: Made, request: Request) -> list[str]:
    ids = (*made.image_ids, *made.snapshot_ids, *made.volume_ids, *made.instance_ids)
    return [each for each in ids if each not in given_snapshots(request.parameters)]


def _tag(ec2: EC2Client, resources: list[str], tags: dict[str, str]) -> None:
    try:
        with transient_errors_named():
            ec2.create_tags(Resources=resources, Tags=ec2_tags(tags))
    except ClientError as error:
        code = error_code(error)
        if code == "UnauthorizedOperation":
            # An instance and its volumes may be tagged by the tag that they got a moment ago.
            raise TagNotSeenYet(code, error_message(error), Operation="CreateTags", AwsCode=code) from error
        if "NotFound" not in code:
            raise
        # The task names them, so they are there: EC2's answers are eventually consistent.
        raise TransientServiceError(f"CreateTags: {error_message(error)}") from error


def _tags(request: Request, workflow: str) -> dict[str, str]:
    disk = request.disks[0] if request.disks else None
    source = f"s3://{disk['Bucket']}/{disk['Key']}" if disk else ""
    named = request.options.get("Name") or (file_name(disk["Key"]) if disk else request.id)
    tags = {
        "Name": _taggable(named),
        **request.options.get("Tags", {}),
        **settings().import_defaults.get("Tags", {}),
        REQUEST_ID_TAG: request.id,
        STAGE_TAG: FINISHED,
        WORKFLOW_TAG: workflow,
    }
    return {**tags, SOURCE_TAG: _taggable(source)} if source else tags


def _taggable(text: str) -> str:
    """A text as the value of a tag: no control characters, at most 256 characters."""
    plain = "".join(character if character.isprintable() else "?" for character in text)
    return plain[:_MOST_TAG_VALUE]
