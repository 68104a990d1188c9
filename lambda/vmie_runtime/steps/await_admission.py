"""Await admission: a request that somebody started directly queues as every other does.

The execution waits with a task token, which costs nothing, until the reconciler admits it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import client, transient_errors_named
from vmie_runtime.errors import RequestRejected
from vmie_runtime.failure_outcomes import rejection_outcome
from vmie_runtime.intake_messages import ADMISSION_WANTED
from vmie_runtime.observability import logger
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.request_documents import parse_start
from vmie_runtime.request_entries import request_fields, require_operation_of
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import publisher, requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Queue the request that the execution's input is, and keep the token that continues it.

    Raises:
        RequestRejected: If the input is no request, or one that this workflow does not do.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    queued: dict[str, Any] = {
        "id": step.request_id,
        "source": None,
        "status": Status.QUEUED,
        "open_state": OpenState.QUEUED,
        "queued_at": step.now,
        "direct": True,
        "operation": "",  # Until it is read: a rejected one may ask for anything.
        "method": None,
        "execution_arn": step.execution_arn,
        "task_token": event["TaskToken"],
    }
    try:
        document = parse_start(event["Input"])
        require_operation_of(settings().workflow_kind, document)
    except RequestRejected as rejection:
        _record(rejection, Request(**queued), step)
        raise
    if table.create(Request(**{**queued, **request_fields(document)})):
        request = table.find(step.request_id)
        if request is not None:
            publisher().publish_step(request, event="Queued", now=step.now)
    else:  # An earlier run of this step died, or the request queues again: the newest token counts.
        table.update(step.request_id, {"task_token": event["TaskToken"]})
    with transient_errors_named():
        client("sqs").send_message(
            QueueUrl=settings().queue_url,
            MessageBody=json.dumps({"detail-type": ADMISSION_WANTED, "time": step.now}),
        )


def _record(rejection: RequestRejected, request: Request, step: StepEvent) -> None:
    """Write the rejection down as the result of a request of its own."""
    outcome = rejection_outcome(rejection)
    ending = replace(request, outcome=outcome, open_state=OpenState.ENDING, task_token=None)
    requests_table().create(ending)
    publisher().publish_end(ending, now=step.now)
