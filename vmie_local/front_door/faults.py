"""Failures asked for: errors and delays of calls, and tasks that fail."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vmie_local.clock import Clock
from vmie_local.front_door import service_models
from vmie_local.front_door.api_call import ApiCall, ApiError

_SEED: Final = 20120810
_CALL_KEYS = {"Service", "Operation", "Error", "Times", "After", "Probability", "Delay", "Role"}
_TASK_KEYS = {"Service", "Operation", "StatusMessage", "Phase", "Stall", "Times"}
_ERROR_KEYS = {"Code", "Message", "Status"}


class FaultError(ValueError):
    """A fault was described wrongly; the message says what is allowed."""


@dataclass(frozen=True)
class TaskFault:
    """How a task shall fail.

    Attributes:
        operation: The call that begins the task, such as `ImportImage`.
        status_message: The task's last status message, or None if it stalls for good.
        phase: The phase in which it happens, or None for the service's choice.
        stall: Whether the task stops making progress instead of failing.
    """

    operation: str
    status_message: str | None
    phase: str | None = None
    stall: bool = False


@dataclass
class _Order:
    """One fault as it was asked for.

    Attributes:
        number: Its id.
        given: The document.
        left: How often it still happens; None for ever.
        skip: How many matching calls go by before the first.
        task: What happens to a task, or None if the fault is about a call.
        dice: Decides where there is a probability.
    """

    number: int
    given: Mapping[str, Any]
    left: int | None
    skip: int = 0
    task: TaskFault | None = None
    dice: random.Random = field(default_factory=lambda: random.Random(_SEED))  # noqa: S311 - no secret

    def is_about_call(self, call: ApiCall) -> bool:
        return (
            self.task is None
            and self.left != 0
            and (self.given["Service"], self.given["Operation"]) == (call.service, call.operation)
            and self.given.get("Role", "") in (call.principal.role_name or "")
        )

    def is_about_task(self, operation: str) -> bool:
        return self.task is not None and self.left != 0 and self.given["Operation"] == operation

    def happens(self) -> bool:
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.dice.random() >= self.given.get("Probability", 1):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The faults that are to happen. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        """Start with none.

        Args:
            clock: Delays are seconds of this clock.
        """
        self._clock = clock
        self._orders: list[_Order] = []
        self._numbers = 0
        self._lock = threading.Lock()

    def add(self, document: Any) -> int:
        """Ask for a fault.

        Args:
            document: For a call `{"Service", "Operation", "Error": {"Code", "Message", "Status"}, "Times",
                "After", "Probability", "Delay", "Role"}`; for a task `{"Operation", "StatusMessage", "Phase",
                "Stall", "Times"}`. `Times` is 1 by default and null for ever.

        Returns:
            The fault's id.

        Raises:
            FaultError: If the document is not such a one.
        """
        order = _order(document)
        with self._lock:
            self._numbers += 1
            order.number = self._numbers
            self._orders.append(order)
        return order.number

    def clear(self) -> None:
        """Ask for no fault any more."""
        with self._lock:
            self._orders.clear()

    def pending(self) -> list[dict[str, Any]]:
        """The faults that may still happen."""
        with self._lock:
            return [
                {"Id": order.number, **order.given, "Times": order.left}
                for order in self._orders
                if order.left != 0
            ]

    def strike(self, call: ApiCall) -> None:
        """Let the call suffer the first fault that matches it.

        Raises:
            ApiError: If the fault is an error.
        """
        order = self._take(lambda each: each.is_about_call(call))
        if order is None:
            return
        if delay := order.given.get("Delay"):
            self._clock.sleep(delay)
        if error := order.given.get("Error"):
            raise ApiError(error["Code"], error.get("Message", ""), error.get("Status", 400))

    def take_task_fault(self, operation: str) -> TaskFault | None:
        """The fault for a task that begins now; it is used up.

        Args:
            operation: The call that begins the task, such as `ImportImage`.
        """
        order = self._take(lambda each: each.is_about_task(operation))
        return order.task if order else None

    def _take(self, is_meant: Callable[[_Order], bool]) -> _Order | None:
        with self._lock:
            for order in self._orders:
                if is_meant(order) and order.happens():
                    return order
        return None


def _order(document: Any) -> _Order:
    if not isinstance(document, dict):
        raise FaultError("A fault is a JSON object.")
    if not isinstance(document.get("Operation"), str):
        raise FaultError("Operation is missing: the API operation that the fault is about.")
    times = document.get("Times", 1)
    if times is not None and not (_is_count(times) and times > 0):
        raise FaultError(f"Times must be a whole number above 0, or null for ever, not {times!r}.")
    if {"StatusMessage", "Phase", "Stall"} & document.keys():
        return _task_order(document, times)
    _refuse_unknown(document, _CALL_KEYS, "A fault of a call")
    service, operation = document.get("Service"), document["Operation"]
    if not isinstance(service, str):
        raise FaultError("A fault of a call needs a Service, such as ec2; one of a task a StatusMessage.")
    if not service_models.has_operation(service, operation):
        raise FaultError(f"There is no operation {operation} in the service {service}.")
    if not isinstance(document.get("Role", ""), str):
        raise FaultError(f"Role must be a part of a role's name, not {document['Role']!r}.")
    if "Error" not in document and "Delay" not in document:
        raise FaultError("A fault of a call needs an Error, a Delay or both.")
    _check_error(document.get("Error"))
    _check_numbers(document)
    return _Order(0, document, times, skip=document.get("After", 0))


def _task_order(document: dict[str, Any], times: int | None) -> _Order:
    _refuse_unknown(document, _TASK_KEYS, "A fault of a task")
    message, stall = document.get("StatusMessage"), document.get("Stall", False)
    if not isinstance(stall, bool):
        raise FaultError(f"Stall must be true or false, not {stall!r}.")
    if not isinstance(message, str) and not stall:
        raise FaultError(
            "A fault of a task needs a StatusMessage, or Stall: true; one of a call needs a Service."
        )
    return _Order(
        0, document, times, task=TaskFault(document["Operation"], message, document.get("Phase"), stall)
    )


def _refuse_unknown(document: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = document.keys() - known
    if unknown:
        raise FaultError(f"{what} has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")


def _check_error(error: Any) -> None:
    if error is None:
        return
    if not isinstance(error, dict) or not isinstance(error.get("Code"), str):
        raise FaultError("Error must be an object with a Code, and optionally a Message and a Status.")
    _refuse_unknown(error, _ERROR_KEYS, "Error")
    status = error.get("Status", 400)
    if not _is_count(status) or not 400 <= status <= 599:
        raise FaultError(f"Status must be an HTTP status from 400 to 599, not {status!r}.")


def _check_numbers(document: Mapping[str, Any]) -> None:
    after, probability, delay = (document.get(key, 0) for key in ("After", "Probability", "Delay"))
    if not _is_count(after) or after < 0:
        raise FaultError(f"After must be a whole number of calls to let go by, not {after!r}.")
    if not _is_number(probability) or not 0 <= probability <= 1:
        raise FaultError(f"Probability must be a number from 0 to 1, not {probability!r}.")
    if not _is_number(delay) or delay < 0:
        raise FaultError(f"Delay must be a number of seconds, not {delay!r}.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
