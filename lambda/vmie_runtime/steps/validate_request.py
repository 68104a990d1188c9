"""Validate request: may this be done, and is there what it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.moments import after
from vmie_runtime.observability import logger
from vmie_runtime.request import Request
from vmie_runtime.request_documents import duration_seconds
from vmie_runtime.stages.plan import longest_seconds
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.validation.exports import validate_export
from vmie_runtime.validation.imports import validate_import
from vmie_runtime.wiring import requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_VALIDATIONS = {"import": validate_import, "export": validate_export}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check the request and what it names; hand an import's disks on to the inspection.

    Raises:
        RequestRejected: If the request cannot be done, or its owner may not ask for it.
        RequestFailure: If a disk is gone or another one.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.find_request(table)
    if request is None:
        raise RequestRejected(
            "RequestNotOpen", "This execution was started for a request that does not wait."
        )
    times = _times(request, step.now)
    table.update(request.id, {"execution_arn": step.execution_arn, **times})
    if request.superseded:
        raise RequestFailure(
            "SourceChanged",
            f"{request.label} was overwritten before its request began; "
            "the newer object has a request of its own.",
        )
    changes = _VALIDATIONS[settings().workflow_kind](request, context.invoked_function_arn)
    table.update(request.id, changes)
    return {"Disks": changes.get("disks", []), "Region": settings().region}


def _times(request: Request, now: str) -> dict[str, str]:
    """When the request began and must have ended, by the execution's own time.

    The reconciler admits with the time of whatever woke it; an event may have lain in the queue for days.
    """
    own, longest = settings().deadline_seconds, longest_seconds(request)
    most = min(own, longest)
    asked = duration_seconds(str(request.options.get("Deadline", ""))) or most
    if most < asked <= own:
        raise RequestRejected(
            "DeadlineBeyondUrls",
            f"Vmie.Deadline is {request.options['Deadline']}; {request.operation} reads its disks by "
            f"presigned URLs, which last {most} seconds here.",
            seconds=most,
        )
    if asked > most:
        raise RequestRejected(
            "DeadlineTooLong",
            f"Vmie.Deadline is {request.options['Deadline']}; the stack's own deadline is {own} seconds.",
            seconds=own,
        )
    if request.task_id is not None and request.started_at is not None:
        return {}
    return {"started_at": now, "deadline_at": after(now, asked)}
