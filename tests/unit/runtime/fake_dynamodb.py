"""DynamoDB in memory, as far as the requests table uses it: conditions, transactions, sparse indexes."""

# ruff: noqa: ARG002 - the parameters are DynamoDB's own

from __future__ import annotations

import copy
import re
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, dict[str, Any]]
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\s")


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
    """

    _SORT_KEYS = {"open": "QueuedAt", "source": "Sequencer"}

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.stale: dict[str, Item] | None = None
        self.refuse: dict[str, list[ClientError]] = {}
        self.calls: list[str] = []

    def freeze_indexes(self) -> None:
        """Let queries see what is there now, and nothing that follows."""
        self.stale = copy.deepcopy(self.items)

    def put_item(self, *, TableName: str, Item: Item, ConditionExpression: str) -> None:
        self._called("PutItem")
        item_id = Item["Id"]["S"]
        self._require(self.items.get(item_id, {}), {"ConditionExpression": ConditionExpression})
        self.items[item_id] = copy.deepcopy(Item)

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:
        self._called("GetItem")
        if not Key["Id"]["S"]:
            raise refusal("ValidationException", "GetItem", message="An empty string is no key.")
        item = self.items.get(Key["Id"]["S"])
        return {"Item": copy.deepcopy(item)} if item else {}

    def query(self, **arguments: Any) -> dict[str, Any]:
        self._called("Query")
        attribute = arguments["ExpressionAttributeNames"]["#attribute"]
        wanted = arguments["ExpressionAttributeValues"][":value"]
        seen = self.items if self.stale is None else self.stale
        sort_key = self._SORT_KEYS[arguments["IndexName"]]
        found = [item for item in seen.values() if item.get(attribute) == wanted]
        found.sort(key=lambda item: (item[sort_key]["S"], item["Id"]["S"]))
        return {"Items": copy.deepcopy(found[: arguments.get("Limit", len(found))])}

    def update_item(self, **update: Any) -> None:
        self._called("UpdateItem")
        self._require(self.items.get(update["Key"]["Id"]["S"], {}), update)
        self._apply(update)

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:
        self._called("TransactWriteItems")
        updates = [item["Update"] for item in TransactItems]
        held = [_holds(self.items.get(update["Key"]["Id"]["S"], {}), update) for update in updates]
        if not all(held):
            reasons = [{"Code": "None" if each else "ConditionalCheckFailed"} for each in held]
            raise refusal("TransactionCanceledException", CancellationReasons=reasons)
        for update in updates:
            self._apply(update)

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if self.refuse.get(operation):
            raise self.refuse[operation].pop(0)

    def _require(self, item: Item, operation: dict[str, Any]) -> None:
        if not _holds(item, operation):
            raise refusal("ConditionalCheckFailedException")

    def _apply(self, update: dict[str, Any]) -> None:
        item = self.items.setdefault(update["Key"]["Id"]["S"], copy.deepcopy(update["Key"]))
        names, values = _names_and_values(update)
        parts = _CLAUSE.split(update["UpdateExpression"])[1:]
        for verb, body in zip(parts[::2], parts[1::2], strict=True):
            for assignment in body.split(","):
                words = assignment.replace("=", " ").split()
                name = names.get(words[0], words[0])
                if verb == "SET":
                    item[name] = copy.deepcopy(values[words[1]])
                elif verb == "REMOVE":
                    item.pop(name, None)
                else:
                    _change_set(item, name, values[words[1]]["SS"], add=verb == "ADD")


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
    return {"=": actual == expected, "<=": actual <= expected}[operator]
