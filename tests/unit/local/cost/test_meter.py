import io
import json
from decimal import Decimal
from typing import Any

import pytest

from vmie_local.cost import Charge, metering
from vmie_local.cost.metering import Meter

REPORT = "REPORT RequestId: {}\tDuration: 9.5 ms\tBilled Duration: 10 ms\tMemory Size: 1024 MB"


class Account:
    """As much of a local AWS as the meter reads."""

    endpoint = "http://local"

    def __init__(self) -> None:
        self.time = "2026-01-01T00:00:00.000Z"
        self.clock = self
        self.calls: list[dict[str, Any]] = []
        self.forgotten = 0
        self.logs: dict[str, list[str]] = {"/intake": [], "/poll": []}
        self.executions: dict[str, list[str]] = {}

    def iso(self) -> str:
        return self.time

    def call(self, service: str, operation: str, role: str | None = "role") -> None:
        self.calls.append({"Service": service, "Operation": operation, "Role": role, "Time": self.time})

    def client(self, _: str) -> "Account":
        return self

    def describe_log_groups(self, logGroupNamePrefix: str) -> dict[str, Any]:
        return {"logGroups": [{"logGroupName": logGroupNamePrefix}]}

    def list_tables(self) -> dict[str, Any]:
        return {"TableNames": ["requests"]}

    def describe_table(self, **_: str) -> dict[str, Any]:
        return {"Table": {"GlobalSecondaryIndexes": [{}]}}

    def get_paginator(self, operation: str) -> Any:
        answers = {
            "list_functions": lambda: {
                "Functions": [function("Intake", "/intake"), function("Poll", "/poll")]
            },
            "list_event_source_mappings": lambda: {
                "EventSourceMappings": [
                    {
                        "FunctionArn": "arn:aws:lambda:r:1:function:Intake:3",
                        "EventSourceArn": "arn:aws:sqs:r:1:q",
                    }
                ]
            },
            "filter_log_events": lambda logGroupName: {
                "events": [{"message": line} for line in self.logs[logGroupName]]
            },
            "list_state_machines": lambda: {"stateMachines": [{"stateMachineArn": "machine"}]},
            "list_executions": lambda **_: {"executions": [{"executionArn": arn} for arn in self.executions]},
            "get_execution_history": lambda executionArn: {
                "events": [{"type": kind} for kind in self.executions[executionArn]]
            },
            "scan": lambda **_: {"Items": [{"Id": {"S": "x" * 1500}}]},
        }

        class Paginator:
            @staticmethod
            def paginate(**arguments: Any) -> list[dict[str, Any]]:
                return [answers[operation](**arguments)]

        return Paginator


def function(name: str, group: str) -> dict[str, Any]:
    return {"FunctionName": name, "LoggingConfig": {"LogGroup": group}, "Architectures": ["arm64"]}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()

    def urlopen(url: str) -> io.BytesIO:
        assert url == "http://local/_vmie/calls"
        return io.BytesIO(json.dumps({"Calls": made.calls, "Forgotten": made.forgotten}).encode())

    monkeypatch.setattr(metering.urllib.request, "urlopen", urlopen)
    return made


@pytest.fixture
def meter(account: Account) -> Meter:
    """Started after something has happened already."""
    account.call("s3", "PutObject")
    account.logs["/poll"].append(REPORT.format("before"))
    account.executions["before"] = ["ExecutionStarted", "PassStateEntered"]
    account.time = "2026-01-01T01:00:00.000Z"
    made = Meter(account)  # type: ignore[arg-type]
    made.start()
    return made


def test_what_happened_before_the_start_is_not_counted(meter: Meter) -> None:
    assert list(meter.usage()) == []


def test_calls_of_roles_count_and_those_of_the_administrator_do_not(meter: Meter, account: Account) -> None:
    account.call("s3", "GetObject")
    account.call("s3", "GetObject", role=None)

    assert meter.usage()[Charge.S3_READS] == 1


def test_an_upload_counts_whoever_makes_it(meter: Meter, account: Account) -> None:
    for operation in ("CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"):
        account.call("s3", operation, role=None)

    assert meter.usage()[Charge.S3_WRITES] == 4


def test_a_write_is_counted_at_the_size_of_the_largest_item_in_table_and_index(
    meter: Meter, account: Account
) -> None:
    account.call("dynamodb", "UpdateItem")

    assert meter.usage()[Charge.DYNAMODB_WRITE_UNITS] == 4  # 1,502 bytes are two units, in table and index


def test_a_message_costs_three_requests_and_a_trace(meter: Meter, account: Account) -> None:
    account.logs["/intake"].append(REPORT.format("a"))
    account.logs["/poll"].append(REPORT.format("b"))

    usage = meter.usage()

    assert usage[Charge.SQS_REQUESTS] == 3
    assert usage[Charge.TRACES] == 1
    assert usage[Charge.LAMBDA_REQUESTS] == 2
    assert usage[Charge.LAMBDA_ARM_GB_SECONDS] == Decimal("0.02")


def test_new_executions_are_counted(meter: Meter, account: Account) -> None:
    account.executions["new"] = ["ExecutionStarted", "PassStateEntered", "SucceedStateEntered"]

    assert meter.usage()[Charge.STATE_TRANSITIONS] == 3


def test_a_call_log_that_has_forgotten_calls_since_the_start_is_refused(
    meter: Meter, account: Account
) -> None:
    account.time = "2026-01-01T02:00:00.000Z"
    account.calls.clear()
    account.call("s3", "GetObject")
    account.forgotten = 5

    with pytest.raises(RuntimeError, match="forgotten calls"):
        meter.usage()


def test_calls_forgotten_from_before_the_start_do_not_matter(meter: Meter, account: Account) -> None:
    account.call("s3", "GetObject")
    account.forgotten = 5

    assert meter.usage()[Charge.S3_READS] == 1
