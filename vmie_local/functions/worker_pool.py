"""Warm workers: as few processes as possible, as many invocations as the machine bears."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vmie_local.functions.function import FunctionVersion
from vmie_local.functions.worker import Worker


class WorkerPool:
    """Lends workers, keeps some warm, and ends the least recently used ones."""

    def __init__(self, start: Callable[[FunctionVersion], Worker], slots: int, warm: int) -> None:
        """Prepare; no process starts before it is needed.

        Args:
            start: Starts a worker.
            slots: Invocations at once; more wait for their turn.
            warm: Idle processes that are kept (60 to 100 MB each).
        """
        self._start, self._warm = start, warm
        self._slots = threading.BoundedSemaphore(slots)
        self._lock = threading.Lock()
        self._idle: OrderedDict[Worker, tuple[Any, ...]] = OrderedDict()
        self._busy: set[Worker] = set()
        self._stopped = False

    @contextmanager
    def worker(self, function: FunctionVersion) -> Iterator[Worker]:
        """A worker for one invocation; waits while all slots are taken."""
        with self._slots:
            worker = self._take(function)
            try:
                yield worker
            finally:
                self._give_back(worker)

    def stop(self) -> None:
        """End every process."""
        with self._lock:
            self._stopped = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.close()

    def _take(self, function: FunctionVersion) -> Worker:
        identity = function.identity
        with self._lock:
            found = next((worker for worker, of in reversed(self._idle.items()) if of == identity), None)
            if found is not None:
                del self._idle[found]
                if found.usable:
                    self._busy.add(found)
                    return found
            if self._stopped:
                raise RuntimeError("The local AWS has stopped; no function starts any more.")
        if found is not None:
            found.close()
        worker = self._start(function)
        with self._lock:
            self._busy.add(worker)
            stopped = self._stopped
        if stopped:
            worker.kill()
        return worker

    def _give_back(self, worker: Worker) -> None:
        surplus = []
        with self._lock:
            self._busy.discard(worker)
            if worker.usable and not self._stopped:
                self._idle[worker] = worker.function.identity
                while len(self._idle) > self._warm:
                    surplus.append(self._idle.popitem(last=False)[0])
            else:
                surplus.append(worker)
        for worker in surplus:
            worker.close()
