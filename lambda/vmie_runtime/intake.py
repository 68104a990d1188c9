"""Intake: one S3 event makes its requests, or tells living ones that their source is gone or another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from vmie_runtime import object_keys, request_files
from vmie_runtime.aws import client, transient_errors_named
from vmie_runtime.deletions import deletion_stop
from vmie_runtime.errors import RequestRejected, TransientServiceError
from vmie_runtime.failure_outcomes import rejection_outcome, unrecorded_outcome
from vmie_runtime.fleet_intake import FleetIntake
from vmie_runtime.fleets import Fleet, Fleets
from vmie_runtime.intake_messages import ADMISSION_WANTED
from vmie_runtime.moments import normalise
from vmie_runtime.observability import logger
from vmie_runtime.request import OpenState, Request, Source, Status, fleet_entry_id, request_id
from vmie_runtime.request_documents import Entry, RequestFile
from vmie_runtime.request_entries import request_fields, require_operation_of
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.sources import Listed, comparable
from vmie_runtime.wiring import publisher, requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_s3 import S3Client

# What S3's lifecycle rules delete has another reason (Amazon S3 User Guide, EventBridge events).
_DELETED_BY_SOMEBODY = "DeleteObject"
# Where versioning is suspended, "null" is overwritten by every upload: it tells no two objects apart.
_NO_VERSION = (None, "", "null")
# What is left undone when so little time is left comes back with the event's next delivery.
_RESERVE_MILLISECONDS = 30_000


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What an event does to the requests table."""

    table: RequestsTable
    publisher: ResultPublisher
    fleets: FleetIntake
    s3: S3Client
    kind: str = "import"
    time_is_left: Callable[[], bool] = lambda: True

    def take(self, event: dict[str, Any]) -> bool:
        """Act on one event of S3; tell whether the reconciler has something to do.

        Args:
            event: The EventBridge event, `Object Created` or `Object Deleted`.

        Raises:
            TransientServiceError: If AWS does not answer or time runs out; the event must come again.
        """
        now = normalise(event["time"])
        if event["detail-type"] == ADMISSION_WANTED:
            return True  # It may have been admitted already, and waits to hear of it.
        source = _source(event["detail"])
        if object_keys.is_folder_marker(source.key):
            return False
        if event["detail-type"] == "Object Deleted":
            return self._stop_requests_of(source, event["detail"], now)
        if object_keys.is_request_file(source.key):
            return self._take_file(source, now)
        try:
            operation, method, parameters = object_keys.dropped_image(source.key, source.bucket)
            if source.size == 0:
                raise RequestRejected("EmptyObject", f"{source.key!r} is empty (0 bytes).")
        except RequestRejected as rejection:
            return self._create(_rejected(_waiting(source, now), rejection), now)
        request = replace(_waiting(source, now), operation=operation, method=method, parameters=parameters)
        return self._create(request, now)

    def _take_file(self, source: Source, now: str) -> bool:
        waiting = replace(_waiting(source, now), operation="", method=None)
        try:
            file = request_files.read(self.s3, source)
        except RequestRejected as rejection:
            # Of a fleet that could be read before, a part may be there.
            return self.fleets.leave_off(source, now) or self._create(_rejected(waiting, rejection), now)
        if file is None:  # Deleted or overwritten meanwhile, which has an event of its own.
            return self.fleets.leave_off(source, now)
        if file.fleet:
            return self._take_fleet(source, file, now)
        return self._create(self._request_of(waiting, file.entries[0]), now)

    def _request_of(self, waiting: Request, entry: Entry) -> Request:
        try:
            if entry.rejection is not None or entry.document is None:
                raise entry.rejection or RequestRejected("InvalidRequest", "The request is empty.")
            require_operation_of(self.kind, entry.document)
        except RequestRejected as rejection:
            return _rejected(waiting, rejection)
        return replace(waiting, **request_fields(entry.document))

    def _create(self, request: Request, now: str) -> bool:
        source = request.source
        if source is None:
            return False
        self.table.sources.note_newest(source, request.id, now=now)
        created = self.table.create(request)
        self._supersede_older(source)
        if not self.table.sources.is_newest(request):  # Its event came late.
            self._supersede(request.id, source)
        known = self.table.find(request.id)
        if known is None or known.open_state is None:
            return False
        if known.open_state is OpenState.ENDING:
            self.publisher.publish_end(known, now=now)
            return False
        if created:
            self.publisher.publish_step(known, event="Queued", now=now)
        # While every lease is taken there is nothing to admit, and the end of any wakes the reconciler.
        return self.table.leases.free() > 0

    def _take_fleet(self, source: Source, file: RequestFile, now: str) -> bool:
        fleet = Fleet(id=request_id(source), source=source, size=len(file.entries), queued_at=now, counts={})
        waiting = replace(_waiting(source, now), operation="", method=None, fleet=fleet.id)
        requests = (self._request_of(_entry(waiting, source, entry, now), entry) for entry in file.entries)
        return self.fleets.take(fleet, requests, now)

    def _supersede_older(self, newer: Source) -> None:
        for request in self.table.sources.requests_of(newer.address):
            if comparable(request.sequencer) < comparable(newer.sequencer) and request.is_open:
                self._supersede(request.id, newer)

    def _supersede(self, request_id: str, source: Source) -> None:
        # What a request file asked for is under way whatever the file says now.
        if not object_keys.is_request_file(source.key):
            self.table.update(request_id, {"superseded": True})

    def _stop_requests_of(self, source: Source, detail: dict[str, Any], now: str) -> bool:
        if detail.get("reason") != _DELETED_BY_SOMEBODY:
            return False
        permanently = detail.get("deletion-type") == "Permanently Deleted"
        deleted_version = detail["object"].get("version-id")
        stop = deletion_stop(source)
        if not permanently or deleted_version in _NO_VERSION:
            # What a slower delivery still makes of it is not admitted either.
            self.table.sources.note_deleted(source, now=now)
        to_do = False
        for request in self.table.sources.requests_of(source.address):
            if not _concerns(request, source, permanently=permanently, version=deleted_version):
                continue
            if not self.time_is_left():
                raise TransientServiceError("More requests are stopped than time is left; the rest follows.")
            if request.fleet is not None:
                self.fleets.stop(request.id, stop)
                to_do = True
                continue
            self.table.update(request.id, {"stop": stop}, unset="stop")
            # One that waits has no execution to stop: it can end at once.
            self.table.update(request.id, {"open_state": OpenState.ENDING}, expect=OpenState.QUEUED)
            to_do |= not self._ended_unstarted(request.id, now)
        return to_do

    def _ended_unstarted(self, request_id: str, now: str) -> bool:
        """End a request that shall stop, if nothing was ever started for it; tell whether it has ended."""
        request = self.table.find(request_id)
        if request is None or request.open_state is None:
            return True
        if request.open_state is not OpenState.ENDING or request.admission or request.stop is None:
            return False
        outcome = request.outcome or unrecorded_outcome(request, None)
        self.table.update(request.id, {"outcome": outcome}, unset="outcome")
        self.publisher.publish_end(replace(request, outcome=outcome), now=now)
        return True


