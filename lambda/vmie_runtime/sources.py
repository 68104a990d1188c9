"""What is known of each bucket and key: its requests, the newest of them, and whether it was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from vmie_runtime.moments import parse
from vmie_runtime.request import Request, Source, Status
from vmie_runtime.table_access import TableAccess
from vmie_runtime.table_items import serialise

KEEP_SECONDS = 90 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A request as the index of its source shows it, which may lag behind.

    Attributes:
        id: The request's id.
        sequencer: The sequencer of the event that brought it.
        version_id: The version of its source.
        status: What its result says.
        is_open: Whether anything is left to do.
        fleet: The fleet that it belongs to.
    """

    id: str
    sequencer: str
    version_id: str | None
    status: Status
    is_open: bool
    fleet: str | None


class Sources:
    """The sources of one table's requests."""

    def __init__(self, access: TableAccess) -> None:
        """Use the sources of a table.

        Args:
            access: The table.
        """
        self._access = access

    def requests_of(self, address: str) -> Iterator[Listed]:
        """Every request of one bucket and key, oldest event first."""
        for item in self._access.query("source", "SourceAddress", address):
            if "Status" in item:
                yield Listed(
                    id=item["Id"],
                    sequencer=item["Sequencer"],
                    version_id=item.get("VersionId"),
                    status=Status(item["Status"]),
                    is_open="OpenState" in item,
                    fleet=item.get("Fleet"),
                )

    def note_newest(self, source: Source, request_id: str, *, now: str) -> None:
        """Remember the request as its key's newest, unless a newer event came before.

        Args:
            source: The object.
            request_id: The request that its event made.
            now: What is remembered expires as long after this moment as a request does after its end.
        """
        self._note(source, "Sequencer", now, {"RequestId": request_id})

    def note_deleted(self, source: Source, *, now: str) -> None:
        """Remember that the key was deleted, for requests that a slower delivery still makes of it.

        Args:
            source: The key, with the sequencer of its deletion.
            now: As of `note_newest`.
        """
        self._note(source, "DeletedSequencer", now, {})

    def is_newest(self, request: Request) -> bool:
        """Tell whether no newer event for the request's key is known."""
        if request.source is None:
            return False
        item = self._access.get(_id_of(request.source)) or {}
        return item.get("RequestId", request.id) in (request.id, request.fleet)

    def was_deleted(self, source: Source) -> bool:
        """Tell whether the key was deleted after the event of a source."""
        item = self._access.get(_id_of(source)) or {}
        return bool(item.get("DeletedSequencer", "") > comparable(source.sequencer))

    def _note(self, source: Source, attribute: str, now: str, more: dict[str, str]) -> None:
        values = {attribute: comparable(source.sequencer), "ExpiresAt": expiry(now), **more}
        self._access.write(
            {
                "Key": serialise({"Id": _id_of(source)}),
                "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in values),
                "ConditionExpression": f"attribute_not_exists({attribute}) OR {attribute} <= :{attribute}",
                "ExpressionAttributeValues": serialise({f":{name}": value for name, value in values.items()}),
            }
        )


def comparable(sequencer: str) -> str:
    """A sequencer in a form in which texts sort as S3 orders the events of a key.

    S3 has the shorter one padded with zeros on the right (Amazon S3 User Guide, event message structure).
    """
    return sequencer.lower().ljust(64, "0")


def expiry(now: str) -> int:
    """When what ended at a moment may be forgotten, in seconds since 1970."""
    return int(parse(now).timestamp()) + KEEP_SECONDS


def _id_of(source: Source) -> str:
    return f"newest#{sha256(source.address.encode()).hexdigest()}"
