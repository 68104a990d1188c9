"""Amazon DynamoDB: tables, their indexes, and transactions that need an action per item."""

from __future__ import annotations

from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import Requirement, Row, Table, anywhere, arn, on_member


def _table(call: ApiCall, name: str) -> str:
    return name if name.startswith("arn:") else arn(call, "dynamodb", f"table/{name}")


def _on_table(action: str) -> Row:
    return on_member(f"dynamodb:{action}", "TableName", "table/")


def _on_table_or_index(action: str) -> Row:
    """Reading an index needs the action on the index, not on the table."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        resource = _table(call, str(call.parameters["TableName"]))
        if index := call.parameters.get("IndexName"):
            resource = f"{resource}/index/{index}"
        return (Requirement(f"dynamodb:{action}", resource),)

    return row


def _per_table(action: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        for name in call.parameters.get("RequestItems", {}):
            yield Requirement(f"dynamodb:{action}", _table(call, name))

    return row


_TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def _transaction(call: ApiCall) -> Iterable[Requirement]:
    needed = {
        (_TRANSACTION_ACTIONS[kind], _table(call, str(what["TableName"])))
        for item in call.parameters.get("TransactItems", [])
        for kind, what in item.items()
    }
    return [Requirement(f"dynamodb:{action}", resource) for action, resource in sorted(needed)]


DYNAMODB: Table = {
    "BatchGetItem": _per_table("BatchGetItem"),
    "BatchWriteItem": _per_table("BatchWriteItem"),
    "DeleteItem": _on_table("DeleteItem"),
    "DescribeContinuousBackups": _on_table("DescribeContinuousBackups"),
    "DescribeTable": _on_table("DescribeTable"),
    "DescribeTimeToLive": _on_table("DescribeTimeToLive"),
    "GetItem": _on_table("GetItem"),
    "ListTables": anywhere("dynamodb:ListTables"),
    "ListTagsOfResource": on_member("dynamodb:ListTagsOfResource", "ResourceArn"),
    "PutItem": _on_table("PutItem"),
    "Query": _on_table_or_index("Query"),
    "Scan": _on_table_or_index("Scan"),
    "TransactGetItems": _transaction,
    "TransactWriteItems": _transaction,
    "UpdateItem": _on_table("UpdateItem"),
}

DYNAMODB_STREAMS: Table = {
    "DescribeStream": on_member("dynamodb:DescribeStream", "StreamArn"),
    "GetShardIterator": on_member("dynamodb:GetShardIterator", "StreamArn"),
    "ListStreams": anywhere("dynamodb:ListStreams"),
}
