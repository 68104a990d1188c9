"""DynamoDB in memory, as far as the requests table uses it: conditions, transactions, indexes, pages."""

# ruff: noqa: ARG002 - the parameters are DynamoDB's own

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from botocore.exceptions import ClientError

Item = dict[str, dict[str, Any]]
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\s")
_PLACEHOLDER = re.compile(r"[#:]\w+")
_MOST_IN_TRANSACTION = 100


def refusal(
    code: str, operation: str = "Call", *, message: str = "", status: int = 400, **more: Any
) -> ClientError:
    """What botocore raises where AWS answers with an error."""
    response: Any = {
        "Error": {"Code": code, "Message": message or code},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, operation)


class FakeDynamoDB:
    """One table; its indexes are always up to date unless `stale` says otherwise.

    Attributes:
        items: The table's items by `Id`, in DynamoDB's own form.
        stale: What queries of an index still see, as a secondary index may for a while; None: the items.
        refuse: Errors of the next calls, by operation.
        calls: The operations called, in their order.
        transactions: How many items each transaction had.
        most_per_page: The longest page of a query, which in DynamoDB ends after 1 MB.
    """

    KEYS: ClassVar[dict[str, tuple[str, str]]] = {
        "open": ("OpenState", "QueuedAt"),
        "source": ("SourceAddress", "Sequencer"),
    }
    # What the indexes hold beside the keys: as vmie_constructs.requests_table declares it, which a test of
    # the template compares.
    PROJECTED: ClassVar[dict[str, tuple[str, ...]]] = {
        "open": (),
        "source": ("Status", "OpenState", "VersionId", "Fleet"),
    }

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.stale: dict[str, Item] | None = None
        self.refuse: dict[str, list[ClientError]] = {}
        self.calls: list[str] = []
        self.transactions: list[int] = []
        self.most_per_page = 3000

    def freeze_indexes(self) -> None:
        """Let queries see what is there now, and nothing that follows."""
        self.stale = {item_id: _copy(item) for item_id, item in self.items.items()}

    def put_item(self, *, TableName: str, Item: Item, ConditionExpression: str) -> None:
        self._called("PutItem")
        _require_whole(Item)
        self._require(self.items.get(Item["Id"]["S"], {}), {"ConditionExpression": ConditionExpression})
        self.items[Item["Id"]["S"]] = _copy(Item)

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:
        self._called("GetItem")
        if not Key["Id"]["S"]:
            raise refusal("ValidationException", "GetItem", message="An empty string is no key.")
        item = self.items.get(Key["Id"]["S"])
        return {"Item": _copy(item)} if item else {}

    def query(self, **arguments: Any) -> dict[str, Any]:
        self._called("Query")
        index = arguments["IndexName"]
        partition_key, sort_key = self.KEYS[index]
        assert arguments["ExpressionAttributeNames"]["#attribute"] == partition_key
        wanted = arguments["ExpressionAttributeValues"][":value"]
        seen = self.items if self.stale is None else self.stale

        def order(item: Item) -> tuple[str, str]:
            return item[sort_key]["S"], item["Id"]["S"]

        found = [item for item in seen.values() if item.get(partition_key) == wanted and sort_key in item]
        found.sort(key=order)
        if "ExclusiveStartKey" in arguments:
            start = order(arguments["ExclusiveStartKey"])
            found = [item for item in found if order(item) > start]
        page = found[: min(arguments.get("Limit", self.most_per_page), self.most_per_page)]
        keys = ("Id", partition_key, sort_key)
        answer: dict[str, Any] = {"Items": [_only(item, (*keys, *self.PROJECTED[index])) for item in page]}
        if len(page) < len(found):
            answer["LastEvaluatedKey"] = _only(page[-1], keys)
        return answer

    def update_item(self, **update: Any) -> None:
        self._called("UpdateItem")
        self._require(self.items.get(update["Key"]["Id"]["S"], {}), update)
        self._apply(update)

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:
        self._called("TransactWriteItems")
        self.transactions.append(len(TransactItems))
        operations = [next(iter(item.items())) for item in TransactItems]
        ids = [_id_of(operation) for _, operation in operations]
        if len(ids) > _MOST_IN_TRANSACTION or len(set(ids)) < len(ids):
            raise refusal("ValidationException", "TransactWriteItems")
        _require_room(operation for _, operation in operations)
        held = [
            _holds(self.items.get(item_id, {}), operation)
            for item_id, (_, operation) in zip(ids, operations, strict=True)
        ]
        if not all(held):
            reasons = [{"Code": "None" if each else "ConditionalCheckFailed"} for each in held]
            raise refusal("TransactionCanceledException", CancellationReasons=reasons)
        for kind, operation in operations:
            if kind == "Put":
                _require_whole(operation["Item"])
                self.items[_id_of(operation)] = _copy(operation["Item"])
            else:
                self._apply(operation)

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if self.refuse.get(operation):
            raise self.refuse[operation].pop(0)

    def _require(self, item: Item, operation: dict[str, Any]) -> None:
        if not _holds(item, operation):
            raise refusal("ConditionalCheckFailedException")

    def _apply(self, update: dict[str, Any]) -> None:
        _require_used(update)
        item = self.items.setdefault(update["Key"]["Id"]["S"], _copy(update["Key"]))
        names, values = _names_and_values(update)
        parts = _CLAUSE.split(update["UpdateExpression"])[1:]
        changed = [
            names.get(word, word) for body in parts[1::2] for word in re.findall(r"(?:^|,) *(\S+)", body)
        ]
        if len(set(changed)) < len(changed):
            raise refusal("ValidationException", message="Two document paths overlap with each other")
        for verb, body in zip(parts[::2], parts[1::2], strict=True):
            for assignment in body.split(","):
                words = assignment.replace("=", " ").split()
                name = names.get(words[0], words[0])
                if verb == "SET":
                    item[name] = dict(values[words[1]])
                elif verb == "REMOVE":
                    item.pop(name, None)
                else:
                    _change_set(item, name, values[words[1]]["SS"], add=verb == "ADD")
        _require_whole(item)


