"""SQS: the scaled clock, and no invocations from inside SendMessage."""

from __future__ import annotations

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

SEAMS = (MILLISECONDS, SECONDS, QUEUE_INIT, QUEUES)


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

    replace(MILLISECONDS, lambda original: lambda dt=None: original(dt) if dt else clock.now() * 1000)
    replace(SECONDS, lambda original: lambda dt=None: original(dt) if dt else clock.now())
    replace(QUEUE_INIT, without_mappings)


def visible_messages(account: str, region: str, queue: str) -> int:
    """How many messages of a queue could be received now; 0 if there is no such queue."""
    from moto.sqs.models import sqs_backends

    found = sqs_backends[account][region].queues.get(queue)
    return len(found.messages) if found else 0
