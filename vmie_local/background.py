"""Work beside the request threads: now, or later on the scaled clock."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from vmie_local.clock import Clock

log = logging.getLogger(__name__)

_IDLE_SECONDS = 2.0


class Background:
    """A few threads that run jobs when they are due; threads are made on demand and end when idle."""

    def __init__(self, clock: Clock, name: str, threads: int) -> None:
        """Prepare; the first thread starts with the first job.

        Args:
            clock: What `later` counts its seconds on.
            name: Prefix of the threads' names.
            threads: How many jobs run at once; more wait.
        """
        self._clock, self._name, self._limit = clock, name, threads
        self._changed = threading.Condition()
        self._jobs: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._threads: set[threading.Thread] = set()
        self._waiting = 0
        self._stopped = False

    def submit(self, work: Callable[..., Any], *args: Any) -> None:
        """Run `work(*args)` as soon as a thread is free."""
        self._add(time.monotonic(), work, args)

    def later(self, seconds: float, work: Callable[..., Any], *args: Any) -> None:
        """Run `work(*args)` after `seconds` of the clock."""
        self._add(time.monotonic() + self._clock.real_seconds(seconds), work, args)

    def stop(self, patience: float = 5.0) -> None:
        """Forget what has not begun and wait at most `patience` real seconds for what runs."""
        with self._changed:
            self._stopped = True
            self._jobs.clear()
            self._changed.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _add(self, due: float, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        with self._changed:
            if self._stopped:
                return
            heapq.heappush(self._jobs, (due, next(self._order), work, args))
            if self._waiting == 0 and len(self._threads) < self._limit:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.add(thread)
                thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while job := self._next():
            work, args = job
            try:
                work(*args)
            except Exception:
                log.exception("%s: %s failed", self._name, getattr(work, "__qualname__", work))

    def _next(self) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
        idle_since = time.monotonic()
        with self._changed:
            while True:
                now = time.monotonic()
                if self._stopped:
                    break
                if self._jobs and self._jobs[0][0] <= now:
                    _, _, work, args = heapq.heappop(self._jobs)
                    return work, args
                if not self._jobs and now - idle_since > _IDLE_SECONDS:
                    break
                self._waiting += 1
                self._changed.wait(self._jobs[0][0] - now if self._jobs else _IDLE_SECONDS)
                self._waiting -= 1
            self._threads.discard(threading.current_thread())
            return None
