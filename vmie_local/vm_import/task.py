"""The life of a conversion task: active through its phases, then completed, or deleting and deleted."""

from __future__ import annotations

import functools
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from vmie_local.vm_import import request_errors, status_messages
from vmie_local.vm_import.phases import Phase

Status = Literal["active", "completed", "deleting", "deleted"]
Work = Callable[[threading.Event], Any]

DELETING_SECONDS = 60.0
"""How long a failed or cancelled task is `deleting`, in seconds of AWS time. Ours: none is published."""
RETENTION_SECONDS = 7 * 86400.0
"""How long a task that has ended can be described (EC2 API reference: 7 days)."""

_log = logging.getLogger(__name__)


class TaskFailedError(Exception):
    """A task's work that failed; the text is the task's StatusMessage."""


@dataclass(frozen=True)
class TaskFault:
    """A failure asked for from outside.

    Attributes:
        message: The StatusMessage.
        phase: In which phase.
        stall: Stand still in that phase for ever instead of failing.
    """

    message: str
    phase: str
    stall: bool = False


class Job(Protocol):
    """Work that runs in the background."""

    def done(self) -> bool:
        """Whether it has ended."""

    def ended_at(self) -> float:
        """When it ended, on the cloud's clock."""

    def result(self) -> Any:
        """What it returned; raises what it raised."""


class Workers(Protocol):
    """Runs work in the background."""

    def begin(self, work: Work, cancelled: threading.Event) -> Job:
        """Queue work. Work that is cancelled before it begins never runs."""


class Task(ABC):
    """One task. Whoever changes it holds the engine's lock; `advance` does all that time does."""

    def __init__(
        self, task_id: str, phases: tuple[Phase, ...], started_at: float, fault: TaskFault | None
    ) -> None:
        if fault and fault.phase not in (phase.message for phase in phases):
            raise request_errors.no_such_phase(fault.phase, [phase.message for phase in phases])
        self.id, self.started_at, self.fault = task_id, started_at, fault
        self.status: Status = "active"
        self.status_message: str | None = None
        self.cancel_reason: str | None = None
        self.ended_at: float | None = None
        self._phases, self._phase_number = phases, 0
        self._entered_at = started_at
        self._job: Job | None = None
        self._phase_begun = self._collected = self._undone = False
        self._cancelled = threading.Event()

    @property
    def phase(self) -> Phase:
        """The phase it is in, or was in when it ended."""
        return self._phases[self._phase_number]

    def reached(self, message: str) -> bool:
        """Whether it is in the phase with this message, or past it."""
        return message in (phase.message for phase in self._phases[: self._phase_number + 1])

    def progress(self, now: float) -> int:
        """The percentage."""
        if self._stalls():
            return self.phase.progress[0]
        return self.phase.progress_at(now - self._entered_at, self._duration())

    def advance(self, now: float, workers: Workers) -> None:
        """Do everything that is due at `now`."""
        while self.status == "active" and self._finish_phase(now, workers):
            pass
        if self.status == "deleting" and self._ready_to_go():
            if not self._undone:
                self._undone = True
                self.undo()
            if self.ended_at is not None and now >= self.ended_at + DELETING_SECONDS:
                self.status = "deleted"

    def next_moment(self) -> float | None:
        """When `advance` is due again if no job ends before, or None if time alone changes nothing."""
        if self.status == "deleting" and self.ended_at is not None:
            return self.ended_at + DELETING_SECONDS
        if self.status != "active" or self._stalls() or (self._job and not self._job.done()):
            return None
        return self._entered_at + self._duration()

    def fail(self, message: str, now: float) -> None:
        """End in failure."""
        self.status, self.status_message, self.ended_at = "deleting", message, now
        self._cancelled.set()

    def cancel(self, reason: str | None, now: float) -> None:
        """End because somebody asked; what it made is removed."""
        self.cancel_reason = reason
        self.status, self.ended_at = "deleting", now
        self._cancelled.set()

    def abandon(self) -> None:
        """Tell running work to stop, because the local AWS ends."""
        self._cancelled.set()

    def expired(self, now: float) -> bool:
        """Whether it has ended so long ago that nobody may ask for it any more."""
        return self.ended_at is not None and now >= self.ended_at + RETENTION_SECONDS

    @abstractmethod
    def image_bytes(self) -> float:
        """The size of the image files, as far as known."""

    def enter(self, phase: Phase) -> None:  # noqa: B027 - most phases have nothing to do here
        """Do what is quick and belongs to a phase's beginning."""

    @abstractmethod
    def work_of(self, phase: Phase) -> Work | None:
        """What runs in the background during a phase."""

    @abstractmethod
    def collect(self, phase: Phase, result: Any) -> None:
        """Take over what a phase's work returned."""

    def repeats(self, phase: Phase) -> bool:  # noqa: ARG002 - for those that wait
        """Whether a phase that is over begins again, because what it waits for is not there yet."""
        return False

    @abstractmethod
    def complete(self) -> None:
        """Make the result, at the end of the last phase."""

    @abstractmethod
    def undo(self) -> None:
        """Remove what was made; called once, when no work runs any more."""

    def _finish_phase(self, now: float, workers: Workers) -> bool:
        """Go on to the next phase or to the end if this one is over; tell whether anything changed."""
        if not self._phase_begun:
            self._phase_begun = True
            if not self._attempt(lambda: self.enter(self.phase), now):
                return False
            work = self.work_of(self.phase)
            self._job = workers.begin(work, self._cancelled) if work else None
        if self._job and not self._job.done():
            return False
        if self._job and not self._collected:
            self._collected = True
            if not self._attempt(functools.partial(self._collect_from, self._job), now):
                return False
        due = self._entered_at + self._duration()
        if self._stalls() or now < due:
            return False
        if self.fault and self.fault.phase == self.phase.message:
            self.fail(self.fault.message, now)
            return False
        worked_until = self._job.ended_at() if self._job else due
        again = self.repeats(self.phase)
        if again or self._phase_number + 1 < len(self._phases):
            self._phase_number += 0 if again else 1
            self._entered_at = max(due, worked_until)
            self._phase_begun = self._collected = False
            self._job = None
        elif self._attempt(self.complete, now):
            self.status, self.ended_at = "completed", max(due, worked_until)
        return True

    def _collect_from(self, job: Job) -> None:
        self.collect(self.phase, job.result())

    def _attempt(self, step: Callable[[], None], now: float) -> bool:
        try:
            step()
        except TaskFailedError as error:
            self.fail(str(error), now)
        except Exception:  # noqa: BLE001 - whatever goes wrong here must end this task, not the engine
            _log.exception("The work of %s in %r failed unexpectedly.", self.id, self.phase.message)
            self.fail(status_messages.INTERNAL_ERROR, now)
        else:
            return True
        return False

    def _duration(self) -> float:
        return self.phase.duration(self.image_bytes())

    def _stalls(self) -> bool:
        return bool(self.fault and self.fault.stall and self.fault.phase == self.phase.message)

    def _ready_to_go(self) -> bool:
        return self._job is None or self._job.done()
