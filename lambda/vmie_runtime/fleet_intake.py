"""Fleet intake: the requests of one file come into the table together, again, or are stopped together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from vmie_runtime.deletions import deletion_stop
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.fleets import Fleet, Fleets
from vmie_runtime.observability import logger
from vmie_runtime.request import OpenState, Request, Source, Status, request_id
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.sources import comparable
from vmie_runtime.table_access import MOST_IN_TRANSACTION
from vmie_runtime.table_items import serialise

# A transaction has at most 4 MB (Amazon DynamoDB API reference, TransactWriteItems).
_MOST_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class FleetIntake:
    """What the events of a fleet's file do to the requests table."""

    table: RequestsTable
    publisher: ResultPublisher
    fleets: Fleets
    time_is_left: Callable[[], bool] = lambda: True

    def take(self, fleet: Fleet, requests: Iterable[Request], now: str) -> bool:
        """Put every request of a fleet into the table, in portions; what is there already stays as it is.

        Args:
            fleet: The fleet.
            requests: Its requests, in their order.
            now: The moment.

        Returns:
            Whether the reconciler has something to do.

        Raises:
            TransientServiceError: If AWS does not answer or time runs out; the event must come again.
        """
        self.table.sources.note_newest(fleet.source, fleet.id, now=now)
        if self.fleets.begin(fleet):
            return False
        # One that came late has nothing to add: its requests are those of the newer fleet.
        for portion in portions(requests if self.fleets.is_newest(fleet) else ()):
            if not self.time_is_left():
                raise TransientServiceError("The fleet is longer than the time for it; the rest follows.")
            for request, is_new in zip(portion, self.table.create_all(portion), strict=True):
                if not is_new:
                    self._take_again(request)
            if self.table.sources.was_deleted(fleet.source):
                # Whoever handled the deletion could not know of these.
                for request in portion:
                    self.stop(request.id, deletion_stop(fleet.source))
                return self.leave_off(fleet.source, now)
        self.fleets.filled(fleet)
        self.fleets.summarise(now)
        return True

    def leave_off(self, source: Source, now: str) -> bool:
        """Let a fleet be what of it is in the table, where its file cannot be read to the end any more.

        Args:
            source: The file.
            now: The moment.

        Returns:
            Whether there was such a fleet, which the reconciler may have something to do for.
        """
        if not self.fleets.cut_short(request_id(source), source):
            return False
        logger.warning(
            "A fleet was cut short: its file went, or changed, before all of it was taken in",
            extra={"key": source.key, "request_id": request_id(source)},
        )
        self.fleets.summarise(now)
        return True

    def stop(self, entry_id: str, stop: dict[str, str]) -> None:
        """Write down that an entry shall stop; the reconciler ends it and tells of it.

        To tell of 10,000 ends takes longer than one function may run.
        """
        ending = {"stop": stop, "open_state": OpenState.ENDING}
        if not self.table.update(entry_id, ending, expect=OpenState.QUEUED):
            self.table.update(entry_id, {"stop": stop}, unset="stop")

    def _take_again(self, entry: Request) -> None:
        """Let a known entry belong to the new fleet; what has not succeeded runs again."""
        known = self.table.find(entry.id)
        # Taken by an earlier delivery of this very event, or by a newer one, it stays where it is.
        while known is not None and _is_newer(entry, known):
            if self._try_again(known, entry):
                return
            known = self.table.find(entry.id)

    def _try_again(self, known: Request, entry: Request) -> bool:
        """Take a known entry as it was read; tell whether it was still like that."""
        if known.open_state is None and known.status is not Status.SUCCEEDED:
            reopened = self.table.reopen(known, now=entry.queued_at, outcome=entry.outcome, entry=entry)
            return reopened is not None
        if known.open_state is OpenState.ENDING and known.stop is not None and known.outcome is None:
            return self.table.wait_again(known, entry)
        if not self.table.take_over(known, entry):
            return False
        fresh = self.table.find(known.id)
        if fresh is not None and fresh.open_state is None:
            # It has ended well, and its result's address follows its place in the newest file.
            self.publisher.publish_place(fresh)
        return True


def portions(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Cut requests, in their order, into portions that fit into one transaction each."""
    portion: list[Request] = []
    size = 0
    for request in requests:
        # Never less than DynamoDB counts, which has no quotes and names of types to it.
        length = len(json.dumps(serialise(request.to_item())))
        if portion and (len(portion) == MOST_IN_TRANSACTION or size + length > _MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(request)
        size += length
    if portion:
        yield portion


def _is_newer(entry: Request, known: Request) -> bool:
    """Tell whether the event of an entry is newer than the one that a known request came with last."""
    if entry.source is None or known.source is None:
        return False
    return comparable(known.source.sequencer) < comparable(entry.source.sequencer)
