"""Clean up: keep how the request ends, cancel its task and remove what it half made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime import cleaning
from vmie_runtime.errors import TaskStillEnding
from vmie_runtime.made import Made
from vmie_runtime.observability import logger
from vmie_runtime.request import Status
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import requests_table, work_on

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Leave nothing of a failed request behind.

    Returns:
        The outcome, for the execution's own end.

    Raises:
        TaskStillEnding: If the cancelled task has not ended yet.
    """
    step = StepEvent.from_event(event)
    outcome: dict[str, Any] = event["Outcome"]
    table = requests_table()
    request = step.find_request(table)
    if request is None:
        return outcome
    if request.outcome is not None and request.outcome["Status"] != Status.SUCCEEDED:
        outcome = request.outcome
    else:
        # A success that was kept and never recorded: the AMI goes below, so it is none any more.
        table.update(request.id, {"outcome": outcome})
    reason = str(outcome["Error"]["Code"])

    def remember(made: Made) -> None:
        table.update(step.request_id, {"made": made})

    if not cleaning.clean_up(work_on(request, now=step.now), reason=reason, remember=remember):
        raise TaskStillEnding(request.task_id)
    return outcome
