"""Executions in CloudWatch Logs, as a state machine's logging configuration wants them.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_local.background import Background
from vmie_local.workflows.execution import Execution

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

log = logging.getLogger(__name__)

_MOST_PER_CALL = 1000
_FATAL = {"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"}
_DATA = ("input", "output", "parameters", "cause")


class ExecutionLog:
    """Writes the history of an execution to its log groups when it has ended."""

    def __init__(self, cloud: LocalAws, background: Background) -> None:
        """Write in the background."""
        self._cloud, self._background = cloud, background

    def ended(self, execution: Execution) -> None:
        """Write what the configuration of its state machine asks for."""
        wanted = execution.revision.settings.get("loggingConfiguration") or {}
        if wanted.get("level", "OFF") == "OFF":
            return
        entries = [
            _entry(execution, event, with_data=bool(wanted.get("includeExecutionData")))
            for event in execution.history.events
            if _wanted(event["type"], wanted["level"])
        ]
        for destination in wanted.get("destinations") or ():
            arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
            self._background.submit(self._write, execution, arn, entries)

    def _write(self, execution: Execution, group_arn: str, entries: list[str]) -> None:
        group = group_arn.split(":log-group:")[1].removesuffix(":*")
        machine = execution.revision.name
        stream = f"states/{machine}/{execution.clock.iso()[:10]}/{execution.name}/{execution.redrive_count}"
        client = self._cloud.client("logs", region=group_arn.split(":")[3])
        now = int(time.time() * 1000)
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
            for start in range(0, len(entries), _MOST_PER_CALL):
                part = [
                    {"timestamp": now, "message": entry} for entry in entries[start : start + _MOST_PER_CALL]
                ]
                client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=part)
        except ClientError as error:
            log.warning("The log of %s could not be written: %s", execution.arn, error)


def _wanted(kind: str, level: str) -> bool:
    if level == "ALL":
        return True
    if level == "FATAL":
        return kind in _FATAL
    return kind in _FATAL or kind.endswith(("Failed", "TimedOut"))


def _entry(execution: Execution, event: dict[str, Any], *, with_data: bool) -> str:
    details: dict[str, Any] = next((value for value in event.values() if isinstance(value, dict)), {})
    if not with_data:
        details = {name: value for name, value in details.items() if name not in _DATA}
    return json.dumps(
        {
            "id": str(event["id"]),
            "type": event["type"],
            "details": details,
            "redrive_count": str(execution.redrive_count),
            "previous_event_id": str(event["previousEventId"]),
            "event_timestamp": str(int(event["timestamp"] * 1000)),
            "execution_arn": execution.arn,
        }
    )
