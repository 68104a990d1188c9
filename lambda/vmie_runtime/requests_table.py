"""The requests table: the pipeline's memory. Every change of state is a conditional write."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.moments import parse
from vmie_runtime.request import OpenState, Request, Source, Status
from vmie_runtime.table_items import deserialise, serialise, update_operation

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_LEASES = "lease#import"
_KEEP_SECONDS = 90 * 24 * 3600
_TRANSACTION_TRIES = 8
_CONDITION_FAILED = "ConditionalCheckFailedException"
# Why a transaction was cancelled that may succeed when repeated (DynamoDB API, CancellationReason).
_CROWDED = {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}


class RequestsTable:
    """Requests, leases and the newest event of each source."""

    def __init__(self, client: DynamoDBClient, name: str, *, max_leases: int = 5) -> None:
        """Use a table.

        Args:
            client: The DynamoDB client.
            name: The table's name.
            max_leases: How many requests may hold a lease at once.
        """
        self._client, self._name, self._max_leases = client, name, max_leases

    def create(self, request: Request) -> bool:
        """Add a request; tell whether it was new."""
        try:
            with transient_errors_named():
                self._client.put_item(
                    TableName=self._name,
                    Item=serialise(request.to_item()),
                    ConditionExpression="attribute_not_exists(Id)",
                )
        except ClientError as error:
            if error_code(error) == _CONDITION_FAILED:
                return False
            raise
        return True

    def find(self, request_id: str) -> Request | None:
        """The request of an id, or None."""
        item = self._get(request_id)
        return Request.from_item(item) if item else None

    def with_state(self, state: OpenState, limit: int | None = None) -> Iterator[Request]:
        """The open requests of one state, oldest first.

        Args:
            state: The state.
            limit: At most so many. Default: all.
        """
        yield from self._query("open", "OpenState", state.value, limit)

    def of_source(self, address: str) -> Iterator[Request]:
        """Every request of one bucket and key, oldest event first."""
        yield from self._query("source", "SourceAddress", address, None)

    def note_newest(self, source: Source, request_id: str) -> None:
        """Remember the request as its key's newest, unless a newer event came before."""
        try:
            with transient_errors_named():
                self._client.update_item(
                    TableName=self._name,
                    Key=serialise({"Id": _newest_id(source)}),
                    UpdateExpression="SET Sequencer = :sequencer, RequestId = :request",
                    ConditionExpression="attribute_not_exists(Sequencer) OR Sequencer <= :sequencer",
                    ExpressionAttributeValues=serialise(
                        {":sequencer": comparable(source.sequencer), ":request": request_id}
                    ),
                )
        except ClientError as error:
            if error_code(error) != _CONDITION_FAILED:
                raise

    def is_newest(self, request: Request) -> bool:
        """Tell whether no newer event for the request's key is known."""
        item = self._get(_newest_id(request.source))
        return item is None or item["RequestId"] == request.id

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
        return self._write(self._update_operation(request_id, changes, expect, unset))

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
        grant = {
            "TableName": self._name,
            "Key": serialise({"Id": _LEASES}),
            "UpdateExpression": "ADD Holders :holder",
            "ConditionExpression": "attribute_not_exists(Holders) OR size(Holders) < :maximum",
            "ExpressionAttributeValues": {
                ":holder": {"SS": [request.id]},
                ":maximum": {"N": str(self._max_leases)},
            },
        }
        operation = self._update_operation(request.id, changes, OpenState.QUEUED, "stop")
        # An index may still show the request as it was before an earlier admission, whose execution has
        # its name.
        operation["ConditionExpression"] += " AND Admission = :read"
        operation["ExpressionAttributeValues"][":read"] = {"N": str(request.admission)}
        return self._transact(grant, operation)

    def return_to_queue(self, request_id: str, *, not_before: str) -> bool:
        """Take the lease back and queue the request again; tell whether it was live and wanted.

        Its next admission counts its deadline anew.
        """
        changes = {
            "open_state": OpenState.QUEUED,
            "status": Status.QUEUED,
            "not_before": not_before,
            "started_at": None,
            "deadline_at": None,
        }
        return self._transact(
            self._release(request_id), self._update_operation(request_id, changes, OpenState.LIVE, "stop")
        )

    def conclude(self, request: Request, *, status: Status, now: str) -> bool:
        """Close a request and return its lease; tell whether it was still open."""
        expires_at = int(parse(now).timestamp()) + _KEEP_SECONDS
        changes = {"open_state": None, "status": status, "ended_at": now, "expires_at": expires_at}
        operation = self._update_operation(request.id, changes, None, "")
        if request.admission == 0:  # It never had a lease, and is not admitted any more.
            return self._write(operation)
        return self._transact(self._release(request.id), operation)

    def reopen(self, request: Request, *, now: str) -> Request | None:
        """Queue a request that has ended for a new attempt; None where somebody else was faster."""
        fresh = Request(
            id=request.id,
            source=request.source,
            status=Status.QUEUED,
            open_state=OpenState.QUEUED,
            queued_at=now,
            attempt=request.attempt + 1,
            admission=request.admission,
            superseded=request.superseded,
        )
        changes = {
            each.name: getattr(fresh, each.name)
            for each in fields(fresh)
            if each.name not in ("id", "source") and getattr(fresh, each.name) != getattr(request, each.name)
        }
        operation = self._update_operation(request.id, changes, None, "")
        operation["ConditionExpression"] = "attribute_not_exists(#state) AND Attempt = :read"
        operation["ExpressionAttributeNames"]["#state"] = "OpenState"
        operation["ExpressionAttributeValues"][":read"] = {"N": str(request.attempt)}
        return fresh if self._write(operation) else None

    def lease_holders(self) -> set[str]:
        """The requests that hold a lease."""
        item = self._get(_LEASES)
        return set(item.get("Holders", ())) if item else set()

    def has_free_lease(self) -> bool:
        """Tell whether one more request could be admitted now."""
        return len(self.lease_holders()) < self._max_leases

    def release(self, request_id: str) -> None:
        """Take back a lease whose request has ended."""
        with transient_errors_named():
            self._client.update_item(**self._release(request_id))

    def _release(self, request_id: str) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "Key": serialise({"Id": _LEASES}),
            "UpdateExpression": "DELETE Holders :holder",
            "ExpressionAttributeValues": {":holder": {"SS": [request_id]}},
        }

    def _get(self, item_id: str) -> dict[str, Any] | None:
        with transient_errors_named():
            answer = self._client.get_item(
                TableName=self._name, Key=serialise({"Id": item_id}), ConsistentRead=True
            )
        return deserialise(answer["Item"]) if "Item" in answer else None

    def _query(self, index: str, attribute: str, value: str, limit: int | None) -> Iterator[Request]:
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "#attribute = :value",
            "ExpressionAttributeNames": {"#attribute": attribute},
            "ExpressionAttributeValues": serialise({":value": value}),
        }
        if limit is not None:
            arguments["Limit"] = limit
        found = 0
        while True:
            with transient_errors_named():
                page = self._client.query(**arguments)
            for item in page["Items"]:
                yield Request.from_item(deserialise(item))
                found += 1
                if found == limit:
                    return
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _update_operation(
        self, request_id: str, changes: dict[str, Any], expect: OpenState | None, unset: str
    ) -> dict[str, Any]:
        return {"TableName": self._name, **update_operation(request_id, changes, expect, unset)}

    def _write(self, operation: dict[str, Any]) -> bool:
        try:
            with transient_errors_named():
                self._client.update_item(**operation)
        except ClientError as error:
            if error_code(error) == _CONDITION_FAILED:
                return False
            raise
        return True

    def _transact(self, *updates: dict[str, Any]) -> bool:
        for attempt in range(_TRANSACTION_TRIES):
            try:
                with transient_errors_named():
                    items: Any = [{"Update": each} for each in updates]
                    self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" in reasons:
                    return False
                if not reasons & _CROWDED:
                    raise
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
            else:
                return True
        raise TransientServiceError("The requests table is contended.")


def comparable(sequencer: str) -> str:
    """A sequencer in a form in which texts sort as S3 orders the events of a key.

    S3 has the shorter one padded with zeros on the right (Amazon S3 User Guide, event message structure).
    """
    return sequencer.lower().ljust(64, "0")


def _newest_id(source: Source) -> str:
    return f"newest#{sha256(source.address.encode()).hexdigest()}"
