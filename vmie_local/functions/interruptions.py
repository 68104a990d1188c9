"""Killing functions in mid-flight on purpose, so that tests can see what survives it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Kill:
    """An order to kill the worker process of a function.

    Attributes:
        function: Part of the function's name; an empty one means every function.
        service: Kill after a call of this service (`ec2`, `states`, …), or None: before the handler runs.
        operation: Kill after a call of this operation (`ImportImage`, …), or None: after any of the service.
        after_calls: Kill when that many matching calls of one invocation have finished.
        times: How many invocations to kill.
        happened: The request ids of the invocations that were killed.
    """

    function: str
    service: str | None = None
    operation: str | None = None
    after_calls: int = 1
    times: int = 1
    happened: list[str] = field(default_factory=list)

    @property
    def spent(self) -> bool:
        """Whether it has killed as often as it was told to."""
        return len(self.happened) >= self.times


@dataclass
class _Running:
    function: str
    request_id: str
    kill: Callable[[], None]
    calls: dict[int, int] = field(default_factory=dict)


class Interruptions:
    """The orders that stand, and the invocations that run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Kill] = []
        self._running: dict[str, _Running] = {}

    def add(self, order: Kill) -> Kill:
        """Let an order stand until it is spent."""
        with self._lock:
            self._orders.append(order)
        return order

    def clear(self) -> None:
        """Forget every order."""
        with self._lock:
            self._orders.clear()

    def begin(self, trace_header: str, function: str, request_id: str, kill: Callable[[], None]) -> None:
        """An invocation begins; kill it at once if an order says so."""
        with self._lock:
            self._running[_segment(trace_header)] = _Running(function, request_id, kill)
            order = next((o for o in self._matching(function) if o.service is None), None)
            if order:
                order.happened.append(request_id)
        if order:
            kill()

    def end(self, trace_header: str) -> None:
        """An invocation has ended."""
        with self._lock:
            self._running.pop(_segment(trace_header), None)

    def call_finished(self, trace_header: str | None, service: str, operation: str) -> None:
        """A call was carried out, its answer not yet sent; kill the caller if an order says so.

        Args:
            trace_header: The call's `X-Amzn-Trace-Id`, by which botocore passes on the invocation's segment.
            service: The IAM prefix of the service.
            operation: The API operation.
        """
        if not trace_header:
            return
        with self._lock:
            running = self._running.get(_segment(trace_header))
            if running is None:
                return
            kill = None
            for order in self._matching(running.function):
                if order.service != service or order.operation not in (None, operation):
                    continue
                count = running.calls[id(order)] = running.calls.get(id(order), 0) + 1
                if count == order.after_calls:
                    order.happened.append(running.request_id)
                    kill = running.kill
        if kill:
            kill()

    def _matching(self, function: str) -> list[Kill]:
        self._orders = [order for order in self._orders if not order.spent]
        return [order for order in self._orders if order.function in function]


def _segment(trace_header: str) -> str:
    fields = dict(part.partition("=")[::2] for part in trace_header.split(";"))
    return fields.get("Parent", "")
