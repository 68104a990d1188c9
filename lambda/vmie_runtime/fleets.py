"""Fleets: many requests in one file, and the summary that counts how they end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from vmie_runtime import result_addresses
from vmie_runtime.request import Request, Source, Status, source_attributes, source_of
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.sources import expiry
from vmie_runtime.table_items import serialise

_OPEN = "fleet"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """One fleet, as it was dropped.

    Attributes:
        id: Its id: the request id of its file.
        source: The file.
        size: How many requests it has.
        queued_at: When it was dropped.
        counts: How many of them stood how, when it was summarised last.
    """

    id: str
    source: Source
    size: int
    queued_at: str
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Fleets:
    """The fleets of one requests table."""

    table: RequestsTable
    publisher: ResultPublisher

    def begin(self, fleet: Fleet) -> bool:
        """Note that a fleet was dropped; tell whether its requests are all there already."""
        item = {
            "Id": fleet.id,
            "OpenState": self.table.open_value("filling"),
            "FleetSize": fleet.size,
            "QueuedAt": fleet.queued_at,
            "Counts": fleet.counts,
            **source_attributes(fleet.source),
        }
        del item["SourceAddress"]  # Only requests are listed by their source.
        if self.table.access.put_new(item):
            return False
        found = self.table.access.get(fleet.id)
        return found is None or found.get("OpenState") != self.table.open_value("filling")

    def is_newest(self, fleet: Fleet) -> bool:
        """Tell whether no newer event for the fleet's file is known."""
        return self.table.sources.is_newest(_as_request(fleet))

    def filled(self, fleet: Fleet) -> None:
        """Note that every request of a fleet is in the table: from now on it is summarised.

        Where another delivery cut it short meanwhile, this one knows better.
        """
        self._open(fleet.id, fleet.size, condition="OpenState = :filling OR FleetSize <> :size")

    def cut_short(self, fleet_id: str, source: Source) -> bool:
        """Note that nothing more comes into a fleet than is in the table; tell whether it waited for more.

        Args:
            fleet_id: The fleet.
            source: Its file.
        """
        found = self.table.access.get(fleet_id)
        if found is None or found.get("OpenState") != self.table.open_value("filling"):
            return False
        size = sum(each.fleet == fleet_id for each in self.table.sources.requests_of(source.address))
        return self._open(fleet_id, size, condition="OpenState = :filling")

    def _open(self, fleet_id: str, size: int, *, condition: str) -> bool:
        return self.table.access.write(
            {
                "Key": serialise({"Id": fleet_id}),
                "UpdateExpression": "SET OpenState = :open, FleetSize = :size REMOVE ClosedAt, ExpiresAt",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": serialise(
                    {
                        ":open": self.table.open_value(_OPEN),
                        ":filling": self.table.open_value("filling"),
                        ":size": size,
                    }
                ),
            }
        )

    def summarise(self, now: str) -> None:
        """Write the summary of every fleet whose requests stand otherwise than when it was written last."""
        for item in self.table.access.query("open", "OpenState", self.table.open_value(_OPEN)):
            settled = contended = False
            while not settled and (fleet := self._find(item["Id"])) is not None:
                settled = self._summarise(fleet, now, anyway=contended)
                contended = True
            if contended and not settled:
                self._write_last(item["Id"])

    def _find(self, fleet_id: str) -> Fleet | None:
        """A fleet that is summarised; None where it is over."""
        found = self.table.access.get(fleet_id)
        if found is None or found.get("OpenState") != self.table.open_value(_OPEN):
            return None
        return _fleet_of(found)

    def _write_last(self, fleet_id: str) -> None:
        """Write the last summary of a fleet again: who closed it meanwhile may have been overwritten."""
        found = self.table.access.get(fleet_id)
        fleet = _fleet_of(found) if found and "ClosedAt" in found else None
        if found is None or fleet is None:
            return
        document = summary(fleet, fleet.counts, now=found["ClosedAt"], is_over=True)
        self.publisher.publish_fleet(self._addresses(fleet), document, event=None, now=found["ClosedAt"])

    def _addresses(self, fleet: Fleet) -> list[str]:
        of_key = result_addresses.by_source_key(fleet.source.key)
        is_newest = self.is_newest(fleet)
        return [result_addresses.by_id(fleet.id), *([of_key] if is_newest else [])]

    def _summarise(self, fleet: Fleet, now: str, *, anyway: bool) -> bool:
        """Write a fleet's summary where it has changed, or anyway; tell whether it is the newest.

        It is noted after it was written, so that what a crash left unwritten is written by the next round.
        Who finds that somebody else has noted another one meanwhile may have overwritten a newer summary.
        """
        is_newest = self.is_newest(fleet)
        counts, all_ended = self._count(fleet)
        # Dropped again, its requests belong to the newer fleet: nothing more will happen to this one.
        is_over = all_ended or not is_newest
        if counts == fleet.counts and not is_over and not anyway:
            return True
        document = summary(fleet, counts, now=now, is_over=is_over)
        event = f"Fleet {document['Status']}" if is_over else None
        self.publisher.publish_fleet(self._addresses(fleet), document, event=event, now=now)
        return self._note(fleet, counts, closed_at=now if is_over else None)

    def _count(self, fleet: Fleet) -> tuple[dict[str, int], bool]:
        """How the requests stand; and whether all have ended."""
        of_file = self.table.sources.requests_of(fleet.source.address)
        listed = [each for each in of_file if each.fleet == fleet.id]
        counts = dict(sorted(Counter(each.status.value for each in listed).items()))
        # The index may not have caught up with the table: nothing is over that it does not show. One that was
        # cut short has more than was counted then, if its file was still being read by another delivery.
        return counts, len(listed) >= fleet.size and not any(each.is_open for each in listed)

    def _note(self, fleet: Fleet, counts: dict[str, int], *, closed_at: str | None) -> bool:
        """Note how a fleet's requests were counted, unless somebody else has; tell whether it was noted."""
        change: dict[str, Any] = {
            "Key": serialise({"Id": fleet.id}),
            "UpdateExpression": "SET #counts = :counts",
            "ConditionExpression": "attribute_exists(OpenState) AND #counts = :expected",
            "ExpressionAttributeNames": {"#counts": "Counts"},
            "ExpressionAttributeValues": {
                ":counts": serialise({"Counts": counts})["Counts"],
                ":expected": serialise({"Counts": fleet.counts})["Counts"],
            },
        }
        if closed_at is not None:
            change["UpdateExpression"] += ", ClosedAt = :closed, ExpiresAt = :expires REMOVE OpenState"
            change["ExpressionAttributeValues"] |= serialise(
                {":closed": closed_at, ":expires": expiry(closed_at)}
            )
        return self.table.access.write(change)


