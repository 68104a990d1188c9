"""Step Functions: JSONata state machines on the scaled clock, with status events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmie_local.background import Background
from vmie_local.workflows.api import register
from vmie_local.workflows.execution import Execution
from vmie_local.workflows.execution_log import ExecutionLog
from vmie_local.workflows.expressions import Expressions
from vmie_local.workflows.interpreter import Interpreter
from vmie_local.workflows.runner import Runner
from vmie_local.workflows.status_event import status_event
from vmie_local.workflows.store import Store
from vmie_local.workflows.tasks import Tasks
from vmie_local.workflows.tokens import TaskTokens

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_BACKGROUND_THREADS = 2

__all__ = ["Execution", "Workflows"]


class Workflows:
    """Step Functions: keeps state machines, runs executions, tells EventBridge how they end."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud
        self._background = Background(cloud.clock, "workflow-background", _BACKGROUND_THREADS)
        self._log = ExecutionLog(cloud, self._background)
        tokens = TaskTokens(cloud.clock)
        interpreter = Interpreter(Expressions(cloud.clock), Tasks(cloud, tokens))
        self.store = Store(cloud.clock, self._changed)
        self.runner = Runner(interpreter, self._background)
        register(cloud.front_door, self.store, self.runner, tokens)

    def start(self) -> None:
        """Nothing runs before an execution starts."""

    def stop(self) -> None:
        """Call every execution off."""
        for execution in self.store.executions():
            execution.flow.call_off()
        self._background.stop()
        self.runner.stop()

    def _changed(self, execution: Execution) -> None:
        self._cloud.events.publish(status_event(execution))
        if execution.status != "RUNNING":
            self._log.ended(execution)
