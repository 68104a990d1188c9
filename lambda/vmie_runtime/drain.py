"""Drain: before the stack's deletion takes the pipeline apart, everything that runs is ended.

The function answers CloudFormation directly as a custom resource. Creation and updates change nothing.
"""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vmie_runtime.moments import text
from vmie_runtime.observability import logger
from vmie_runtime.reconciler import reconciler

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_STOP = {"Code": "StackDeleted", "Message": "The stack was deleted while this request ran or waited."}
_PAUSE_SECONDS = 5
# Rounds in a row that must find nothing: a step under way when its execution stopped may still start a task.
_QUIET_ROUNDS = 3
_RESERVE_MILLISECONDS = 20_000


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Answer one request of CloudFormation."""
    reason = ""
    try:
        if event["RequestType"] == "Delete" and not drain(context):
            reason = (
                "Some requests could not be ended in time; the function's log names them and why. "
                "EC2 tasks that still run carry the tag vmie:workflow: cancel them with "
                "aws ec2 cancel-import-task or cancel-export-task. Then delete the stack again."
            )
    except Exception as error:  # noqa: BLE001 - CloudFormation waits an hour for an answer that never comes
        logger.exception("Draining failed")
        reason = f"{type(error).__name__}: {error}"
    _answer(event, reason)


def drain(context: LambdaContext) -> bool:
    """End every request and cancel every task; tell whether nothing was left when time ran out."""

    def time_is_left() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS

    quiet = 0
    while time_is_left():
        # CloudFormation sends no time along, and nothing here depends on it but the results' EndedAt.
        now = text(datetime.now(UTC))
        ended = reconciler().end_everything(now, stop=_STOP, time_is_left=time_is_left)
        quiet = quiet + 1 if ended else 0
        if quiet >= _QUIET_ROUNDS:
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _answer(event: dict[str, Any], reason: str) -> None:
    body = json.dumps(
        {
            "Status": "FAILED" if reason else "SUCCESS",
            "Reason": reason or "Nothing was running.",
            "PhysicalResourceId": event.get("PhysicalResourceId", "vmie-drain"),
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
        }
    ).encode()
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own presigned URL
        event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
