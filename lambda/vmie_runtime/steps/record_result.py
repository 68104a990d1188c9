"""Record result: write the outcome, tell whoever listens and return the lease; or queue the request again."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmie_runtime.import_request import OpenState, Status
from vmie_runtime.moments import after
from vmie_runtime.observability import logger
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
        The outcome, for the execution's own end.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.find_request(table)
    if request is None:
        return {"Status": "Unknown", "Error": {"Code": "RequestNotOpen", "Message": "The request has ended."}}
    if event.get("ReturnToQueue"):
        not_before = after(step.now, random.uniform(*_QUEUE_AGAIN_SECONDS))  # noqa: S311 - jitter, no secret
        returned = table.return_to_queue(request.id, not_before=not_before)
        # An earlier run of this step may have returned it and died before it could tell.
        if returned or request.open_state is OpenState.QUEUED:
            queued = replace(request, status=Status.QUEUED, open_state=OpenState.QUEUED)
            publisher().publish_step(queued, event="Queued", now=step.now)
        return {"Status": Status.QUEUED.value, "NotBefore": not_before}
    if request.outcome is None:
        raise RuntimeError(f"The request {request.id} has no outcome to record.")
    publisher().publish_end(request, now=step.now)
    return request.outcome
