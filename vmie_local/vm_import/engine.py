"""What makes tasks go on: the clock, a few background workers and one thread that watches both."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

from vmie_local.clock import Clock
from vmie_local.vm_import.task import Task, Work

WORKERS = 2
"""Imports that are decoded at the same time; more wait in their phase."""

_LONGEST_NAP = 3600.0

_log = logging.getLogger(__name__)


class BackgroundJob:
    """Work in a thread."""

    def __init__(self, future: Future[Any], clock: Clock, ended: Callable[[], None]) -> None:
        self._future, self._clock = future, clock
        self._ended_at = 0.0
        self._ended = ended
        future.add_done_callback(self._note_end)

    def done(self) -> bool:
        """Whether it has ended."""
        return self._future.done()

    def ended_at(self) -> float:
        """When it ended, on the cloud's clock."""
        return self._ended_at

    def result(self) -> Any:
        """What it returned; raises what it raised."""
        return self._future.result()

    def _note_end(self, _: Future[Any]) -> None:
        self._ended_at = self._clock.now()
        self._ended()


class Engine:
    """Advances tasks. `lock` guards every task and every book of tasks."""

    def __init__(self, clock: Clock, tasks: Callable[[], Iterable[Task]]) -> None:
        """Prepare the workers; nothing runs before `start`.

        Args:
            clock: The cloud's clock.
            tasks: Every task there is, whatever its state.
        """
        self.lock = threading.RLock()
        self._clock, self._tasks = clock, tasks
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="vm-import")
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="vm-import-engine", daemon=True)

    def start(self) -> None:
        """Begin to watch the clock."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the workers; work that runs is told to stop and waited for."""
        with self.lock:
            self._stopping = True
            for task in self._tasks():
                task.abandon()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def tick(self) -> None:
        """Do everything that is due now."""
        with self.lock:
            for task in [] if self._stopping else list(self._tasks()):
                try:
                    task.advance(self._clock.now(), self)
                except Exception:  # noqa: BLE001 - one task's trouble must not stop the others
                    _log.exception("The task %s could not go on.", task.id)

    def wake(self) -> None:
        """Look at the tasks again: one is new, or has been cancelled."""
        self._wake.set()

    def begin(self, work: Work, cancelled: threading.Event) -> BackgroundJob:
        """Queue work for the next free worker."""

        def run() -> Any:
            if cancelled.is_set():
                raise CancelledError
            return work(cancelled)

        return BackgroundJob(self._pool.submit(run), self._clock, self._wake.set)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self.tick()
            if not self._stopping:
                self._clock.wait(self._wake, self._nap())

    def _nap(self) -> float:
        with self.lock:
            moments = [moment for task in self._tasks() if (moment := task.next_moment()) is not None]
        return max(0.0, min([*moments, self._clock.now() + _LONGEST_NAP]) - self._clock.now())
