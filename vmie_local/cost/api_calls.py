"""What the calls to an account's services count as."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vmie_local.cost.prices import Charge
from vmie_local.cost.usage import Usage

_WRITE_UNIT = 1024
_READ_UNIT = 4096
_MESSAGE_UNIT = 64 * 1024
# S3 sends an event for each of these where a bucket has EventBridge switched on (Amazon S3 user guide).
_S3_CHANGES = {
    "PutObject",
    "CopyObject",
    "CompleteMultipartUpload",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "DeleteObject",
    "PutObjectAcl",
}
_DYNAMODB_READS = {"GetItem", "Query", "Scan"}
_DYNAMODB_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


@dataclass(frozen=True, kw_only=True)
class RecordedCall:
    """One call of the call log.

    Attributes:
        service: The IAM prefix: `s3`, `dynamodb`, `events`, …
        operation: The API operation.
        parameters: Its parameters, as far as they are known.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """What the price of a DynamoDB request depends on and a call does not tell.

    Attributes:
        item_bytes: The size of the table's largest item: every read and write is counted as of that size.
        indexes: How many secondary indexes project every attribute: each write goes to all of them.
    """

    item_bytes: int
    indexes: int = 0

    @property
    def write_units(self) -> int:
        """Units of one write, its index writes included."""
        return max(1, math.ceil(self.item_bytes / _WRITE_UNIT)) * (1 + self.indexes)

    @property
    def read_units(self) -> int:
        """Units of one strongly consistent read."""
        return max(1, math.ceil(self.item_bytes / _READ_UNIT))


def usage_of_calls(calls: Iterable[RecordedCall], table: TableShape) -> Usage:
    """What calls count as; where a call does not tell, the dearer reading counts.

    Calls that AWS does not charge for (EC2, IAM, STS, SSM standard parameters, StartExecution, Invoke, …)
    count as nothing here: transitions and invocations are counted from histories and reports.
    """
    return Usage.total(_usage(call, table) for call in calls)


def _usage(call: RecordedCall, table: TableShape) -> Usage:
    if call.service == "s3":
        return _s3(call)
    if call.service == "dynamodb":
        return _dynamodb(call, table)
    if call.service == "events" and call.operation == "PutEvents":
        return Usage({Charge.EVENTS: sum(_chunks(entry) for entry in call.parameters.get("Entries", [{}]))})
    if call.service == "sns" and call.operation == "Publish":
        return Usage({Charge.SNS_PUBLISHES: _chunks(call.parameters)})
    if call.service == "sqs":
        return Usage({Charge.SQS_REQUESTS: 1})
    return Usage()


def _s3(call: RecordedCall) -> Usage:
    quantities: dict[Charge, int | Decimal] = {}
    if call.operation.startswith(("Get", "Head", "Select")):
        quantities[Charge.S3_READS] = 1
    elif not call.operation.startswith(("Delete", "Abort")):
        quantities[Charge.S3_WRITES] = 1
    if call.operation in _S3_CHANGES:
        quantities[Charge.EVENTS] = 1
    return Usage(quantities)


def _dynamodb(call: RecordedCall, table: TableShape) -> Usage:
    if call.operation in _DYNAMODB_WRITES:
        return Usage({Charge.DYNAMODB_WRITE_UNITS: table.write_units})
    if call.operation == "TransactWriteItems":
        # A transaction prepares and commits: twice the units of each write (DynamoDB developer guide).
        writes = len(call.parameters.get("TransactItems", [{}, {}]))
        return Usage({Charge.DYNAMODB_WRITE_UNITS: 2 * writes * table.write_units})
    if call.operation in _DYNAMODB_READS:
        return Usage({Charge.DYNAMODB_READ_UNITS: table.read_units})
    return Usage()


def _chunks(message: Mapping[str, Any]) -> int:
    """SNS and EventBridge count each 64 KB."""
    size = sum(len(str(value).encode()) for value in message.values())
    return max(1, math.ceil(size / _MESSAGE_UNIT))
