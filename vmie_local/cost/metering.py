"""Reading the quantities off a local AWS, by its own APIs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from vmie_local.cost.api_calls import RecordedCall, TableShape, usage_of_calls
from vmie_local.cost.executions import usage_of_history
from vmie_local.cost.function_logs import metric_hours, reports, usage_of_logging, usage_of_reports
from vmie_local.cost.prices import Charge
from vmie_local.cost.usage import Usage

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

# Sent by EventBridge, received and deleted by Lambda's poller.
_REQUESTS_PER_MESSAGE = 3
_UPLOADS = {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}


class Meter:
    """Counts what happens between `start` and `usage`, in the whole account."""

    def __init__(self, cloud: LocalAws) -> None:
        """Look at a local AWS.

        Args:
            cloud: It must be listening.
        """
        self._cloud = cloud
        self._since = ""
        self._lines_before: dict[str, int] = {}
        self._executions_before: set[str] = set()

    def start(self) -> None:
        """Count from now on."""
        self._since = self._cloud.clock.iso()
        self._lines_before = {group: len(self._lines(group)) for group in self._log_groups()}
        self._executions_before = set(self._executions())

    def usage(self) -> Usage:
        """What was used since `start`."""
        return Usage.total([*self._functions(), *self._histories(), self._requests()])

    def calls(self) -> list[RecordedCall]:
        """The calls of the account's roles since `start`, and uploads by anybody.

        What an administrator looks at is not the pipeline's. The call log keeps no parameters: a transaction
        counts as two writes, a PutEvents as one event.

        Raises:
            RuntimeError: If the log has forgotten calls since `start`.
        """
        with urllib.request.urlopen(f"{self._cloud.endpoint}/_vmie/calls") as answer:  # noqa: S310 - our own
            log = json.load(answer)
        if log["Forgotten"] and log["Calls"][0]["Time"] > self._since:
            raise RuntimeError("The call log has forgotten calls since the start; measure less at a time.")
        return [
            RecordedCall(service=entry["Service"], operation=entry["Operation"])
            for entry in log["Calls"]
            if entry["Time"] >= self._since and (entry["Role"] or _is_upload(entry))
        ]

    def _functions(self) -> Iterator[Usage]:
        queued = self._fed_by_queues()
        for function in self._pages("lambda", "list_functions", "Functions"):
            group = _log_group(function)
            lines = self._lines(group)[self._lines_before.get(group, 0) :]
            found = list(reports(lines))
            yield usage_of_reports(found, architecture=function.get("Architectures", ["x86_64"])[0])
            yield usage_of_logging(lines)
            yield metric_hours(lines)
            if function["FunctionName"] in queued:
                yield Usage({Charge.SQS_REQUESTS: _REQUESTS_PER_MESSAGE * len(found)})
                # What a message sets off is one trace; invocations by a state machine belong to its trace.
                yield Usage({Charge.TRACES: len(found)})

    def _histories(self) -> Iterator[Usage]:
        for arn in self._executions():
            if arn not in self._executions_before:
                events = self._pages("stepfunctions", "get_execution_history", "events", executionArn=arn)
                yield usage_of_history(events)

    def _requests(self) -> Usage:
        return usage_of_calls(self.calls(), self._table())

    def _table(self) -> TableShape:
        """The largest item of any table: every request is counted as if it were of that size."""
        largest, indexes = 0, 0
        dynamodb = self._cloud.client("dynamodb")
        for name in dynamodb.list_tables()["TableNames"]:
            described = dynamodb.describe_table(TableName=name)["Table"]
            indexes = max(indexes, len(described.get("GlobalSecondaryIndexes", [])))
            for item in self._pages("dynamodb", "scan", "Items", TableName=name):
                largest = max(largest, _item_bytes(item))
        return TableShape(item_bytes=largest, indexes=indexes)

    def _fed_by_queues(self) -> set[str]:
        mappings = self._pages("lambda", "list_event_source_mappings", "EventSourceMappings")
        return {
            mapping["FunctionArn"].split(":function:")[1].split(":")[0]
            for mapping in mappings
            if ":sqs:" in mapping["EventSourceArn"]
        }

    def _executions(self) -> list[str]:
        machines = self._pages("stepfunctions", "list_state_machines", "stateMachines")
        return [
            execution["executionArn"]
            for machine in machines
            for execution in self._pages(
                "stepfunctions", "list_executions", "executions", stateMachineArn=machine["stateMachineArn"]
            )
        ]

    def _log_groups(self) -> list[str]:
        return [_log_group(each) for each in self._pages("lambda", "list_functions", "Functions")]

    def _lines(self, group: str) -> list[str]:
        known = self._cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if not any(each["logGroupName"] == group for each in known):
            return []
        return [
            event["message"]
            for event in self._pages("logs", "filter_log_events", "events", logGroupName=group)
        ]

    def _pages(self, service: str, operation: str, member: str, **arguments: Any) -> Iterable[Any]:
        for page in self._cloud.client(service).get_paginator(operation).paginate(**arguments):
            yield from page[member]


def _log_group(function: dict[str, Any]) -> str:
    return str(function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function['FunctionName']}")


def _is_upload(entry: dict[str, Any]) -> bool:
    return entry["Service"] == "s3" and entry["Operation"] in _UPLOADS


def _item_bytes(item: dict[str, Any]) -> int:
    """The UTF-8 bytes of names and values, as DynamoDB sizes an item; numbers come out a little larger."""
    values = (str(next(iter(value.values()))) for value in item.values())
    return sum(len(text.encode()) for text in (*item, *values))
