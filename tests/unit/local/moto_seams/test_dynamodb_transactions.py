"""Transactions are made whole or not at all, and cost what their own items cost."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import pytest

KEY = [{"AttributeName": "Id", "KeyType": "HASH"}]
SORTED = [*KEY, {"AttributeName": "At", "KeyType": "RANGE"}]


def run_in_a_process_of_its_own(name: str) -> None:
    """A local AWS that runs in this process may have installed the seam already."""
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import {name}; {name}()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "case",
    [
        "a_cancelled_transaction_changes_nothing",
        "a_transaction_that_holds_changes_everything",
        "a_transaction_of_a_sorted_table_is_taken_back_item_by_item",
        "a_transaction_copies_no_table_and_a_backup_does",
    ],
)
def test_transactions(case: str) -> None:
    run_in_a_process_of_its_own(case)


def backend(schema: list[dict[str, str]] = KEY) -> Any:
    """moto's DynamoDB with the seam and one table `t`."""
    from moto.dynamodb.models import DynamoDBBackend

    from vmie_local.moto_seams import dynamodb_transactions

    dynamodb_transactions.install()
    made = DynamoDBBackend("us-east-1", "123456789012")
    made.create_table(
        "t",
        schema=schema,
        throughput=None,
        attr=[{"AttributeName": each["AttributeName"], "AttributeType": "S"} for each in schema],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    return made


def put(**item: str) -> dict[str, Any]:
    """One put of a transaction, of an item that is new."""
    attributes = {name: {"S": value} for name, value in item.items()}
    return {"Put": {"TableName": "t", "Item": attributes, "ConditionExpression": "attribute_not_exists(Id)"}}


def items(made: Any) -> list[dict[str, str]]:
    """Every item of the table."""
    found = made.tables["t"].all_items()
    return sorted(
        ({name: value.value for name, value in each.attrs.items()} for each in found),
        key=str,
    )


def cancelled(made: Any, *operations: dict[str, Any]) -> None:
    """The transaction is cancelled for a condition."""
    from moto.dynamodb.exceptions import TransactionCanceledException

    with pytest.raises(TransactionCanceledException) as raised:
        made.transact_write_items(list(operations))
    assert "ConditionalCheckFailed" in str(raised.value.description)


def a_cancelled_transaction_changes_nothing() -> None:
    made = backend()
    made.transact_write_items([put(Id="old", Text="as it was")])
    update = {
        "Update": {
            "TableName": "t",
            "Key": {"Id": {"S": "old"}},
            "UpdateExpression": "SET #t = :new",
            "ExpressionAttributeNames": {"#t": "Text"},
            "ExpressionAttributeValues": {":new": {"S": "changed"}},
        }
    }
    before = items(made)

    cancelled(made, put(Id="first"), put(Id="old"), put(Id="last"))
    cancelled(
        made,
        update,
        put(Id="between"),
        {"Put": {**put(Id="x")["Put"], "ConditionExpression": "attribute_exists(Id)"}},
    )

    assert items(made) == before == [{"Id": "old", "Text": "as it was"}]


def a_transaction_that_holds_changes_everything() -> None:
    made = backend()
    made.transact_write_items([put(Id="a"), put(Id="b")])
    made.transact_write_items([{"Delete": {"TableName": "t", "Key": {"Id": {"S": "a"}}}}, put(Id="c")])

    assert items(made) == [{"Id": "b"}, {"Id": "c"}]


def a_transaction_of_a_sorted_table_is_taken_back_item_by_item() -> None:
    made = backend(SORTED)
    made.transact_write_items([put(Id="a", At="1")])
    delete = {"Delete": {"TableName": "t", "Key": {"Id": {"S": "a"}, "At": {"S": "1"}}}}
    refused = {"Put": {**put(Id="a", At="2")["Put"], "ConditionExpression": "attribute_exists(Id)"}}

    cancelled(made, delete, put(Id="b", At="1"), refused)

    assert items(made) == [{"At": "1", "Id": "a"}]


def a_transaction_copies_no_table_and_a_backup_does() -> None:
    made = backend()
    table = made.tables["t"]
    made.transact_write_items([put(Id="a")])
    cancelled(made, put(Id="a"))

    assert made.tables["t"] is table
    assert copy.deepcopy(table) is not table
    assert copy.deepcopy(table).items is not table.items
