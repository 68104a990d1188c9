from __future__ import annotations

import pytest

from vmie_local.workflows.errors import StateError, matches
from vmie_local.workflows.retry import Retriers


def delays(retrier: dict[str, object], *errors: str) -> list[float | None]:
    retriers = Retriers([{"ErrorEquals": ["E"], **retrier}])
    return [retriers.delay(StateError(error)) for error in errors]


def test_the_defaults_are_three_attempts_after_one_second_doubled() -> None:
    assert delays({}, "E", "E", "E", "E") == [1, 2, 4, None]


def test_delays_grow_up_to_the_limit() -> None:
    retrier = {"IntervalSeconds": 10, "BackoffRate": 3, "MaxDelaySeconds": 50, "MaxAttempts": 4}
    assert delays(retrier, "E", "E", "E", "E", "E") == [10, 30, 50, 50, None]


def test_zero_attempts_means_never() -> None:
    assert delays({"MaxAttempts": 0}, "E") == [None]


def test_other_errors_are_not_retried() -> None:
    assert delays({}, "F") == [None]


def test_each_retrier_counts_for_itself() -> None:
    retriers = Retriers(
        [{"ErrorEquals": ["E"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    )
    taken = [retriers.delay(StateError(error)) for error in ("E", "F", "E", "F")]
    assert taken == [1, 1, None, None]


def test_full_jitter_stays_within_the_delay() -> None:
    for _ in range(100):
        (delay,) = delays({"IntervalSeconds": 10, "JitterStrategy": "FULL"}, "E")
        assert delay is not None and 0 <= delay <= 10


@pytest.mark.parametrize(
    ("name", "error", "caught"),
    [
        ("E", "E", True),
        ("E", "F", False),
        ("States.ALL", "E", True),
        ("States.ALL", "States.Timeout", True),
        ("States.ALL", "States.Runtime", False),
        ("States.ALL", "States.DataLimitExceeded", False),
        ("States.DataLimitExceeded", "States.DataLimitExceeded", True),
        ("States.TaskFailed", "E", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("States.TaskFailed", "States.HeartbeatTimeout", False),
        ("States.Timeout", "States.HeartbeatTimeout", True),
        ("States.HeartbeatTimeout", "States.Timeout", False),
    ],
)
def test_which_names_catch_which_errors(name: str, error: str, caught: bool) -> None:
    assert matches(error, [name]) is caught
