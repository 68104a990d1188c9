"""Losing and repeating events on purpose: EventBridge delivers at least once, and not always."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from vmie_local.events.event import Event


@dataclass
class Tampering:
    """An order for the next events that fit.

    Attributes:
        copies: How often each is delivered: 0 loses it, 2 or more repeat it.
        source: Only events of this source, or None for any.
        detail_type: Only events of this detail type, or None for any.
        status: Only events whose detail has this `status`, or None for any.
        times: How many events it applies to.
        happened: The ids of the events it applied to.
    """

    copies: int
    source: str | None = None
    detail_type: str | None = None
    status: str | None = None
    times: int = 1
    happened: list[str] = field(default_factory=list)

    def applies_to(self, event: Event) -> bool:
        """Whether the order is still open and fits this event."""
        return (
            len(self.happened) < self.times
            and self.source in (None, event.source)
            and self.detail_type in (None, event.detail_type)
            and self.status in (None, event.detail.get("status"))
        )


class Tamperer:
    """The orders that stand."""

    def __init__(self) -> None:
        self._orders: list[Tampering] = []
        self._lock = threading.Lock()

    def add(self, order: Tampering) -> Tampering:
        """Let an order stand until it is used up."""
        with self._lock:
            self._orders.append(order)
        return order

    def clear(self) -> None:
        """Forget every order."""
        with self._lock:
            self._orders.clear()

    def copies(self, event: Event) -> int:
        """How often this event is to be delivered."""
        with self._lock:
            order = next((order for order in self._orders if order.applies_to(event)), None)
            if order is None:
                return 1
            order.happened.append(event.event_id)
            return order.copies
