"""Leases: how many requests may hold a task of EC2 at once."""

from __future__ import annotations

from typing import Any

from vmie_runtime.table_access import TableAccess
from vmie_runtime.table_items import serialise

# Imports and exports count against the same quota of EC2.
_ITEM = "lease#task"


class Leases:
    """The holders of one table's leases, as a set that never grows beyond its maximum."""

    def __init__(self, access: TableAccess, *, maximum: int) -> None:
        """Use the leases of a table.

        Args:
            access: The table.
            maximum: How many requests may hold one at once.
        """
        self._access, self._maximum = access, maximum

    def holders(self) -> set[str]:
        """The requests that hold a lease."""
        item = self._access.get(_ITEM)
        return set(item.get("Holders", ())) if item else set()

    def free(self) -> int:
        """How many more requests could be admitted now."""
        return max(0, self._maximum - len(self.holders()))

    def release(self, request_id: str) -> None:
        """Take back a lease whose request has ended."""
        self._access.write(self.release_update(request_id))

    def grant_update(self, request_id: str) -> dict[str, Any]:
        """The update that grants a lease, where one is free."""
        return {
            "Key": serialise({"Id": _ITEM}),
            "UpdateExpression": "ADD Holders :holder",
            "ConditionExpression": "attribute_not_exists(Holders) OR size(Holders) < :maximum",
            "ExpressionAttributeValues": {
                ":holder": {"SS": [request_id]},
                ":maximum": {"N": str(self._maximum)},
            },
        }

    def release_update(self, request_id: str) -> dict[str, Any]:
        """The update that takes a lease back."""
        return {
            "Key": serialise({"Id": _ITEM}),
            "UpdateExpression": "DELETE Holders :holder",
            "ExpressionAttributeValues": {":holder": {"SS": [request_id]}},
        }
