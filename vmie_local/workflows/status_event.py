"""The event that tells that an execution's status has changed.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

from typing import Any

from vmie_local.events.event import Event
from vmie_local.workflows.execution import Execution

# Larger inputs and outputs are left out of the event.
_MOST_BYTES = 248 * 1024


def status_event(execution: Execution) -> Event:
    """The event for the present status."""
    _, _, _, region, account, *_ = execution.arn.split(":")
    revision = execution.revision
    given, given_details = _included(execution.input_text)
    output, output_details = _included(execution.output)
    version_arn = f"{revision.arn}:{revision.version}" if revision.version else None
    detail: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": revision.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _millis(execution.started_at),
        "stopDate": _millis(execution.stopped_at),
        "input": given,
        "output": output,
        "stateMachineVersionArn": version_arn,
        "stateMachineAliasArn": None,
        "redriveCount": execution.redrive_count,
        "redriveDate": _millis(execution.redriven_at),
        "redriveStatus": redrive_status(execution),
        "redriveStatusReason": redrive_reason(execution),
        "inputDetails": given_details,
        "outputDetails": output_details,
        "error": execution.error,
        "cause": execution.cause,
    }
    return Event(
        account=account,
        region=region,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        detail=detail,
        time=execution.clock.now(),
        resources=(execution.arn,),
    )


def redrive_status(execution: Execution) -> str:
    """Whether the execution could be redriven."""
    return "REDRIVABLE" if execution.status in ("FAILED", "ABORTED", "TIMED_OUT") else "NOT_REDRIVABLE"


def redrive_reason(execution: Execution) -> str | None:
    """Why the execution cannot be redriven."""
    if redrive_status(execution) == "REDRIVABLE":
        return None
    return f"Execution is {execution.status} and cannot be redriven"


def _included(text: str | None) -> tuple[str | None, dict[str, bool] | None]:
    if text is None:
        return None, None
    fits = len(text.encode()) <= _MOST_BYTES
    return (text if fits else None), {"included": fits}


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)
