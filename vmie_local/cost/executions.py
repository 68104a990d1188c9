"""What an execution's history tells: the state transitions that Step Functions charges for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vmie_local.cost.prices import Charge
from vmie_local.cost.usage import Usage

_SCHEDULED = {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"}


def usage_of_history(events: Iterable[Mapping[str, Any]]) -> Usage:
    """State transitions of a Standard execution, and its trace.

    The pricing page counts "each time a step of your workflow is executed", retries included. It does not say
    whether leaving the start counts too; here it does, the dearer reading.

    Args:
        events: The events of GetExecutionHistory.
    """
    kinds = [str(event["type"]) for event in events]
    if not kinds:
        return Usage()
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    tries = sum(kind in _SCHEDULED for kind in kinds)
    retries = max(0, tries - kinds.count("TaskStateEntered"))
    return Usage({Charge.STATE_TRANSITIONS: 1 + entered + retries, Charge.TRACES: 1})
