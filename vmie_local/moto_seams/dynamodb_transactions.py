"""DynamoDB: a transaction keeps what it is about to change, and not a copy of the whole table per item."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

TRANSACT = Seam(
    "moto.dynamodb.models:DynamoDBBackend.transact_write_items",
    "copies the table for each of a transaction's items: minutes for a hundred items beside ten thousand",
    ("self", "transact_items"),
)
ITEMS = Seam(
    "moto.dynamodb.models.table:Table.get_item",
    "what a transaction found is put back when it fails; items lie in `items`, by key and sort key",
    ("self", "hash_key", "range_key", "projection_expression"),
)
VALUE = Seam("moto.dynamodb.models.dynamo_type:DynamoType", "the keys of `items`")
TABLE = Seam("moto.dynamodb.models.table:Table", "moto copies it before a transaction, and for a backup")

SEAMS = (TRANSACT, ITEMS, VALUE, TABLE)

_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)


def install() -> None:
    """Let transactions take back their own items when they fail."""
    from moto.dynamodb.models.table import Table

    Table.__deepcopy__ = _copied_outside_transactions
    replace(TRANSACT, _restoring)


def _copied_outside_transactions(self: Any, memo: dict[int, Any]) -> Any:
    if _in_transaction.get():
        return self
    twin: Any = object.__new__(type(self))
    memo[id(self)] = twin
    vars(twin).update(copy.deepcopy(vars(self), memo))
    return twin


def _restoring(original: Callable[..., None]) -> Callable[..., None]:
    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        before = [
            (each, copy.deepcopy(each.found))
            for operation in transact_items
            if (each := _Place.of(self, operation)) is not None
        ]
        turn = _in_transaction.set(True)
        try:
            original(self, transact_items)
        except Exception:
            for place, item in reversed(before):
                place.put_back(item)
            raise
        finally:
            _in_transaction.reset(turn)

    return transact_write_items


class _Place:
    """Where an item lies, whether there is one or not."""

    def __init__(self, table: Any, key: Mapping[str, Any]) -> None:
        from moto.dynamodb.models.dynamo_type import DynamoType

        self._table = table
        self._hash = DynamoType(key[table.hash_key_attr])
        self._range = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None

    @classmethod
    def of(cls, backend: Any, operation: Mapping[str, Any]) -> _Place | None:
        """The place that one operation of a transaction is about; None where moto will refuse it."""
        given = next(iter(operation.values()))
        table = backend.tables.get(given.get("TableName"))
        key = given.get("Key", given.get("Item", {}))
        if (
            table is None
            or not {table.hash_key_attr, table.range_key_attr or table.hash_key_attr} <= key.keys()
        ):
            return None
        return cls(table, key)

    @property
    def found(self) -> Any:
        """The item that lies there now, or None."""
        return self._table.get_item(self._hash, self._range)

    def put_back(self, item: Any) -> None:
        """Let that item lie there again, or none."""
        holder, key = self._table.items, self._hash
        if self._range is not None:
            holder, key = self._table.items[self._hash], self._range
        if item is None:
            holder.pop(key, None)
        else:
            holder[key] = item
