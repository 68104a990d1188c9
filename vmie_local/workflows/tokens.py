"""Task tokens: tasks that wait for SendTaskSuccess, SendTaskFailure or SendTaskHeartbeat."""

from __future__ import annotations

import base64
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from vmie_local.clock import Clock
from vmie_local.workflows.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StateError
from vmie_local.workflows.flow import Flow


class UnknownTokenError(LookupError):
    """No task waits, or waited, for this token."""


class ExpiredTokenError(LookupError):
    """The task does not wait any more."""


@dataclass(eq=False)
class PendingTask:
    """A task that waits.

    Attributes:
        token: What the caller needs to answer it.
        flow: Whose wait ends with the answer.
        beat_at: The last sign of life, in seconds since 1970 on the scaled clock.
        answered: Whether an answer has come.
        output: The answer of a success.
        failure: The answer of a failure.
        closed: Whether it waits no more.
    """

    token: str
    flow: Flow
    beat_at: float
    answered: bool = False
    output: Any = None
    failure: StateError | None = None
    closed: bool = field(default=False)


def state_machine_of(token: str) -> str | None:
    """The ARN of the state machine that a token belongs to; None for what is no token of ours."""
    try:
        arn, separator, _ = base64.urlsafe_b64decode(token.encode()).partition(b"\n")
    except ValueError:
        return None
    return arn.decode("utf-8", "replace") if separator and arn else None


def _token(state_machine_arn: str) -> str:
    return base64.urlsafe_b64encode(state_machine_arn.encode() + b"\n" + secrets.token_bytes(96)).decode()


class TaskTokens:
    """All tokens that were ever given out."""

    def __init__(self, clock: Clock) -> None:
        """Read heartbeats on this clock."""
        self._clock = clock
        self._lock = threading.Lock()
        self._tasks: dict[str, PendingTask] = {}

    def issue(self, flow: Flow, state_machine_arn: str = "") -> PendingTask:
        """A new token for a task of this flow; it tells the service whose it is, and nobody else anything."""
        task = PendingTask(_token(state_machine_arn), flow, self._clock.now())
        with self._lock:
            self._tasks[task.token] = task
        return task

    def wait(self, task: PendingTask, timeout: float | None, heartbeat: float | None) -> Any:
        """Wait for the answer.

        Args:
            task: The task.
            timeout: Seconds on the clock, or None for as long as it takes.
            heartbeat: Seconds that may pass between signs of life, or None.

        Returns:
            The output that SendTaskSuccess gave.

        Raises:
            StateError: As SendTaskFailure gave it, or `States.Timeout`, or `States.HeartbeatTimeout`.
        """
        now = task.beat_at = self._clock.now()
        ends_at = None if timeout is None else now + timeout
        try:
            while True:
                limits = [] if ends_at is None else [ends_at]
                if heartbeat is not None:
                    limits.append(task.beat_at + heartbeat)
                left = max(0.0, min(limits) - self._clock.now()) if limits else None
                if task.flow.wait_for(lambda: task.answered, left):
                    break
                if ends_at is not None and self._clock.now() >= ends_at:
                    raise StateError(TIMEOUT)
                if heartbeat is not None and self._clock.now() >= task.beat_at + heartbeat:
                    raise StateError(HEARTBEAT_TIMEOUT)
        finally:
            task.closed = True
        if task.failure is not None:
            raise task.failure
        return task.output

    def succeed(self, token: str, output: Any) -> None:
        """Answer a task with its output.

        Raises:
            UnknownTokenError: If the token was never given out.
            ExpiredTokenError: If the task does not wait any more.
        """
        self._answer(token, output, None)

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """Answer a task with an error; raises as `succeed`."""
        self._answer(token, None, StateError(error or "", cause or ""))

    def beat(self, token: str) -> None:
        """A sign of life; raises as `succeed`."""
        task = self._open(token)
        with task.flow.changed:
            task.beat_at = self._clock.now()

    def _answer(self, token: str, output: Any, failure: StateError | None) -> None:
        task = self._open(token)
        with task.flow.changed:
            if task.answered:
                raise ExpiredTokenError(token)
            task.output, task.failure, task.answered = output, failure, True
            task.flow.changed.notify_all()

    def _open(self, token: str) -> PendingTask:
        with self._lock:
            task = self._tasks.get(token)
        if task is None:
            raise UnknownTokenError(token)
        if task.closed or task.answered or task.flow.over:
            raise ExpiredTokenError(token)
        return task
