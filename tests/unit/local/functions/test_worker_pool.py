from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from vmie_local.functions.worker_pool import WorkerPool


@dataclass(frozen=True)
class Function:
    identity: str


@dataclass(eq=False)
class Worker:
    function: Any
    usable: bool = True
    closed: bool = field(default=False)

    def kill(self) -> None:
        self.usable = False

    def close(self) -> None:
        self.closed = True


def pool(slots: int = 2, warm: int = 2) -> tuple[WorkerPool, list[Worker]]:
    started: list[Worker] = []

    def start(function: Any) -> Any:
        started.append(Worker(function))
        return started[-1]

    return WorkerPool(start, slots, warm), started


def use(workers: WorkerPool, name: str) -> None:
    with workers.worker(Function(name)):  # type: ignore[arg-type]
        pass


def test_a_warm_worker_is_used_again() -> None:
    workers, started = pool()
    use(workers, "a")
    use(workers, "a")
    assert len(started) == 1


def test_another_function_or_version_gets_another_worker() -> None:
    workers, started = pool()
    use(workers, "a:1")
    use(workers, "a:2")
    assert len(started) == 2


def test_a_broken_worker_is_closed_and_not_used_again() -> None:
    workers, started = pool()
    with workers.worker(Function("a")) as worker:  # type: ignore[arg-type]
        worker.kill()
    use(workers, "a")
    assert started[0].closed
    assert len(started) == 2


def test_a_worker_that_died_while_idle_is_replaced() -> None:
    workers, started = pool()
    use(workers, "a")
    started[0].usable = False
    use(workers, "a")
    assert (started[0].closed, len(started)) == (True, 2)


def test_the_least_recently_used_worker_gives_way() -> None:
    workers, started = pool(warm=2)
    for name in ("a", "b", "a", "c"):
        use(workers, name)
    assert [(worker.function.identity, worker.closed) for worker in started] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]


def test_no_more_run_at_once_than_there_are_slots() -> None:
    workers, _ = pool(slots=1)
    entered = threading.Event()

    def second() -> None:
        use(workers, "b")
        entered.set()

    with workers.worker(Function("a")):  # type: ignore[arg-type]
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(10)
    thread.join()


def test_after_the_stop_every_worker_is_closed_and_none_starts() -> None:
    workers, started = pool()
    use(workers, "a")
    with workers.worker(Function("b")):  # type: ignore[arg-type]
        workers.stop()
    assert all(worker.closed for worker in started)
    with pytest.raises(RuntimeError, match="stopped"):
        use(workers, "a")
