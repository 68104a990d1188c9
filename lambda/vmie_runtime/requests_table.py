"""The requests table: the pipeline's memory. Every change of state is a conditional write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vmie_runtime.leases import Leases
from vmie_runtime.made import Made
from vmie_runtime.request import ASKED, OpenState, Request, Status, source_attributes
from vmie_runtime.sources import Sources, expiry
from vmie_runtime.table_access import TableAccess
from vmie_runtime.table_items import update_operation

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# What takes a request back to the beginning of its plan.
_NOTHING_DONE: dict[str, Any] = {
    "stage": 0,
    "task_id": None,
    "import_task_id": None,
    "export_task_id": None,
    "volume_size": None,
    "phase": None,
    "progress": None,
    "changed_at": None,
    "unseen_since": None,
    "made": Made(),
    "disks": [],
    "advice": [],
    "inspection": None,
    "outcome": None,
}


class RequestsTable:
    """Requests, with the leases and sources of the same table."""

    def __init__(
        self, client: DynamoDBClient, name: str, *, max_leases: int = 5, workflow: str = "import"
    ) -> None:
        """Use a table.

        Args:
            client: The DynamoDB client.
            name: The table's name.
            max_leases: How many requests may hold a lease at once.
            workflow: Whose requests are meant: `import` or `export`; the leases are everybody's.
        """
        self.access = TableAccess(client, name)
        self.leases = Leases(self.access, maximum=max_leases)
        self.sources = Sources(self.access)
        self._workflow = workflow

    def create(self, request: Request) -> bool:
        """Add a request; tell whether it was new."""
        return self.access.put_new(self._item(request))

    def create_all(self, requests: list[Request]) -> list[bool]:
        """Add at most 100 requests at once; tell of each whether it was new."""
        return self.access.put_all_new([self._item(request) for request in requests])

    def find(self, request_id: str) -> Request | None:
        """The request of an id, or None."""
        item = self.access.get(request_id)
        if not item or "Status" not in item:
            return None
        if "OpenState" in item:
            item["OpenState"] = item["OpenState"].rpartition("-")[2]
        return Request.from_item(item)

    def with_state(self, state: OpenState) -> Iterator[Request]:
        """The open requests of one state, oldest first, each as it is when it is asked for."""
        for item in self.access.query("open", "OpenState", self.open_value(state.value), page_size=100):
            request = self.find(item["Id"])
            if request is not None and request.open_state is state:
                yield request

    def update(
        self, request_id: str, changes: dict[str, Any], *, expect: OpenState | None = None, unset: str = ""
    ) -> bool:
        """Change some fields of a request.

        Args:
            request_id: The request.
            changes: Field names of `Request` and their values; None removes a field.
            expect: Only while the request is in this state. Default: only while it is open.
            unset: Only while this field is not set.

        Returns:
            Whether the condition held.
        """
        return self.access.write(self._update_operation(request_id, changes, expect, unset))

    def admit(self, request: Request, *, now: str, deadline_at: str) -> bool:
        """Grant a queued request a lease; tell whether there was one and the request still wanted it."""
        changes = {
            "open_state": OpenState.LIVE,
            "status": Status.RUNNING,
            "admission": request.admission + 1,
            "started_at": now,
            "deadline_at": deadline_at,
            "not_before": None,
        }
        operation = self._update_operation(request.id, changes, OpenState.QUEUED, "stop")
        # Another round may have admitted and queued it again since it was read: its execution has its name.
        operation["ConditionExpression"] += " AND Admission = :read"
        operation["ExpressionAttributeValues"][":read"] = {"N": str(request.admission)}
        return self.access.transact(self.leases.grant_update(request.id), operation)

    def return_to_queue(self, request: Request, *, not_before: str, attempt: int | None = None) -> bool:
        """Take the lease back and queue a live request again; tell whether it was live and wanted.

        Its next admission counts its deadline anew.

        Args:
            request: The request.
            not_before: It is not admitted before this moment.
            attempt: The number of a new attempt, which begins its plan anew. Default: it goes on with this
                one.
        """
        changes: dict[str, Any] = {
            "open_state": OpenState.QUEUED,
            "status": Status.QUEUED,
            "not_before": not_before,
            "started_at": None,
            "deadline_at": None,
        }
        if attempt is not None:
            changes |= {"attempt": attempt, **_NOTHING_DONE}
        return self.access.transact(
            self.leases.release_update(request.id),
            self._update_operation(request.id, changes, OpenState.LIVE, "stop"),
        )

    def conclude(self, request: Request, *, status: Status, now: str) -> bool:
        """Close a request and return its lease; tell whether it was still open."""
        changes = {
            "open_state": None,
            "status": status,
            "ended_at": now,
            "expires_at": expiry(now),
            "task_token": None,
        }
        operation = self._update_operation(request.id, changes, None, "")
        if request.admission == 0:  # It never had a lease, and is not admitted any more.
            return self.access.write(operation)
        return self.access.transact(self.leases.release_update(request.id), operation)

    def reopen(
        self,
        request: Request,
        *,
        now: str,
        outcome: dict[str, Any] | None = None,
        entry: Request | None = None,
    ) -> Request | None:
        """Queue a request that has ended for a new attempt; None where somebody else was faster.

        Args:
            request: The request.
            now: When, and its place in the queue.
            outcome: How it ends at once. Default: it is tried.
            entry: What it was dropped again as; it belongs to that fleet from now on.
        """
        changes: dict[str, Any] = {
            **_NOTHING_DONE,
            "status": Status.QUEUED,
            "open_state": OpenState.ENDING if outcome else OpenState.QUEUED,
            "outcome": outcome,
            "queued_at": now,
            "attempt": request.attempt + 1,
            "ended_at": None,
            "expires_at": None,
            "not_before": None,
            "started_at": None,
            "deadline_at": None,
            "stop": None,
            "method": request.options.get("Method") or request.method,  # An inspection decides it anew.
        }
        if not request.direct:
            changes["execution_arn"] = None
        if entry is not None:
            changes |= _belonging(entry) | _asked(entry)
        operation = self._update_operation(request.id, changes, None, "")
        operation["ConditionExpression"] = "attribute_not_exists(#state) AND Attempt = :read"
        operation["ExpressionAttributeNames"]["#state"] = "OpenState"
        operation["ExpressionAttributeValues"][":read"] = {"N": str(request.attempt)}
        if entry is not None:
            _require_same_event(operation, request)
        return self.find(request.id) if self.access.write(operation) else None

    def take_over(self, request: Request, entry: Request) -> bool:
        """Let a request belong to the fleet that it was dropped again with; how it stands does not change.

        Args:
            request: The request, as it was read.
            entry: What it was dropped again as.

        Returns:
            Whether it still belonged where it was read.
        """
        operation = self._update_operation(request.id, _belonging(entry), None, "")
        operation["ConditionExpression"] = "attribute_exists(Id)"
        operation["ExpressionAttributeNames"].pop("#state")
        _require_same_event(operation, request)
        return self.access.write(operation)

    def wait_again(self, request: Request, entry: Request) -> bool:
        """Let a request that was stopped while it waited wait again, as what it was dropped again as.

        Args:
            request: The request, as it was read.
            entry: What it was dropped again as.

        Returns:
            Whether it still belonged where it was read, and nobody had begun to end it.
        """
        changes = {
            "open_state": OpenState.QUEUED,
            "stop": None,
            "queued_at": entry.queued_at,
            **_belonging(entry),
        }
        operation = self._update_operation(request.id, changes, OpenState.ENDING, "outcome")
        _require_same_event(operation, request)
        return self.access.write(operation)

    def open_value(self, state: str) -> str:
        """What the attribute `OpenState` holds for a state: the index is divided by workflows."""
        return f"{self._workflow}-{state}"

    def _item(self, request: Request) -> dict[str, Any]:
        item = request.to_item()
        if request.open_state is not None:
            item["OpenState"] = self.open_value(request.open_state.value)
        return item

    def _update_operation(
        self, request_id: str, changes: dict[str, Any], expect: OpenState | None, unset: str
    ) -> dict[str, Any]:
        if changes.get("open_state") is not None:
            changes = {**changes, "open_state": self.open_value(changes["open_state"].value)}
        expected = self.open_value(expect.value) if expect else None
        return update_operation(request_id, changes, expected, unset)


def _belonging(entry: Request) -> dict[str, Any]:
    """The changes that put a request into the fleet, and under the source, of an entry."""
    source = source_attributes(entry.source) if entry.source else {}
    return {"fleet": entry.fleet, "ordinal": entry.ordinal, **source}


def _asked(entry: Request) -> dict[str, Any]:
    """The changes that make a request ask for what an entry does.

    Nothing is kept of what was rejected, and another version of the code may read the same words otherwise.
    """
    return {name: getattr(entry, name) for name in ASKED}


def _require_same_event(operation: dict[str, Any], request: Request) -> None:
    """Let an update hold only while a request belongs to the event that it was read with."""
    operation["ConditionExpression"] += " AND Sequencer = :event"
    operation["ExpressionAttributeValues"][":event"] = {
        "S": request.source.sequencer if request.source else ""
    }
