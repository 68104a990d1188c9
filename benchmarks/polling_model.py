"""What the runtime's polling intervals give by themselves, without any latency."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from vmie_runtime.polling import poll_interval


@dataclass(frozen=True)
class Detection:
    """How long after their ends tasks were seen to have ended, in seconds of AWS time."""

    mean: float
    worst: float


def poll_ages(until: float) -> list[float]:
    """The ages of a task at which it is looked at, up to and including the first one at or after `until`."""
    ages = [float(poll_interval(0))]
    while ages[-1] < until:
        ages.append(ages[-1] + poll_interval(ages[-1]))
    return ages


def next_look(last: float, *, started: float, end: float) -> float:
    """The first look at or after a task's end, if none after `last` came late.

    Args:
        last: The moment of a look before the end.
        started: When the task was started.
        end: When it ended.
    """
    look = last + poll_interval(last - started)
    while look < end:
        look += poll_interval(look - started)
    return look


def polls_of(task_seconds: float) -> int:
    """How often a task of this length is looked at."""
    return len(poll_ages(task_seconds))


def detection(shortest: int, longest: int) -> Detection:
    """Detection of tasks that end at any second between two ages, each as likely."""
    delays = [poll_ages(end)[-1] - end for end in range(shortest, longest)]
    return Detection(statistics.fmean(delays), max(delays))
