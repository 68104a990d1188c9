"""Validate request: may this be imported, and is its source still the one that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime import object_keys, source_objects
from vmie_runtime.aws import client
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.moments import after
from vmie_runtime.observability import logger
from vmie_runtime.request import Request
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check the request and its source; hand the source on to the inspection.

    Raises:
        RequestRejected: If the request cannot be done.
        RequestFailure: If its source is gone or another one.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.find_request(table)
    if request is None:
        raise RequestRejected(
            "DirectStartUnavailable",
            "This execution was not started for a waiting request. "
            "Imports start by dropping an image under images/.",
        )
    table.update(request.id, {"execution_arn": step.execution_arn, **_times(request, step.now)})
    if request.superseded:
        raise RequestFailure(
            "SourceChanged",
            f"{request.source.key!r} was overwritten before its import began; "
            "the newer object has a request of its own.",
        )
    if request.source.bucket != settings().import_bucket:
        raise RequestRejected("BucketNotAllowed", f"{request.source.bucket} is not the import bucket.")
    format_ = object_keys.image_format(request.source.key)
    s3 = client("s3")
    head = source_objects.require_unchanged(s3, request.source)
    source_objects.require_readable(head, request.source)
    if not source_objects.tag_with_request(s3, request.source, request.id):
        logger.warning("The source object could not be tagged", extra={"request_id": request.id})
    return {
        "Source": {
            "Bucket": request.source.bucket,
            "Key": request.source.key,
            "ETag": request.source.etag,
            "Size": request.source.size,
            "Format": format_,
        }
    }


def _times(request: Request, now: str) -> dict[str, str]:
    """When the request began and must have ended, by the execution's own time.

    The reconciler admits with the time of whatever woke it; an event may have lain in the queue for days.
    """
    if request.task_id is not None:
        return {}
    return {"started_at": now, "deadline_at": after(now, settings().deadline_seconds)}
