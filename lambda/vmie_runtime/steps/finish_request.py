"""Finish request: what was made is made sure of and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime.finishing.exports import finish_export
from vmie_runtime.finishing.imports import finish_import
from vmie_runtime.observability import logger
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import requests_table, settings, work_on

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_ENDS = {"import": finish_import, "export": finish_export}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Make sure of what was made, and keep the outcome.

    Raises:
        RequestFailure: If it is not what was asked for; cleaning up removes it.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.require_request(table)
    if request.outcome is not None:
        return  # Kept by a run of this step that did not live to say so, or by the reconciler.
    outcome = _ENDS[settings().workflow_kind](work_on(request, now=step.now))
    table.update(request.id, {"outcome": outcome, "phase": None, "progress": None}, unset="outcome")
