"""One execution: its state as the API shows it, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vmie_local.clock import Clock
from vmie_local.workflows.flow import Flow
from vmie_local.workflows.history import History, as_json
from vmie_local.workflows.state_machine import Revision

_END_EVENTS = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "ABORTED": "ExecutionAborted",
    "TIMED_OUT": "ExecutionTimedOut",
}


@dataclass
class ResumePoint:
    """Where a redrive goes on: the state that was running, its input and the variables."""

    state: str
    data: Any
    variables: dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Execution:
    """A running or ended execution.

    Attributes:
        arn: Its ARN.
        name: Its name.
        revision: The state machine as it was at the start.
        input_text: The input as it was given.
        data: The input as a document.
        clock: What its times are on.
        changed: Called with the execution after each change of status.
        sequence: Orders executions by their start.
    """

    arn: str
    name: str
    revision: Revision
    input_text: str
    data: Any
    clock: Clock
    changed: Callable[[Execution], None] = field(repr=False)
    sequence: int
    status: str = "RUNNING"
    started_at: float = 0.0
    stopped_at: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int = 0
    redriven_at: float | None = None
    history: History = field(init=False, repr=False)
    flow: Flow = field(init=False, repr=False)
    resume: ResumePoint | None = field(default=None, repr=False)
    last_event: int = 0

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()
        self.history = History(self.clock)
        self.flow = Flow(self.clock)

    def begin(self, trace: dict[str, Any]) -> int:
        """Note the start; returns the event's id."""
        self.last_event = self.history.add("ExecutionStarted", 0, trace)
        self.changed(self)
        return self.last_event

    def note(self, flow: Flow, kind: str, previous: int, details: dict[str, Any] | None = None) -> int:
        """Add an event, unless the flow it comes from is over.

        Raises:
            Halted: If the flow is over.
        """
        with flow.changed:
            flow.check()
            self.last_event = self.history.add(kind, previous, details)
            return self.last_event

    def end(
        self,
        flow: Flow,
        status: str,
        *,
        output: Any = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> bool:
        """End the run that `flow` belongs to; only the first end counts.

        Returns:
            Whether this was the end.
        """
        with flow.changed:
            if flow.over or self.status != "RUNNING":
                return False
            self.status, self.stopped_at = status, self.clock.now()
            self.error, self.cause = error, cause
            details: dict[str, Any] = {"error": error, "cause": cause}
            if status == "SUCCEEDED":
                self.output = as_json(output)
                details = {"output": self.output, "outputDetails": {"truncated": False}}
            previous = 0 if status == "ABORTED" else self.last_event
            self.last_event = self.history.add(_END_EVENTS[status], previous, details)
            flow.call_off()
        self.changed(self)
        return True

    def redrive(self) -> Flow:
        """Run again from the state that failed; returns the flow of the new run."""
        self.redrive_count += 1
        self.redriven_at = self.clock.now()
        self.status, self.stopped_at = "RUNNING", None
        self.output = self.error = self.cause = None
        self.flow = Flow(self.clock)
        details = {"redriveCount": self.redrive_count}
        self.last_event = self.history.add("ExecutionRedriven", self.last_event, details)
        self.changed(self)
        return self.flow
