"""Record result: write the outcome, tell whoever listens and return the lease; or queue the request again.

The execution of a request that did not succeed fails here, with the result's code as its error, after the
result is written. When it is redriven, this step runs again: the request gets a new attempt. So does one that
the service failed by its own fault, as long as the request has attempts left.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from vmie_runtime.moments import after
from vmie_runtime.observability import logger
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import publisher, requests_table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Others use the account's quota too: seconds until the next try, spread so that many do not try at once.
_QUEUE_AGAIN_SECONDS = (60.0, 300.0)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record how the request ends.

    Returns:
        The outcome of a request that succeeded, or when a queued one is tried again.

    Raises:
        Exception: named by the result's code, where the request did not succeed.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    redriven = int(event.get("RedriveCount", 0)) > 0
    request = step.find_request(table)
    if request is None:
        return _after_the_end(table, step, event.get("Outcome", {}), redriven=redriven)
    # An earlier run of this step may have queued it again and died before it could tell. One that has an
    # outcome in the queue was never admitted, and ends.
    queued_again = request.open_state is OpenState.QUEUED and request.outcome is None
    if queued_again and (redriven or not event.get("ReturnToQueue")):
        return {"Status": Status.QUEUED.value}
    if event.get("ReturnToQueue"):
        return _queue_again(table, request, step, attempt=None)
    if request.outcome is None:
        raise RuntimeError(f"The request {request.id} has no outcome to record.")
    if request.outcome.get("Retryable") and request.attempt < request.attempts and request.stop is None:
        logger.info("The service failed by its own fault; a new attempt follows", extra={"id": request.id})
        return _queue_again(table, request, step, attempt=request.attempt + 1)
    publisher().publish_end(request, now=step.now)
    return _end_of_execution(request.outcome)


def _queue_again(
    table: RequestsTable, request: Request, step: StepEvent, *, attempt: int | None
) -> dict[str, Any]:
    not_before = after(step.now, random.uniform(*_QUEUE_AGAIN_SECONDS))  # noqa: S311 - jitter, no secret
    table.return_to_queue(request, not_before=not_before, attempt=attempt)
    queued = table.find(request.id)
    if queued is not None and queued.open_state is OpenState.QUEUED:
        publisher().publish_step(queued, event="Queued", now=step.now)
    return {"Status": Status.QUEUED.value, "NotBefore": not_before}


def _after_the_end(
    table: RequestsTable, step: StepEvent, outcome: dict[str, Any], *, redriven: bool
) -> dict[str, Any]:
    """Go on where the request is recorded already, or where there is none."""
    request = table.find(step.request_id)
    if request is None or not step.carries(request):
        return _end_of_execution(outcome)
    recorded = request.outcome or outcome
    if not redriven or recorded.get("Status") == Status.SUCCEEDED:
        return _end_of_execution(recorded)
    reopened = table.reopen(request, now=step.now)
    if reopened is not None:
        publisher().publish_step(reopened, event="Queued", now=step.now)
    return {"Status": Status.QUEUED.value}


def _end_of_execution(outcome: dict[str, Any]) -> dict[str, Any]:
    if outcome.get("Status") == Status.SUCCEEDED:
        return outcome
    error = outcome.get("Error", {"Code": "RequestNotOpen", "Message": "The request has ended."})
    # Step Functions takes the name of the exception's class for the execution's error.
    raise type(str(error["Code"]), (Exception,), {})(error["Message"])
