"""SQS: the scaled clock, and no invocations from inside SendMessage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmie_local.clock import Clock
from vmie_local.moto_seams.seam import Seam, replace

MILLISECONDS = Seam(
    "moto.sqs.models:unix_time_millis",
    "visibility timeouts, delays and timestamps are on the scaled clock",
    ("dt",),
)
SECONDS = Seam("moto.sqs.models:unix_time", "retention and long polling are on the scaled clock", ("dt",))
QUEUE_INIT = Seam(
    "moto.sqs.models:Queue.__init__",
    "SendMessage calls Lambda itself, one record at a time; our pollers do it",
    ("self", "name", "region", "account_id", "kwargs"),
)
QUEUES = Seam("moto.sqs.models:sqs_backends", "the queues, to see whether one has messages")
CHANGE_VISIBILITY = Seam(
    "moto.sqs.models:Message.change_visibility",
    "messages stay invisible while a function works on them",
    ("self", "visibility_timeout"),
)
RECEIVE = Seam(
    "moto.sqs.models:SQSBackend.receive_message",
    "long polling is the patience of a client, which lives in real time",
    ("self", "queue_name", "count", "wait_seconds_timeout", "visibility_timeout", "message_attribute_names"),
)

DEAD_LETTERS = Seam(
    "moto.sqs.models:SQSBackend.list_dead_letter_source_queues", "whose dead letters a queue holds"
)

ADD_MESSAGE = Seam(
    "moto.sqs.models:Queue.add_message",
    "a dead letter does not tell which queue it came from",
    ("self", "message"),
)

SEAMS = (MILLISECONDS, SECONDS, QUEUE_INIT, QUEUES, CHANGE_VISIBILITY, RECEIVE, DEAD_LETTERS, ADD_MESSAGE)


@dataclass(frozen=True)
class DeadLetter:
    """A message in a dead-letter queue.

    Attributes:
        message: moto's message.
        came_from: The name of the queue that gave it up, or None where it was sent here directly.
    """

    message: Any
    came_from: str | None


class _NoMappings(dict[str, Any]):
    """A dictionary that keeps nothing."""

    def __setitem__(self, key: str, value: Any) -> None:
        pass


def install(clock: Clock) -> None:
    """Put queues on the clock and leave the polling to us."""

    def without_mappings(original: Any) -> Any:
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            self.lambda_event_source_mappings = _NoMappings()

        return init

    def patient(original: Any) -> Any:
        def receive_message(
            self: Any, queue_name: str, count: int, wait_seconds_timeout: float, *args: Any, **kwargs: Any
        ) -> Any:
            scaled = (wait_seconds_timeout or 0) / clock.scale
            return original(self, queue_name, count, scaled, *args, **kwargs)

        return receive_message

    def remembering(original: Any) -> Any:
        def add_message(self: Any, message: Any) -> None:
            # moto adds a message to a second queue only where a redrive policy says so.
            message.vmie_came_from = getattr(message, "vmie_home", None)
            message.vmie_home = self.name
            original(self, message)

        return add_message

    replace(MILLISECONDS, lambda original: lambda dt=None: original(dt) if dt else clock.now() * 1000)
    replace(SECONDS, lambda original: lambda dt=None: original(dt) if dt else clock.now())
    replace(QUEUE_INIT, without_mappings)
    replace(RECEIVE, patient)
    replace(ADD_MESSAGE, remembering)


def hide(account: str, region: str, queue: str, handles: list[str]) -> None:
    """Keep messages invisible until further notice."""
    for message in _messages(account, region, queue, handles):
        message.visible_at = float("inf")


def hide_for_visibility_timeout(account: str, region: str, queue: str, handles: list[str]) -> None:
    """Let the queue's visibility timeout of messages begin now, unless somebody has changed it meanwhile."""
    for message in _messages(account, region, queue, handles):
        if message.visible_at == float("inf"):
            message.change_visibility(_queue(account, region, queue).visibility_timeout)


def visibility_timeout(account: str, region: str, queue: str) -> int:
    """The visibility timeout of a queue in seconds; 0 if there is no such queue."""
    found = _queue(account, region, queue)
    return int(found.visibility_timeout) if found else 0


def visible_messages(account: str, region: str, queue: str) -> int:
    """How many messages of a queue could be received now; 0 if there is no such queue."""
    found = _queue(account, region, queue)
    return len(found.messages) if found else 0


def exists(account: str, region: str, queue: str) -> bool:
    """Whether there is such a queue."""
    return _queue(account, region, queue) is not None


def sources_of_dead_letters(account: str, region: str, queue: str) -> list[str]:
    """The names of the queues whose dead letters go to this one."""
    from moto.sqs.models import sqs_backends

    found = sqs_backends[account][region].list_dead_letter_source_queues(queue)
    return [each.name for each in found]


def dead_letters(account: str, region: str, queue: str) -> list[DeadLetter]:
    """The messages of a dead-letter queue that nobody works on, the oldest first."""
    return [DeadLetter(each, each.vmie_came_from) for each in list(_queue(account, region, queue).messages)]


def move(account: str, region: str, source: str, letter: DeadLetter, target: str) -> None:
    """Move a dead letter to a queue.

    It is as good as new: what counts its receipts begins again (SQS developer guide, "dead-letter queue
    redrive").
    """
    from moto.sqs.models import sqs_backends

    message = letter.message
    _queue(account, region, source)._messages.remove(message)
    sqs_backends[account][region].send_message(
        target, message.body, message_attributes=message.message_attributes
    )


def _messages(account: str, region: str, queue: str, handles: list[str]) -> list[Any]:
    found = _queue(account, region, queue)
    wanted = set(handles)
    return [message for message in list(found._messages) if message.receipt_handle in wanted] if found else []


def _queue(account: str, region: str, queue: str) -> Any:
    from moto.sqs.models import sqs_backends

    return sqs_backends[account][region].queues.get(queue)
