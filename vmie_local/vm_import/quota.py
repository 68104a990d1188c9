"""The quota of conversion tasks, which every kind of task counts against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.limits import Limits
from vmie_local.vm_import.task import Task
from vmie_local.vm_import.task_book import TaskBook


@dataclass(frozen=True)
class Quota:
    """Counts the active tasks of every kind in one Region. Whoever uses it holds the engine's lock.

    Attributes:
        limits: How many there may be.
        books: The tasks of each kind.
    """

    limits: Limits
    books: tuple[TaskBook[Any], ...]

    def tasks(self) -> list[Task]:
        """Every task there is, whatever its kind and state."""
        return [task for book in self.books for task in book.all()]

    def is_full(self, place: Place) -> bool:
        """Whether there are as many tasks as the quota allows."""
        return sum(book.active(place) for book in self.books) >= self.limits.concurrent_tasks

    def require_room(self, place: Place) -> None:
        """Refuse one more task where there are as many as the quota allows.

        Raises:
            ApiError: `ResourceCountLimitExceeded`.
        """
        if self.is_full(place):
            raise request_errors.too_many_tasks(self.limits.concurrent_tasks)
