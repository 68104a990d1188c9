"""Intake: one S3 event makes one request, or tells a living one that its source is gone or another."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from vmie_runtime import object_keys
from vmie_runtime.aws import client, transient_errors_named
from vmie_runtime.diagnosis import own_failure
from vmie_runtime.errors import RequestRejected
from vmie_runtime.moments import normalise
from vmie_runtime.observability import logger
from vmie_runtime.outcomes import failure_outcome
from vmie_runtime.request import OpenState, Request, Source, Status, request_id
from vmie_runtime.requests_table import RequestsTable, comparable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.wiring import publisher, requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# What S3's lifecycle rules delete has another reason (Amazon S3 User Guide, EventBridge events).
_DELETED_BY_SOMEBODY = "DeleteObject"
# Where versioning is suspended, "null" is overwritten by every upload: it tells no two objects apart.
_NO_VERSION = (None, "", "null")


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What an event does to the requests table."""

    table: RequestsTable
    publisher: ResultPublisher

    def take(self, event: dict[str, Any]) -> bool:
        """Act on one event of S3; tell whether the reconciler has something to do.

        Args:
            event: The EventBridge event, `Object Created` or `Object Deleted`.
        """
        now = normalise(event["time"])
        source = _source(event["detail"])
        if object_keys.is_folder_marker(source.key):
            return False
        if event["detail-type"] == "Object Deleted":
            return self._stop_requests_of(source, event["detail"], now)
        return self._create(source, now)

    def _create(self, source: Source, now: str) -> bool:
        request = Request(
            id=request_id(source),
            source=source,
            status=Status.QUEUED,
            open_state=OpenState.QUEUED,
            queued_at=now,
        )
        if rejection := _rejection(source):
            diagnosis = own_failure(rejection.code, rejection.text, **rejection.facts)
            outcome = failure_outcome(Status.REJECTED, diagnosis)
            request = replace(request, outcome=outcome, open_state=OpenState.ENDING)
        self.table.note_newest(source, request.id)
        created = self.table.create(request)
        self._supersede_older(request)
        if not self.table.is_newest(request):  # Its event came late.
            self.table.update(request.id, {"superseded": True})
        known = self.table.find(request.id)
        if known is None or known.open_state is None:
            return False
        if known.open_state is OpenState.ENDING:
            self.publisher.publish_end(known, now=now)
            return False
        if created:
            self.publisher.publish_step(known, event="Queued", now=now)
        # While every lease is taken there is nothing to admit, and the end of any wakes the reconciler.
        return self.table.has_free_lease()

    def _supersede_older(self, newer: Request) -> None:
        for request in self.table.of_source(newer.source.address):
            if (
                comparable(request.source.sequencer) < comparable(newer.source.sequencer)
                and request.open_state
            ):
                self.table.update(request.id, {"superseded": True})

    def _stop_requests_of(self, source: Source, detail: dict[str, Any], now: str) -> bool:
        if detail.get("reason") != _DELETED_BY_SOMEBODY:
            return False
        permanently = detail.get("deletion-type") == "Permanently Deleted"
        deleted_version = detail["object"].get("version-id")
        stop = {"Code": "SourceDeleted", "Message": f"{source.key!r} was deleted before its import ended."}
        to_do = False
        for request in self.table.of_source(source.address):
            asked_version = request.source.version_id or "null"
            another = permanently and (deleted_version or asked_version) != asked_version
            older = comparable(request.source.sequencer) < comparable(source.sequencer)
            if request.open_state is None or another or not older:
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
        diagnosis = own_failure(request.stop["Code"], request.stop["Message"])
        outcome = request.outcome or failure_outcome(Status.CANCELLED, diagnosis)
        self.table.update(request.id, {"outcome": outcome}, unset="outcome")
        self.publisher.publish_end(replace(request, outcome=outcome), now=now)
        return True


def _rejection(source: Source) -> RequestRejected | None:
    """Why a source cannot be imported, as far as its event tells."""
    try:
        object_keys.image_format(source.key)
    except RequestRejected as rejection:
        return rejection
    if source.size == 0:
        return RequestRejected("EmptyObject", f"{source.key!r} is empty (0 bytes).")
    return None


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

    intake = Intake(table=requests_table(), publisher=publisher())

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
