"""Asynchronous (Event) invocations: retries, destinations and dead letters.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: a function error is retried
after one minute, then after two; throttling is retried for up to six hours with growing delays.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vmie_local.background import Background
from vmie_local.clock import Clock
from vmie_local.functions.function import FunctionVersion
from vmie_local.functions.invocation import Invocation, Outcome, TooManyRequestsError

_RETRY_SECONDS = (60.0, 120.0)
_MOST_THROTTLED_SECONDS = 300.0

Deliver = Callable[[FunctionVersion, str, str], None]


@dataclass(frozen=True)
class _Event:
    function: FunctionVersion
    invocation: Invocation
    accepted_at: float
    attempt: int = 1
    throttled: int = 0


class AsynchronousInvocations:
    """Lambda's internal queue of events."""

    def __init__(
        self,
        background: Background,
        clock: Clock,
        invoke: Callable[[FunctionVersion, Invocation], Outcome],
        deliver: Deliver,
    ) -> None:
        """Prepare.

        Args:
            background: Runs the attempts.
            clock: Ages of events and delays between attempts.
            invoke: Runs one attempt; may raise `TooManyRequestsError`.
            deliver: Sends a body to a destination's ARN as the function's role.
        """
        self._background, self._clock = background, clock
        self._invoke, self._deliver = invoke, deliver

    def accept(self, function: FunctionVersion, invocation: Invocation) -> None:
        """Take an event; it is handled in the background."""
        self._background.submit(self._attempt, _Event(function, invocation, self._clock.now()))

    def _attempt(self, event: _Event) -> None:
        settings = event.function.asynchronous
        too_old = self._clock.now() - event.accepted_at > settings.maximum_age_seconds
        if too_old and (event.attempt > 1 or event.throttled):
            self._ended(event, None, "EventAgeExceeded")
            return
        try:
            outcome = self._invoke(event.function, event.invocation)
        except TooManyRequestsError:
            again = replace(event, throttled=event.throttled + 1)
            self._background.later(min(2.0**event.throttled, _MOST_THROTTLED_SECONDS), self._attempt, again)
            return
        if not outcome.failed:
            self._ended(event, outcome, "Success")
        elif event.attempt > settings.retries:
            self._ended(event, outcome, "RetriesExhausted")
        else:
            again = replace(event, attempt=event.attempt + 1)
            self._background.later(_RETRY_SECONDS[event.attempt - 1], self._attempt, again)

    def _ended(self, event: _Event, outcome: Outcome | None, condition: str) -> None:
        settings = event.function.asynchronous
        destination = settings.on_success if condition == "Success" else settings.on_failure
        if destination:
            self._deliver(event.function, destination, json.dumps(self._record(event, outcome, condition)))
        if condition != "Success" and settings.dead_letter_arn:
            self._deliver(event.function, settings.dead_letter_arn, event.invocation.payload.decode())

    def _record(self, event: _Event, outcome: Outcome | None, condition: str) -> dict[str, Any]:
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": self._clock.iso(),
            "requestContext": {
                "requestId": event.invocation.request_id,
                "functionArn": f"{_unqualified(event.function)}:{event.function.version}",
                "condition": condition,
                "approximateInvokeCount": event.attempt,
            },
            "requestPayload": json.loads(event.invocation.payload),
        }
        if outcome is not None:
            context: dict[str, Any] = {"statusCode": 200, "executedVersion": event.function.version}
            if outcome.failed:
                context["functionError"] = "Unhandled"
            record |= {"responseContext": context, "responsePayload": json.loads(outcome.payload)}
        return record


def _unqualified(function: FunctionVersion) -> str:
    return ":".join(function.invoked_arn.split(":")[:7])