def _copy(item: Item) -> Item:
    return {name: dict(value) for name, value in item.items()}


def _only(item: Item, names: tuple[str, ...]) -> Item:
    return {name: dict(item[name]) for name in names if name in item}


def _id_of(operation: dict[str, Any]) -> str:
    return str(operation.get("Item", operation.get("Key"))["Id"]["S"])


def _require_whole(item: Item) -> None:
    """DynamoDB refuses an item whose attribute is an index's key and empty, or is longer than 400 KB."""
    for name in (name for keys in FakeDynamoDB.KEYS.values() for name in keys):
        if item.get(name) == {"S": ""}:
            raise refusal("ValidationException", message=f"The index key {name} is an empty string.")
    if sum(len(str(value)) for value in item.values()) > 400 * 1024:
        raise refusal("ValidationException", message="Item size has exceeded the maximum allowed size")


def _require_room(operations: Iterable[dict[str, Any]]) -> None:
    """DynamoDB refuses a transaction whose items have more than 4 MB."""
    values = (value for operation in operations for value in operation.get("Item", {}).values())
    if sum(len(str(next(iter(value.values()))).encode()) for value in values) > 4 * 1024 * 1024:
        raise refusal("ValidationException", message="Collection size cannot exceed 4194304 bytes")


def _require_used(operation: dict[str, Any]) -> None:
    """DynamoDB refuses names and values that no expression uses, and the other way round."""
    text = f"{operation['UpdateExpression']} {operation.get('ConditionExpression', '')}"
    names, values = _names_and_values(operation)
    if set(_PLACEHOLDER.findall(text)) != {*names, *values}:
        raise refusal("ValidationException", message=f"{text!r} does not use just {[*names, *values]}.")


def _change_set(item: Item, name: str, members: list[str], *, add: bool) -> None:
    held = set(item.get(name, {}).get("SS", ()))
    left = held | set(members) if add else held - set(members)
    if left:
        item[name] = {"SS": sorted(left)}
    else:
        item.pop(name, None)


def _names_and_values(operation: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    return operation.get("ExpressionAttributeNames", {}), operation.get("ExpressionAttributeValues", {})


def _holds(item: Item, operation: dict[str, Any]) -> bool:
    condition = operation.get("ConditionExpression")
    if condition is None:
        return True
    return any(
        all(_term(item, term, *_names_and_values(operation)) for term in alternative.split(" AND "))
        for alternative in condition.split(" OR ")
    )


def _term(item: Item, term: str, names: dict[str, str], values: dict[str, Any]) -> bool:
    if found := re.fullmatch(r"attribute_(not_)?exists\((\S+)\)", term):
        return (names.get(found[2], found[2]) in item) is not bool(found[1])
    left, operator, right = term.split()
    expected = next(iter(values[right].values()))
    if found := re.fullmatch(r"size\((\S+)\)", left):
        return operator == "<" and len(item[names.get(found[1], found[1])]["SS"]) < int(expected)
    value = item.get(names.get(left, left))
    if value is None:
        return False
    actual = next(iter(value.values()))
    return {"=": actual == expected, "<>": actual != expected, "<=": actual <= expected}[operator]
