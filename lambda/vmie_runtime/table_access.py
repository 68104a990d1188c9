"""The requests table as DynamoDB knows it: items read consistently, written on conditions, found by index."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.table_items import deserialise, serialise

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MOST_IN_TRANSACTION = 100  # Amazon DynamoDB API reference, TransactWriteItems
_TRANSACTION_TRIES = 8
_CONDITION_FAILED = "ConditionalCheckFailedException"
# Why a transaction was cancelled that may succeed when repeated (DynamoDB API, CancellationReason).
_CROWDED = {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}


class TableAccess:
    """One table."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        """Use a table.

        Args:
            client: The DynamoDB client.
            name: The table's name.
        """
        self._client, self._name = client, name

    def get(self, item_id: str) -> dict[str, Any] | None:
        """The item of an id, as it is now."""
        with transient_errors_named():
            answer = self._client.get_item(
                TableName=self._name, Key=serialise({"Id": item_id}), ConsistentRead=True
            )
        return deserialise(answer["Item"]) if "Item" in answer else None

    def put_new(self, item: dict[str, Any]) -> bool:
        """Add an item; tell whether its id was new."""
        try:
            with transient_errors_named():
                self._client.put_item(
                    TableName=self._name,
                    Item=serialise(item),
                    ConditionExpression="attribute_not_exists(Id)",
                )
        except ClientError as error:
            if error_code(error) == _CONDITION_FAILED:
                return False
            raise
        return True

    def put_all_new(self, items: list[dict[str, Any]]) -> list[bool]:
        """Add at most 100 items in one transaction; tell of each whether its id was new."""
        new = [True] * len(items)
        while any(new):
            puts: list[Any] = [
                {
                    "Put": {
                        "TableName": self._name,
                        "Item": serialise(item),
                        "ConditionExpression": "attribute_not_exists(Id)",
                    }
                }
                for item, is_new in zip(items, new, strict=True)
                if is_new
            ]
            reasons = self._attempt(puts)
            if reasons is None:
                break
            left = iter(reasons)
            new = [is_new and next(left) != "ConditionalCheckFailed" for is_new in new]
        return new

    def write(self, operation: dict[str, Any]) -> bool:
        """Make one update; tell whether its condition held.

        Args:
            operation: What UpdateItem takes, but for the table's name.
        """
        try:
            with transient_errors_named():
                self._client.update_item(TableName=self._name, **operation)
        except ClientError as error:
            if error_code(error) == _CONDITION_FAILED:
                return False
            raise
        return True

    def transact(self, *updates: dict[str, Any]) -> bool:
        """Make all updates or none; tell whether every condition held.

        Args:
            *updates: What UpdateItem takes, but for the table's name.
        """
        items: list[Any] = [{"Update": {"TableName": self._name, **each}} for each in updates]
        return self._attempt(items) is None

    def query(
        self, index: str, attribute: str, value: str, *, page_size: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """The items of an index with one value, in the index's order, page by page as they are asked for.

        Args:
            index: The index's name.
            attribute: Its partition key.
            value: The value.
            page_size: How many items a page has. Default: what fits into 1 MB, all of which is paid for.
        """
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "#attribute = :value",
            "ExpressionAttributeNames": {"#attribute": attribute},
            "ExpressionAttributeValues": serialise({":value": value}),
        }
        if page_size is not None:
            arguments["Limit"] = page_size
        while True:
            with transient_errors_named():
                page = self._client.query(**arguments)
            yield from map(deserialise, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _attempt(self, items: list[Any]) -> list[str] | None:
        """Try a transaction; None where it went through, otherwise what became of each of its items."""
        for attempt in range(_TRANSACTION_TRIES):
            try:
                with transient_errors_named():
                    self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons = [
                    str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])
                ]
                if "ConditionalCheckFailed" in reasons:
                    return reasons
                if not _CROWDED.intersection(reasons):
                    raise
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
            else:
                return None
        raise TransientServiceError("The requests table is contended.")