def summary(fleet: Fleet, counts: dict[str, int], *, now: str, is_over: bool) -> dict[str, Any]:
    """The result of a fleet.

    Args:
        fleet: The fleet.
        counts: How many of its requests stand how.
        now: The moment.
        is_over: Whether nothing more will happen to it.
    """
    size = max(fleet.size, sum(counts.values()))
    over = Status.FAILED
    if not counts or sum(counts.values()) < size or not all(Status(name).terminal for name in counts):
        over = Status.CANCELLED  # A newer fleet of the same file has taken its place.
    elif set(counts) == {Status.SUCCEEDED.value}:
        over = Status.SUCCEEDED
    document = {
        "RequestId": fleet.id,
        "Operation": "Fleet",
        "Status": (over if is_over else Status.RUNNING).value,
        "Size": size,
        "Counts": counts,
        "Entries": f"results/{fleet.source.key}/<n>.json",
        "Source": fleet.source.to_document(),
        "QueuedAt": fleet.queued_at,
        "EndedAt": now if is_over else None,
    }
    return {name: value for name, value in document.items() if value is not None}


def _fleet_of(item: dict[str, Any]) -> Fleet | None:
    source = source_of(item)
    if source is None:
        return None
    return Fleet(
        id=item["Id"],
        source=source,
        size=item["FleetSize"],
        queued_at=item["QueuedAt"],
        counts=item["Counts"],
    )


def _as_request(fleet: Fleet) -> Request:
    return Request(
        id=fleet.id, source=fleet.source, status=Status.RUNNING, open_state=None, queued_at=fleet.queued_at
    )
