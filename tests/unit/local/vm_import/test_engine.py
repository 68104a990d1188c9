"""The engine with real threads on a fast clock."""

# ruff: noqa: ARG002, ARG005 - work takes what the engine gives

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from vmie_local.clock import Clock
from vmie_local.vm_import.engine import WORKERS, Engine
from vmie_local.vm_import.phases import Phase
from vmie_local.vm_import.task import DELETING_SECONDS, Task, TaskFailedError, TaskFault, Work

PHASES = (Phase("one", (1, 1), 60), Phase("two", (2, 2), 60))


class SampleTask(Task):
    """A task whose first phase works as the test says."""

    def __init__(self, started_at: float, work: Work | None = None, fault: TaskFault | None = None) -> None:
        super().__init__("task-1", PHASES, started_at, fault)
        self.work = work
        self.results: list[Any] = []
        self.completed = self.undone = 0

    def image_bytes(self) -> float:
        return 0.0

    def work_of(self, phase: Phase) -> Work | None:
        return self.work if phase.message == "one" else None

    def collect(self, phase: Phase, result: Any) -> None:
        self.results.append(result)

    def complete(self) -> None:
        self.completed += 1

    def undo(self) -> None:
        self.undone += 1


class Bench:
    def __init__(self) -> None:
        self.clock = Clock(0.0005)
        self.tasks: list[SampleTask] = []
        self.engine = Engine(self.clock, lambda: list(self.tasks))
        self.engine.start()

    def add(self, work: Work | None = None) -> SampleTask:
        task = SampleTask(self.clock.now(), work)
        with self.engine.lock:
            self.tasks.append(task)
        self.engine.wake()
        return task

    def until(self, *tasks: SampleTask, status: str) -> None:
        end = time.monotonic() + 30
        while any(task.status != status for task in tasks):
            assert time.monotonic() < end, [task.status for task in tasks]
            time.sleep(0.002)


@pytest.fixture
def bench() -> Iterator[Bench]:
    running = Bench()
    yield running
    running.engine.stop()


def test_a_task_goes_through_its_phases_by_itself(bench: Bench) -> None:
    task = bench.add(lambda cancelled: "result")
    bench.until(task, status="completed")

    assert (task.results, task.completed, task.undone) == (["result"], 1, 0)
    assert task.ended_at is not None
    assert task.ended_at >= task.started_at + 120


def test_a_failed_task_is_undone_once_and_deleted_later(bench: Bench) -> None:
    def work(cancelled: threading.Event) -> None:
        raise TaskFailedError("ClientError: no")

    task = bench.add(work)
    bench.until(task, status="deleted")

    assert (task.status_message, task.undone, task.completed) == ("ClientError: no", 1, 0)
    assert task.ended_at is not None
    assert bench.clock.now() >= task.ended_at + DELETING_SECONDS


def test_no_more_work_runs_at_once_than_there_are_workers(bench: Bench) -> None:
    lock, running, most, free = threading.Lock(), 0, 0, threading.Event()

    def work(cancelled: threading.Event) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        free.wait(30)
        with lock:
            running -= 1

    tasks = [bench.add(work) for _ in range(WORKERS + 3)]
    while most < WORKERS:
        time.sleep(0.002)
    free.set()
    bench.until(*tasks, status="completed")

    assert most == WORKERS


def test_a_cancelled_task_s_work_is_told_and_waited_for(bench: Bench) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work(cancelled: threading.Event) -> None:
        begun.set()
        cancelled.wait(30)
        may_end.wait(30)

    task = bench.add(work)
    assert begun.wait(30)
    with bench.engine.lock:
        task.cancel("why", bench.clock.now())
    bench.engine.wake()
    bench.clock.sleep(3 * DELETING_SECONDS)
    assert (task.status, task.undone) == ("deleting", 0)
    may_end.set()
    bench.until(task, status="deleted")

    assert task.undone == 1


def test_work_that_waits_for_a_worker_never_runs_once_it_is_cancelled(bench: Bench) -> None:
    free, ran = threading.Event(), threading.Event()
    blockers = [bench.add(lambda cancelled: free.wait(30)) for _ in range(WORKERS)]
    task = bench.add(lambda cancelled: ran.set())
    bench.engine.tick()
    with bench.engine.lock:
        task.cancel(None, bench.clock.now())
    free.set()
    bench.until(*blockers, status="completed")
    bench.until(task, status="deleted")

    assert not ran.is_set()


def test_one_task_s_trouble_does_not_stop_another(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    broken = bench.add()
    broken.advance = None  # type: ignore[assignment,method-assign]
    task = bench.add()
    bench.until(task, status="completed")

    assert "task-1 could not go on" in caplog.text


def test_stopping_ends_running_work(bench: Bench) -> None:
    ended = threading.Event()
    begun = threading.Event()

    def work(cancelled: threading.Event) -> None:
        begun.set()
        assert cancelled.wait(30)
        ended.set()

    bench.add(work)
    assert begun.wait(30)
    before = engine_threads()
    bench.engine.stop()

    assert ended.is_set()
    assert len(before - engine_threads()) == 1


def engine_threads() -> set[threading.Thread]:
    """Those of every local AWS in this process."""
    return {thread for thread in threading.enumerate() if thread.name == "vm-import-engine"}