def _concerns(request: Listed, deleted: Source, *, permanently: bool, version: str | None) -> bool:
    asked_version = request.version_id or "null"
    another = permanently and (version or asked_version) != asked_version
    older = comparable(request.sequencer) < comparable(deleted.sequencer)
    return request.is_open and not another and older


def _waiting(source: Source, now: str) -> Request:
    return Request(
        id=request_id(source),
        source=source,
        status=Status.QUEUED,
        open_state=OpenState.QUEUED,
        queued_at=now,
    )


def _entry(waiting: Request, source: Source, entry: Entry, now: str) -> Request:
    return replace(
        waiting,
        id=fleet_entry_id(source, entry.digest),
        ordinal=entry.ordinal,
        queued_at=f"{now}#{entry.ordinal:05}",
    )


def _rejected(request: Request, rejection: RequestRejected) -> Request:
    return replace(request, outcome=rejection_outcome(rejection), open_state=OpenState.ENDING)


def _source(detail: dict[str, Any]) -> Source:
    described = detail["object"]
    version = described.get("version-id")
    return Source(
        bucket=detail["bucket"]["name"],
        key=described["key"],
        version_id=None if version in _NO_VERSION else version,
        etag=described.get("etag", ""),
        size=int(described.get("size", 0)),
        sequencer=described["sequencer"],
    )


_PROCESSOR = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Take a batch of S3 events from the queue; those that fail go back to it one by one."""
    wake: list[str] = []

    def time_is_left() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS

    intake = Intake(
        table=requests_table(),
        publisher=publisher(),
        fleets=FleetIntake(
            table=requests_table(),
            publisher=publisher(),
            fleets=Fleets(table=requests_table(), publisher=publisher()),
            time_is_left=time_is_left,
        ),
        s3=client("s3"),
        kind=settings().workflow_kind,
        time_is_left=time_is_left,
    )

    def take(record: SQSRecord) -> None:
        message = json.loads(record.body)
        if intake.take(message):
            wake.append(normalise(message["time"]))

    answer = process_partial_response(event=event, record_handler=take, processor=_PROCESSOR, context=context)
    if wake:
        _wake_reconciler(max(wake))
    return answer


def _wake_reconciler(now: str) -> None:
    with transient_errors_named():
        client("lambda").invoke(
            FunctionName=settings().reconciler_function,
            InvocationType="Event",
            Payload=json.dumps({"Now": now}).encode(),
        )
