"""The tasks of every account and Region, and the client tokens that made them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from vmie_local.place import Place
from vmie_local.vm_import.task import Task

T = TypeVar("T", bound=Task)


@dataclass(frozen=True)
class _Entry(Generic[T]):
    place: Place
    task: T
    token: str | None
    fingerprint: Hashable


class TokenReusedError(Exception):
    """A client token that stands for a request with other parameters."""


class TaskBook(Generic[T]):
    """Tasks of one kind. Whoever uses it holds the engine's lock."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[T]] = {}

    def add(self, place: Place, task: T, token: str | None, fingerprint: Hashable) -> None:
        """Keep a new task.

        Args:
            place: Its account and Region.
            task: The task.
            token: The request's client token.
            fingerprint: Equal for requests with equal parameters.
        """
        self._entries[task.id] = _Entry(place, task, token, fingerprint)

    def made_with(self, place: Place, token: str | None, fingerprint: Hashable) -> T | None:
        """The task that this token made before, or None.

        Raises:
            TokenReusedError: If that request had other parameters.
        """
        for entry in self._entries.values():
            if token and entry.place == place and entry.token == token:
                if entry.fingerprint != fingerprint:
                    raise TokenReusedError(token)
                return entry.task
        return None

    def find(self, place: Place, task_id: str) -> T | None:
        """A task by id, or None if this account has no such task in this Region."""
        entry = self._entries.get(task_id)
        return entry.task if entry and entry.place == place else None

    def all(self, place: Place | None = None) -> list[T]:
        """The tasks of one place, or of all, oldest first."""
        return [entry.task for entry in self._entries.values() if place is None or entry.place == place]

    def active(self, place: Place) -> int:
        """How many of a place's tasks count against the quota."""
        return sum(task.status == "active" for task in self.all(place))

    def forget_expired(self, now: float) -> list[tuple[Place, T]]:
        """Drop the tasks that nobody may ask for any more, and tell which they were."""
        gone = [entry for entry in self._entries.values() if entry.task.expired(now)]
        for entry in gone:
            del self._entries[entry.task.id]
        return [(entry.place, entry.task) for entry in gone]
