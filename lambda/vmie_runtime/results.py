"""The result of a request: its document, its addresses, its event and its notification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import result_addresses
from vmie_runtime.aws import transient_errors_named
from vmie_runtime.moments import parse
from vmie_runtime.observability import logger, metrics
from vmie_runtime.request import Request, Status
from vmie_runtime.requests_table import RequestsTable

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsResultEntryTypeDef
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient

EVENT_SOURCE = "vmie"
# What a success names of what it made.
OUTCOME_PARTS = ("ImageId", "SnapshotIds", "VolumeIds", "InstanceId", "Images", "Exports")
# EventBridge and SNS carry 256 KB; the result in the bucket has it all.
_TOO_LONG_FOR_EVENTS = ("Inspection",)
_MOST_SUBJECT = 100  # characters of an SNS subject, Amazon SNS API reference, Publish


def result_document(request: Request, *, now: str) -> dict[str, Any]:
    """The result of a request as it stands.

    Args:
        request: The request; its `outcome`, where there is one, decides the parts that belong to the end.
        now: The moment of this result.
    """
    outcome = request.outcome or {}
    ended = Status(outcome.get("Status", request.status)).terminal
    document: dict[str, Any] = {
        "RequestId": request.id,
        "Operation": request.operation or None,
        "Method": request.method,
        "Status": str(outcome.get("Status", request.status)),
        "Phase": request.phase,
        "Progress": _percentage(request.progress),
        "Attempt": request.attempt,
        "ClientToken": request.client_token,
        "ImportTaskId": request.import_task_id,
        "ExportTaskId": request.export_task_id,
        **{name: outcome.get(name) for name in OUTCOME_PARTS},
        "Inspection": request.inspection,
        "Error": outcome.get("Error"),
        "Advice": request.advice or None,
        "NextSteps": outcome.get("NextSteps"),
        "Source": request.source.to_document() if request.source else None,
        "Disks": request.disks or None,
        "Fleet": request.fleet,
        "StartedAt": request.started_at,
        "EndedAt": (request.ended_at or now) if ended else None,
        "ExecutionArn": request.execution_arn,
    }
    return {name: value for name, value in document.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ResultPublisher:
    """Tells the world how a request stands.

    Attributes:
        s3: Writes the documents.
        events: Puts the events.
        sns: Publishes terminal results.
        table: Knows which request is its key's newest, and is marked at the end.
        event_bus: Name or ARN of the bus.
        topic_arn: The topic, or None.
        bucket: Where the documents lie.
        workflow: The value of `Workflow` in events and metrics.
        kind: `import` or `export`: a word of the events' detail-types.
    """

    s3: S3Client
    events: EventBridgeClient
    sns: SNSClient
    table: RequestsTable
    bucket: str
    event_bus: str
    topic_arn: str | None
    workflow: str
    kind: str = "import"

    def publish_step(self, request: Request, *, event: str, now: str) -> None:
        """Publish how a request stands that has not ended.

        Args:
            request: The request.
            event: The last word of the event's detail-type: `Queued`, `Started` or `Progressed`.
            now: The moment.
        """
        document = result_document(request, now=now)
        self._write(request, document)
        self._put_event(document, event, now)

    def publish_end(self, request: Request, *, now: str) -> bool:
        """Publish a request's outcome and close it; tell whether this call closed it.

        A crash in between makes the next call publish again: events and notifications come at least once.
        """
        document = result_document(request, now=now)
        status = Status(document["Status"])
        self._write(request, document)
        self._put_event(document, status.value, now)
        self._notify(document, request)
        if not self.table.conclude(request, status=status, now=now):
            return False
        self._measure(request, status, now)
        return True

    def publish_place(self, request: Request) -> None:
        """Write the result of a request that has ended where its key's newest event says; nobody is told."""
        self._write(request, result_document(request, now=request.ended_at or ""))

    def publish_fleet(
        self, address: list[str], document: dict[str, Any], *, event: str | None, now: str
    ) -> None:
        """Publish the summary of a fleet.

        Args:
            address: Where it lies.
            document: The summary.
            event: The last words of the event's detail-type. Default: nobody is told.
            now: The moment.
        """
        self._put_documents(address, document)
        if event is not None:
            self._put_event(document, event, now)

    def _write(self, request: Request, document: dict[str, Any]) -> None:
        addresses = [result_addresses.by_id(request.id)]
        if request.source is not None and self.table.sources.is_newest(request):
            addresses.append(result_addresses.by_source_key(request.source.key, request.ordinal))
        self._put_documents(addresses, document)

    def _put_documents(self, addresses: list[str], document: dict[str, Any]) -> None:
        body = f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()
        for address in addresses:
            with transient_errors_named():
                self.s3.put_object(Bucket=self.bucket, Key=address, Body=body, ContentType="application/json")

    def _put_event(self, document: dict[str, Any], event: str, now: str) -> None:
        detail = {name: value for name, value in document.items() if name not in _TOO_LONG_FOR_EVENTS}
        with _refusal_logged("event", document["RequestId"]), transient_errors_named():
            answer = self.events.put_events(
                Entries=[
                    {
                        "Time": parse(now),
                        "Source": EVENT_SOURCE,
                        "DetailType": f"VM {self.kind.title()} {event}",
                        "Detail": json.dumps({**detail, "Workflow": self.workflow}, ensure_ascii=False),
                        "EventBusName": self.event_bus,
                    }
                ]
            )
            if answer["FailedEntryCount"]:
                raise _entry_error(answer["Entries"][0])

    def _notify(self, document: dict[str, Any], request: Request) -> None:
        if self.topic_arn is None:
            return
        message = {name: value for name, value in document.items() if name not in _TOO_LONG_FOR_EVENTS}
        name = request.source.key if request.source else request.label
        subject = f"VM {self.kind} {document['Status'].lower()}: {name}"
        with _refusal_logged("notification", request.id), transient_errors_named():
            self.sns.publish(
                TopicArn=self.topic_arn,
                Subject=_subject(subject),
                Message=json.dumps(message, indent=2, ensure_ascii=False),
                MessageAttributes={"Status": {"DataType": "String", "StringValue": document["Status"]}},
            )

    def _measure(self, request: Request, status: Status, now: str) -> None:
        metrics.add_dimension("Workflow", self.workflow)
        metrics.add_dimension("Kind", self.kind)
        metrics.add_metric(status.value, "Count", 1)
        if status is Status.TIMED_OUT:
            metrics.add_metric(Status.FAILED.value, "Count", 1)
        if request.started_at:
            milliseconds = (parse(now) - parse(request.started_at)).total_seconds() * 1000
            metrics.add_metric("Duration", "Milliseconds", milliseconds)
        metrics.flush_metrics()


@contextmanager
def _refusal_logged(what: str, request_id: str) -> Iterator[None]:
    """Let an end that was written down come to its end, whatever bus or topic refuse for good.

    Whoever waited for them to be set up right would keep a lease for every request that ended meanwhile.
    """
    try:
        yield
    except ClientError:
        logger.exception(
            "The %s of a result was refused; the result itself is in the bucket. Let the function publish: "
            "look at the policies of bus, topic and key.",
            what,
            extra={"request_id": request_id},
        )


def _entry_error(entry: PutEventsResultEntryTypeDef) -> ClientError:
    """What PutEvents would have raised had its only entry been the call."""
    code, message = entry.get("ErrorCode", ""), entry.get("ErrorMessage", "")
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutEvents")


def _percentage(progress: str | None) -> int | None:
    return int(progress) if progress is not None and progress.isdecimal() else None


def _subject(text: str) -> str:
    """An SNS subject: printable ASCII, one line, at most 100 characters."""
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain if len(plain) <= _MOST_SUBJECT else plain[: _MOST_SUBJECT - 3] + "..."
