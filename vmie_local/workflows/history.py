"""The history of an execution."""

from __future__ import annotations

import json
from typing import Any

from vmie_local.clock import Clock

MOST_EVENTS = 25000


def as_json(value: Any) -> str:
    """JSON as histories and events carry it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class History:
    """Numbered events, each naming the one before it."""

    def __init__(self, clock: Clock) -> None:
        """Begin with no event."""
        self._clock = clock
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, previous: int, details: dict[str, Any] | None = None) -> int:
        """Note an event.

        Args:
            kind: `TaskScheduled`, `ExecutionFailed`, …
            previous: Id of the event before it in its thread of control; 0 for the first.
            details: The member of the event that belongs to its kind; None values are left out.

        Returns:
            The event's id.
        """
        event: dict[str, Any] = {
            "timestamp": self._clock.now(),
            "type": kind,
            "id": len(self.events) + 1,
            "previousEventId": previous,
        }
        if details is not None:
            event[_member(kind)] = {name: value for name, value in details.items() if value is not None}
        self.events.append(event)
        return len(self.events)


def _member(kind: str) -> str:
    if kind.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if kind.endswith("StateExited"):
        return "stateExitedEventDetails"
    return kind[0].lower() + kind[1:] + "EventDetails"


def data(name: str, value: Any) -> dict[str, Any]:
    """`input` or `output` with its details."""
    return {name: as_json(value), f"{name}Details": {"truncated": False}}
