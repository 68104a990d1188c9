from __future__ import annotations

import threading
from typing import Any

import pytest

from vmie_local.clock import Clock
from vmie_local.workflows.errors import Halted, StateError
from vmie_local.workflows.flow import Flow
from vmie_local.workflows.tokens import ExpiredTokenError, TaskTokens, UnknownTokenError, state_machine_of

CLOCK = Clock(0.001)


class Waiting:
    """A task that waits on a thread of its own."""

    def __init__(self, timeout: float | None = None, heartbeat: float | None = None) -> None:
        self.tokens, self.flow = TaskTokens(CLOCK), Flow(CLOCK)
        self.task = self.tokens.issue(self.flow)
        self.outcome: list[Any] = []
        self._thread = threading.Thread(target=self._wait, args=(timeout, heartbeat))
        self._thread.start()

    def _wait(self, timeout: float | None, heartbeat: float | None) -> None:
        try:
            self.outcome.append(self.tokens.wait(self.task, timeout, heartbeat))
        except (StateError, Halted) as error:
            self.outcome.append(error)

    def ended(self) -> Any:
        self._thread.join(20)
        return self.outcome[0]


def test_a_success_is_the_result() -> None:
    waiting = Waiting()
    waiting.tokens.succeed(waiting.task.token, {"ok": 1})
    assert waiting.ended() == {"ok": 1}


def test_a_failure_is_the_error() -> None:
    waiting = Waiting(timeout=3600)
    waiting.tokens.fail(waiting.task.token, "Denied", "no")
    failure = waiting.ended()
    assert (failure.error, failure.cause) == ("Denied", "no")


def test_no_answer_in_time_is_a_timeout() -> None:
    assert Waiting(timeout=60).ended().error == "States.Timeout"


def test_no_sign_of_life_is_a_heartbeat_timeout() -> None:
    assert Waiting(timeout=99999, heartbeat=60).ended().error == "States.HeartbeatTimeout"


def test_signs_of_life_keep_the_task_waiting() -> None:
    waiting = Waiting(heartbeat=400)
    for _ in range(4):
        threading.Event().wait(0.15)
        waiting.tokens.beat(waiting.task.token)
    waiting.tokens.succeed(waiting.task.token, None)
    assert waiting.ended() is None


def test_an_ended_execution_ends_the_wait() -> None:
    waiting = Waiting()
    waiting.flow.call_off()
    assert isinstance(waiting.ended(), Halted)


def test_answers_to_nobody_are_refused() -> None:
    tokens = TaskTokens(CLOCK)
    with pytest.raises(UnknownTokenError):
        tokens.succeed("made up", None)


def test_a_second_answer_is_refused() -> None:
    waiting = Waiting()
    waiting.tokens.succeed(waiting.task.token, None)
    waiting.ended()
    for answer in (lambda t: waiting.tokens.succeed(t, 1), waiting.tokens.beat):
        with pytest.raises(ExpiredTokenError):
            answer(waiting.task.token)


def test_a_token_tells_the_service_which_state_machine_it_belongs_to():
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:Import"

    token = TaskTokens(CLOCK).issue(Flow(CLOCK), arn).token

    assert state_machine_of(token) == arn
    assert state_machine_of("no token") is None
