"""A state machine that runs in the test's own process: tasks are Python functions, time is very fast."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from vmie_local.background import Background
from vmie_local.clock import Clock
from vmie_local.workflows.errors import StateError
from vmie_local.workflows.execution import Execution
from vmie_local.workflows.expressions import Expressions
from vmie_local.workflows.interpreter import Interpreter
from vmie_local.workflows.runner import Runner
from vmie_local.workflows.store import Store
from vmie_local.workflows.tokens import PendingTask
from vmie_local.workflows.visit import Visit

TASK = "arn:aws:states:::lambda:invoke"


@dataclass
class FakeTasks:
    """Every Task state calls `work` with its arguments."""

    work: Callable[[Any], Any] = lambda arguments: arguments
    calls: list[Any] = field(default_factory=list)

    def token(self, _: Visit) -> PendingTask | None:
        return None

    def call(self, _: Visit, arguments: Any, *__: Any) -> Any:
        self.calls.append(arguments)
        return self.work(arguments)


class Machine:
    """Runs definitions and waits for their ends."""

    def __init__(self) -> None:
        self.clock = Clock(1e-6)
        self.tasks = FakeTasks()
        self.statuses: list[tuple[str, str]] = []
        self._ended = threading.Condition()
        self._background = Background(self.clock, "timeouts", 1)
        interpreter = Interpreter(Expressions(self.clock), self.tasks)
        self.runner = Runner(interpreter, self._background)
        self.store = Store(self.clock, self._changed)

    def start(
        self, states: dict[str, Any], data: Any = None, name: str | None = None, **more: Any
    ) -> Execution:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **more}
        arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:m{len(self.store.machines())}"
        machine = self.store.create(arn, json.dumps(definition), "arn:role", {}, {})
        execution, _ = self.store.start(machine.current, name, json.dumps(data), data)
        self.runner.start(execution)
        return execution

    def run(self, states: dict[str, Any], data: Any = None, **more: Any) -> Execution:
        return self.ended(self.start(states, data, **more))

    def ended(self, execution: Execution) -> Execution:
        with self._ended:
            assert self._ended.wait_for(lambda: execution.status != "RUNNING", 20)
        return execution

    def output(self, states: dict[str, Any], data: Any = None) -> Any:
        execution = self.run(states, data)
        assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
        return json.loads(str(execution.output))

    def failure(self, states: dict[str, Any], data: Any = None) -> tuple[str | None, str | None]:
        execution = self.run(states, data)
        assert execution.status == "FAILED"
        return execution.error, execution.cause

    def stop(self) -> None:
        for execution in self.store.executions():
            execution.flow.call_off()
        self._background.stop()
        self.runner.stop()

    def _changed(self, execution: Execution) -> None:
        with self._ended:
            self.statuses.append((execution.name, execution.status))
            self._ended.notify_all()


def fails_times(number: int, error: str = "Busy") -> Callable[[Any], Any]:
    """A task that fails so often before it succeeds."""
    left = [number]

    def work(arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise StateError(error, "not now")
        return arguments

    return work


@pytest.fixture
def machine() -> Any:
    running = Machine()
    yield running
    running.stop()
