from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vmie_local.clock import Clock
from vmie_local.functions.asynchronous import AsynchronousInvocations
from vmie_local.functions.function import Archive, AsyncConfiguration, FunctionVersion
from vmie_local.functions.invocation import Invocation, Outcome, TooManyRequestsError

QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"
TOPIC = "arn:aws:sns:us-east-1:123456789012:done"


class StandingClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.at = 1000.0

    def now(self) -> float:
        return self.at


class Steps:
    """Runs jobs one after the other and moves the clock instead of waiting."""

    def __init__(self, clock: StandingClock) -> None:
        self.clock, self.delays = clock, list[float]()
        self._jobs: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def submit(self, work: Callable[..., Any], *args: Any) -> None:
        self._jobs.append((work, args))

    def later(self, seconds: float, work: Callable[..., Any], *args: Any) -> None:
        self.delays.append(seconds)
        self.clock.at += seconds
        self.submit(work, *args)

    def run(self, most: int = 50) -> None:
        while self._jobs and most:
            work, args = self._jobs.pop(0)
            work(*args)
            most -= 1


def function(**asynchronous: Any) -> FunctionVersion:
    return FunctionVersion(
        account="123456789012",
        region="us-east-1",
        name="step",
        version="3",
        invoked_arn="arn:aws:lambda:us-east-1:123456789012:function:step:live",
        runtime="python3.14",
        handler="main.handler",
        role_arn="arn:aws:iam::123456789012:role/r",
        timeout=3,
        memory_mb=128,
        environment={},
        code=Archive("d", lambda: b""),
        log_group="/aws/lambda/step",
        asynchronous=AsyncConfiguration(**asynchronous),
    )


class Setup:
    def __init__(self, *outcomes: bool | Exception, **asynchronous: Any) -> None:
        self.outcomes = list(outcomes)
        self.attempts = 0
        self.delivered: list[tuple[str, Any]] = []
        self.steps = Steps(StandingClock())
        events = AsynchronousInvocations(
            self.steps,  # type: ignore[arg-type]
            self.steps.clock,
            self._invoke,
            lambda _, arn, body: self.delivered.append((arn, json.loads(body))),
        )
        events.accept(function(**asynchronous), Invocation(b'{"a": 1}', "request"))
        self.steps.run()

    def _invoke(self, _: FunctionVersion, invocation: Invocation) -> Outcome:
        self.attempts += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        payload = b'{"ok": true}' if outcome else b'{"errorType": "E", "errorMessage": "no"}'
        return Outcome(payload, not outcome, invocation.request_id)


def test_a_success_is_not_repeated() -> None:
    setup = Setup(True)
    assert (setup.attempts, setup.steps.delays, setup.delivered) == (1, [], [])


def test_a_failure_is_retried_after_one_and_two_minutes() -> None:
    setup = Setup(False, False, True)
    assert (setup.attempts, setup.steps.delays) == (3, [60.0, 120.0])


def test_the_last_failure_goes_to_the_dead_letter_queue_as_the_event_itself() -> None:
    setup = Setup(False, dead_letter_arn=QUEUE)
    assert setup.attempts == 3
    assert setup.delivered == [(QUEUE, {"a": 1})]


def test_the_last_failure_goes_to_the_destination_with_its_context() -> None:
    setup = Setup(False, retries=1, on_failure=QUEUE, on_success=TOPIC)
    ((arn, record),) = setup.delivered
    assert (arn, record["requestPayload"], record["responsePayload"]["errorType"]) == (QUEUE, {"a": 1}, "E")
    assert record["requestContext"] == {
        "requestId": "request",
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:step:3",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 2,
    }
    assert record["responseContext"]["functionError"] == "Unhandled"


def test_a_success_goes_to_its_destination() -> None:
    setup = Setup(True, on_failure=QUEUE, on_success=TOPIC)
    ((arn, record),) = setup.delivered
    assert (arn, record["requestContext"]["condition"], record["responsePayload"]) == (
        TOPIC,
        "Success",
        {"ok": True},
    )


def test_retries_can_be_switched_off() -> None:
    assert Setup(False, retries=0).attempts == 1


def test_throttling_is_retried_without_counting_as_an_attempt() -> None:
    setup = Setup(TooManyRequestsError(), TooManyRequestsError(), True, retries=0)
    assert (setup.attempts, setup.steps.delays) == (3, [1.0, 2.0])


def test_an_event_that_waits_too_long_is_given_up() -> None:
    setup = Setup(TooManyRequestsError(), maximum_age_seconds=60, on_failure=QUEUE)
    ((_, record),) = setup.delivered
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert "responsePayload" not in record
