"""The Step Functions API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vmie_local.front_door import ApiCall, ApiError
from vmie_local.workflows.api_executions import ExecutionsApi
from vmie_local.workflows.api_machines import MachinesApi
from vmie_local.workflows.api_tokens import TokensApi
from vmie_local.workflows.runner import Runner
from vmie_local.workflows.store import Store
from vmie_local.workflows.tokens import TaskTokens

if TYPE_CHECKING:
    from vmie_local.front_door import FrontDoor

_NOT_OFFERED = (
    "CreateActivity",
    "CreateStateMachineAlias",
    "DeleteActivity",
    "DeleteStateMachineAlias",
    "DescribeActivity",
    "DescribeMapRun",
    "DescribeStateMachineAlias",
    "GetActivityTask",
    "ListActivities",
    "ListMapRuns",
    "ListStateMachineAliases",
    "StartSyncExecution",
    "TestState",
    "UpdateMapRun",
    "UpdateStateMachineAlias",
)


def register(front_door: FrontDoor, store: Store, runner: Runner, tokens: TaskTokens) -> None:
    """Answer every operation of Step Functions; moto answers none."""
    handlers: dict[str, Callable[[ApiCall], dict[str, Any]]] = {
        **MachinesApi(store).handlers(),
        **ExecutionsApi(store, runner).handlers(),
        **TokensApi(tokens).handlers(),
        **dict.fromkeys(_NOT_OFFERED, _not_offered),
    }
    for operation, handler in handlers.items():
        front_door.register("states", operation, handler)


def _not_offered(call: ApiCall) -> dict[str, Any]:
    raise ApiError("NotImplemented", f"The local AWS does not offer states:{call.operation}.", 501)
