"""How a request ends that did not succeed: its status, and its error with cause and remedy."""

from __future__ import annotations

from typing import Any

from vmie_runtime.diagnosis import Diagnosis, own_failure
from vmie_runtime.errors import RequestRejected
from vmie_runtime.executions import Execution
from vmie_runtime.request import Request, Status


def failure_outcome(status: Status, diagnosis: Diagnosis) -> dict[str, Any]:
    """The outcome of a request that did not succeed."""
    outcome: dict[str, Any] = {"Status": status.value, "Error": diagnosis.to_document()}
    return {**outcome, "Retryable": True} if diagnosis.retryable else outcome


def rejection_outcome(rejection: RequestRejected) -> dict[str, Any]:
    """The outcome of a request that asks for what cannot be done."""
    return failure_outcome(Status.REJECTED, own_failure(rejection.code, rejection.text, **rejection.facts))


def unrecorded_outcome(request: Request, execution: Execution | None) -> dict[str, Any]:
    """The outcome of a request whose execution ended without one."""
    if request.stop is not None:
        diagnosis = own_failure(request.stop["Code"], request.stop["Message"])
        return failure_outcome(Status.CANCELLED, diagnosis)
    if execution is None:
        message = f"{request.label} ended before it was started."
        return failure_outcome(Status.CANCELLED, own_failure("ExecutionStopped", message))
    if execution.status == "ABORTED":
        cause = f": {execution.cause}" if execution.cause else "."
        message = f"The execution of this request was stopped by hand{cause}"
        return failure_outcome(Status.CANCELLED, own_failure("ExecutionStopped", message))
    if execution.status == "TIMED_OUT":
        message = "The execution of this request ran longer than its state machine allows."
        return failure_outcome(Status.TIMED_OUT, own_failure("DeadlineExceeded", message))
    message = f"The execution ended {execution.status} ({execution.error}): {execution.cause}"
    return failure_outcome(Status.FAILED, own_failure("InternalError", message))
