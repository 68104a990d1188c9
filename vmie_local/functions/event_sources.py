"""SQS event source mappings: Lambda's pollers.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. Queues are read and messages deleted with the
credentials of the function's role, as Lambda does it, so that a missing `sqs:ReceiveMessage` shows.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_local.background import Background
from vmie_local.events.pattern import EventPattern
from vmie_local.functions.function import FunctionVersion
from vmie_local.functions.invocation import Invocation, TooManyRequestsError
from vmie_local.moto_seams import lambda_registry, sqs

if TYPE_CHECKING:
    from vmie_local.functions import Functions
    from vmie_local.server import LocalAws

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
# Standard queues begin with five concurrent batches.
_DEFAULT_CONCURRENCY = 5
_THREADS = 16
_MOST_PER_RECEIVE = 10


@dataclass(frozen=True, kw_only=True)
class EventSourceMapping:
    """What connects a queue to a function.

    Attributes:
        uuid: The mapping's id.
        queue_arn: The queue.
        function: Name or ARN of the function, with a qualifier if one was given.
        batch_size: Most messages per invocation.
        batching_window_seconds: How long a batch may gather, on the scaled clock.
        maximum_concurrency: Batches in flight at once.
        report_failures: Whether the answer names the messages that failed (`ReportBatchItemFailures`).
        filters: Event patterns for the message; one that matches lets it pass. None lets all pass.
    """

    uuid: str
    queue_arn: str
    function: str
    batch_size: int
    batching_window_seconds: int = 0
    maximum_concurrency: int = _DEFAULT_CONCURRENCY
    report_failures: bool = False
    filters: tuple[EventPattern, ...] = ()

    @property
    def queue(self) -> tuple[str, str, str]:
        """Account, Region and name of the queue."""
        _, _, _, region, account, name = self.queue_arn.split(":", 5)
        return account, region, name


class EventSources:
    """One thread that looks at the queues, and a few that carry batches."""

    def __init__(self, cloud: LocalAws, functions: Functions) -> None:
        """Prepare; nothing is polled before `start`."""
        self._cloud, self._functions = cloud, functions
        self._background = Background(cloud.clock, "event-source", _THREADS)
        self._in_flight: Counter[str] = Counter()
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="event-sources", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling; batches in flight are not waited for: their messages become visible again."""
        self._stopped.set()
        self._thread.join()
        self._background.stop(patience=0)

    def _poll(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            for mapping in lambda_registry.event_source_mappings():
                waiting = sqs.visible_messages(*mapping.queue)
                with self._lock:
                    room = mapping.maximum_concurrency - self._in_flight[mapping.uuid]
                    batches = min(room, -(-waiting // min(mapping.batch_size, _MOST_PER_RECEIVE)))
                    self._in_flight[mapping.uuid] += max(0, batches)
                for _ in range(batches):
                    self._background.submit(self._carry, mapping)

    def _carry(self, mapping: EventSourceMapping) -> None:
        try:
            account, region, _ = mapping.queue
            function = self._functions.registry.find(account, region, mapping.function, None)
            messages = self._receive(mapping, function)
            if messages:
                self._hand_over(mapping, function, messages)
        except ClientError as error:
            log.warning("Event source mapping of %s: %s", mapping.function, error)
            self._stopped.wait(1.0)
        finally:
            with self._lock:
                self._in_flight[mapping.uuid] -= 1

    def _receive(self, mapping: EventSourceMapping, function: FunctionVersion) -> list[dict[str, Any]]:
        client, url = self._client(function, mapping.queue), self._url(mapping)
        clock = self._cloud.clock
        messages: list[dict[str, Any]] = []
        closes_at = clock.now() + mapping.batching_window_seconds
        while len(messages) < mapping.batch_size:
            received = client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(_MOST_PER_RECEIVE, mapping.batch_size - len(messages)),
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            messages += received
            if clock.now() >= closes_at:
                break
            if not received:
                self._stopped.wait(min(_POLL_SECONDS, clock.real_seconds(closes_at - clock.now())))
        return self._filtered(mapping, client, url, messages)

    def _filtered(
        self, mapping: EventSourceMapping, client: Any, url: str, messages: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        if not mapping.filters:
            return messages
        wanted = [m for m in messages if any(f.matches(_filterable(m)) for f in mapping.filters)]
        self._delete(client, url, [m for m in messages if m not in wanted])
        return wanted

    def _hand_over(
        self, mapping: EventSourceMapping, function: FunctionVersion, messages: list[dict[str, Any]]
    ) -> None:
        event = {"Records": [record(mapping, message) for message in messages]}
        handles = [message["ReceiptHandle"] for message in messages]
        # Functions run in real time, visibility timeouts in scaled time: none may run out in between.
        sqs.hide(*mapping.queue, handles)
        try:
            outcome = self._functions.invoke(function, Invocation(json.dumps(event).encode()))
        except TooManyRequestsError:
            outcome = None
        finally:
            sqs.hide_for_visibility_timeout(*mapping.queue, handles)
        if outcome is None or outcome.failed:
            return  # the visibility timeout gives the batch back
        failed = failed_messages(mapping, outcome.payload, {message["MessageId"] for message in messages})
        done = [message for message in messages if message["MessageId"] not in failed]
        self._delete(self._client(function, mapping.queue), self._url(mapping), done)

    def _delete(self, client: Any, url: str, messages: list[dict[str, Any]]) -> None:
        for start in range(0, len(messages), _MOST_PER_RECEIVE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + _MOST_PER_RECEIVE])
            ]
            client.delete_message_batch(QueueUrl=url, Entries=entries)

    def _client(self, function: FunctionVersion, queue: tuple[str, str, str]) -> Any:
        key = function.role_arn, queue[1]
        if key not in self._clients:
            self._clients[key] = self._cloud.client("sqs", region=queue[1], role_arn=function.role_arn)
        return self._clients[key]

    def _url(self, mapping: EventSourceMapping) -> str:
        account, _, name = mapping.queue
        return f"{self._cloud.endpoint}/{account}/{name}"


def record(mapping: EventSourceMapping, message: dict[str, Any]) -> dict[str, Any]:
    """A received message as an item of the event's `Records`."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "binaryValue": value.get("BinaryValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.queue_arn,
        "awsRegion": mapping.queue[1],
    }


def _filterable(message: dict[str, Any]) -> dict[str, Any]:
    """Lambda compares a body with an object in the pattern as JSON, with a string as text."""
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = message["Body"]
    return {"body": body, "messageId": message["MessageId"], "attributes": message.get("Attributes", {})}


def failed_messages(mapping: EventSourceMapping, payload: bytes, ids: set[str]) -> set[str]:
    """The messages that go back to the queue.

    An answer that Lambda cannot read as `batchItemFailures`, or names an unknown message, fails the batch.
    """
    if not mapping.report_failures:
        return set()
    try:
        answer = json.loads(payload)
        if not answer or not answer.get("batchItemFailures"):
            return set()
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    except (ValueError, AttributeError, KeyError, TypeError):
        return ids
    return failed if failed <= ids else ids
