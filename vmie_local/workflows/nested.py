"""Waiting for an execution that a state started (`.sync`)."""

from __future__ import annotations

import json
from typing import Any

from vmie_local.workflows.errors import TASK_FAILED, Halted, StateError
from vmie_local.workflows.flow import Flow

_POLL_SECONDS = 2.0


def wait_for_execution(flow: Flow, client: Any, arn: str, *, parse_output: bool) -> dict[str, Any]:
    """Wait until an execution ends, and stop it if the waiting flow is called off.

    Args:
        flow: Whose wait it is.
        client: A Step Functions client with the role of the waiting state machine.
        arn: The execution.
        parse_output: Give its output as a document (`.sync:2`) instead of text.

    Raises:
        StateError: `States.TaskFailed` if it does not succeed.
    """
    try:
        while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            flow.sleep(_POLL_SECONDS)
    except Halted:
        client.stop_execution(executionArn=arn, cause="The execution that waited for this one has ended.")
        raise
    result = {
        name[0].upper() + name[1:]: int(value.timestamp() * 1000) if hasattr(value, "timestamp") else value
        for name, value in described.items()
        if name != "ResponseMetadata"
    }
    if described["status"] != "SUCCEEDED":
        raise StateError(TASK_FAILED, json.dumps(result))
    if parse_output:
        result["Output"] = json.loads(described["output"])
    return result
