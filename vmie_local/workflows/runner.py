"""Runs executions, each on a thread of its own."""

from __future__ import annotations

import threading
import time
from typing import Any

from vmie_local.background import Background
from vmie_local.workflows.errors import RUNTIME, Halted, StateError
from vmie_local.workflows.execution import Execution, ResumePoint
from vmie_local.workflows.flow import Flow
from vmie_local.workflows.interpreter import Interpreter


class Runner:
    """Starts, stops and redrives executions."""

    def __init__(self, interpreter: Interpreter, background: Background) -> None:
        """Prepare.

        Args:
            interpreter: Carries the executions.
            background: Ends those that take longer than their `TimeoutSeconds`.
        """
        self._interpreter, self._background = interpreter, background
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def start(self, execution: Execution) -> None:
        """Run a new execution."""
        execution.begin(
            {
                "input": execution.input_text,
                "inputDetails": {"truncated": False},
                "roleArn": execution.revision.role_arn,
            }
        )
        self._run(execution, execution.flow, None)

    def redrive(self, execution: Execution) -> None:
        """Run an execution again from the state that did not succeed."""
        resume = execution.resume
        self._run(execution, execution.redrive(), resume)

    def stop(self, patience: float = 5.0) -> None:
        """Wait at most `patience` real seconds for threads whose executions are over."""
        deadline = time.monotonic() + patience
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, execution: Execution, flow: Flow, resume: ResumePoint | None) -> None:
        if timeout := execution.revision.definition.get("TimeoutSeconds"):
            self._background.later(float(timeout), _time_out, execution, flow)
        thread = threading.Thread(
            target=self._carry, args=(execution, flow, resume), name="workflow", daemon=True
        )
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _carry(self, execution: Execution, flow: Flow, resume: ResumePoint | None) -> None:
        ended: dict[str, Any]
        try:
            ended = {"status": "SUCCEEDED", "output": self._interpreter.run(execution, flow, resume)}
        except Halted:
            ended = {}
        except StateError as failure:
            ended = {"status": "FAILED", "error": failure.error, "cause": failure.cause}
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the execution, not hang it
            ended = {"status": "FAILED", "error": RUNTIME, "cause": f"{type(error).__name__}: {error}"}
        if ended:
            execution.end(flow, **ended)
        with self._lock:
            self._threads.discard(threading.current_thread())


def _time_out(execution: Execution, flow: Flow) -> None:
    execution.end(flow, "TIMED_OUT")
