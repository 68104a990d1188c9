"""Accepts, finds and lists the tasks of one kind."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vmie_local.front_door.api_call import ApiError
from vmie_local.place import Place
from vmie_local.vm_import import filters, pages, request_errors
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task import Task, TaskFault
from vmie_local.vm_import.task_book import TaskBook, TokenReusedError

T = TypeVar("T", bound=Task)


@dataclass(frozen=True)
class Claim:
    """What makes two requests the same one.

    Attributes:
        token: The client token; without one every request is new.
        fingerprint: Equal for requests with equal parameters.
    """

    token: str | None
    fingerprint: Hashable


@dataclass(frozen=True)
class TaskDesk(Generic[T]):
    """The rules that every kind of task shares: client tokens, the quota, tags, ids, filters and pages.

    Attributes:
        surroundings: The rest of the cloud.
        operation: The operation that starts such a task: `ImportSnapshot`, …
        is_id: Whether a text has the form of such a task's id.
        book: The tasks.
        unknown: What the service answers to an id of no task. Default: as imports do.
    """

    surroundings: Surroundings
    operation: str
    is_id: Callable[[str], bool]
    book: TaskBook[T]
    unknown: Callable[[str], ApiError] = request_errors.task_unknown

    def repeated(self, place: Place, claim: Claim) -> T | None:
        """The task that an equal request made before, or None.

        Raises:
            ApiError: `IdempotentParameterMismatch`, if the token came with other parameters.
        """
        with self.surroundings.engine.lock:
            self._catch_up()
            return self._known(place, claim)

    def admit(
        self, place: Place, claim: Claim, tags: Mapping[str, str], make: Callable[[TaskFault | None], T]
    ) -> T:
        """Begin a task, unless an equal request has made it or the quota of all kinds together is used up.

        Args:
            place: Where.
            claim: The request's identity.
            tags: For the task.
            make: Makes the task, with the fault that is to befall it.

        Raises:
            ApiError: `ResourceCountLimitExceeded` or `IdempotentParameterMismatch`.
        """
        around = self.surroundings
        with around.engine.lock:
            self._catch_up()
            known = self._known(place, claim)
            if known:
                return known
            around.quota.require_room(place)
            task = make(around.faults.take(self.operation))
            self.book.add(place, task, claim.token, claim.fingerprint)
            around.registry.tag(place, task.id, tags)
        around.engine.wake()
        return task

    def describe(
        self,
        place: Place,
        parameters: Mapping[str, Any],
        show: Callable[[T, float, Mapping[str, str]], dict[str, Any]],
        *,
        asked: str,
        answer: str,
    ) -> dict[str, Any]:
        """Show tasks, oldest first, as the describes of tasks do.

        Args:
            place: Where.
            parameters: Botocore's input members.
            show: One task, at a moment, with its tags.
            asked: The member that holds the ids asked for: `ImportTaskIds`, …
            answer: The member that holds the tasks: `ImportSnapshotTasks`, …

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        wanted = parameters.get("Filters") or []
        filters.check(wanted)
        around, shown = self.surroundings, []
        with around.engine.lock:
            self._catch_up()
            ids = parameters.get(asked) or []
            for task in [self._require(place, task_id) for task_id in ids] if ids else self.book.all(place):
                tags = around.registry.tags_of(place, task.id)
                if filters.passes(wanted, task.status, tags):
                    shown.append(show(task, around.clock.now(), tags))
        on_page, token = pages.page(shown, parameters.get("MaxResults"), parameters.get("NextToken"))
        members: dict[str, Any] = {answer: list(on_page)}
        return {**members, "NextToken": token} if token else members

    def all(self, place: Place) -> list[T]:
        """Every task of a place, oldest first, brought up to the present."""
        with self.surroundings.engine.lock:
            self._catch_up()
            return self.book.all(place)

    def require(self, place: Place, task_id: str) -> T:
        """A task by id, brought up to the present.

        Raises:
            ApiError: If there is no such task.
        """
        with self.surroundings.engine.lock:
            self._catch_up()
            return self._require(place, task_id)

    def tags(self, place: Place, task: T) -> dict[str, str]:
        """A task's tags."""
        return self.surroundings.registry.tags_of(place, task.id)

    def _require(self, place: Place, task_id: str) -> T:
        task = self.book.find(place, task_id) if self.is_id(task_id) else None
        if task is None:
            raise self.unknown(task_id)
        return task

    def _known(self, place: Place, claim: Claim) -> T | None:
        try:
            return self.book.made_with(place, claim.token, claim.fingerprint)
        except TokenReusedError as error:
            raise request_errors.token_reused() from error

    def _catch_up(self) -> None:
        around = self.surroundings
        around.engine.tick()
        for place, task in self.book.forget_expired(around.clock.now()):
            around.registry.untag(place, task.id)
