from __future__ import annotations

import threading

from vmie_local.background import Background
from vmie_local.clock import Clock


def test_jobs_run_when_they_are_due_in_order() -> None:
    background, done, order = Background(Clock(0.001), "test", 1), threading.Event(), list[str]()
    background.later(100, order.append, "later")
    background.later(50, order.append, "sooner")
    background.later(200, done.set)
    background.submit(order.append, "now")
    assert done.wait(10)
    assert order == ["now", "sooner", "later"]
    background.stop()


def test_as_many_jobs_run_at_once_as_there_are_threads() -> None:
    background, together = Background(Clock(), "test", 3), threading.Barrier(4)
    for _ in range(3):
        background.submit(together.wait, 10)
    assert together.wait(10) in range(4)
    background.stop()


def test_a_job_that_fails_harms_no_other() -> None:
    background, done = Background(Clock(), "test", 1), threading.Event()
    background.submit(lambda: 1 / 0)
    background.submit(done.set)
    assert done.wait(10)
    background.stop()


def test_nothing_is_left_after_the_stop() -> None:
    background, begun = Background(Clock(), "left over", 2), threading.Event()
    background.submit(begun.set)
    background.later(3600, begun.clear)
    assert begun.wait(10)
    background.stop()
    background.submit(begun.clear)
    assert not [thread for thread in threading.enumerate() if thread.name == "left over"]
    assert begun.is_set()
