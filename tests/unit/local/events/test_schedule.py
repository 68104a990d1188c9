from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vmie_local.clock import Clock
from vmie_local.events.rule import Rule
from vmie_local.events.schedule import ScheduleError, read_schedule
from vmie_local.events.scheduler import Scheduler


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("rate(1 minute)", "2026-11-20T10:00:00", "2026-11-20T10:01:00"),
        ("rate(5 minutes)", "2026-11-20T10:00:30", "2026-11-20T10:05:30"),
        ("rate(2 hours)", "2026-11-20T23:00:00", "2026-11-21T01:00:00"),
        ("rate(7 days)", "2026-11-20T00:00:00", "2026-11-27T00:00:00"),
        ("cron(0 12 * * ? *)", "2026-11-20T12:00:00", "2026-11-21T12:00:00"),
        ("cron(0/15 * * * ? *)", "2026-11-20T12:07:00", "2026-11-20T12:15:00"),
        ("cron(*/15 8-17 ? * MON-FRI *)", "2026-11-20T17:50:00", "2026-11-23T08:00:00"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        ("cron(0 0 1W * ? *)", "2026-08-01T00:00:00", "2026-08-03T00:00:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-11-03T00:00:00", "2026-12-07T09:00:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-20T10:00:00", "2026-11-27T09:00:00"),
        ("cron(30 6 29 FEB ? *)", "2026-01-01T00:00:00", "2028-02-29T06:30:00"),
        ("cron(0 0 1 1 ? 2030)", "2026-01-01T00:00:00", "2030-01-01T00:00:00"),
    ],
)
def test_next_time(expression: str, after: str, expected: str) -> None:
    assert read_schedule(expression).next_after(at(after)) == at(expected)


def test_a_year_gone_by_never_comes() -> None:
    assert read_schedule("cron(0 0 1 1 ? 2020)").next_after(at("2026-01-01T00:00:00")) is None


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(5 seconds)",
        "rate(five minutes)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 25 * * ? *)",
        "cron(0 12 * 13 ? *)",
        "cron(0 12 ? * NODAY *)",
        "cron(0 12 * * ?)",
        "cron(0/0 12 * * ? *)",
        "every day",
    ],
)
def test_bad_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        read_schedule(expression)


class SteppedClock(Clock):
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def now(self) -> float:
        return self.at


def rule(schedule: str) -> Rule:
    return Rule(
        account="1",
        region="r",
        bus="default",
        name="tick",
        arn="arn:tick",
        pattern=None,
        schedule=schedule,
        targets=(),
    )


def test_a_rate_counts_from_when_the_rule_is_first_seen() -> None:
    clock, fired = SteppedClock(), list[float]()
    scheduler = Scheduler(clock, lambda: [rule("rate(5 minutes)")], lambda _, due: fired.append(due))
    for clock.at in (0.0, 299.0, 300.0, 301.0, 600.0):
        scheduler.look()
    assert fired == [300.0, 600.0]


def test_a_schedule_that_fell_behind_fires_once_and_goes_on() -> None:
    clock, fired = SteppedClock(), list[float]()
    scheduler = Scheduler(clock, lambda: [rule("rate(1 minute)")], lambda _, due: fired.append(due))
    for clock.at in (0.0, 1000.0, 1001.0, 1060.0):
        scheduler.look()
    assert fired == [60.0, 1060.0]


def test_a_rule_enabled_again_starts_anew() -> None:
    clock, fired, rules = SteppedClock(), list[float](), [rule("rate(1 minute)")]
    scheduler = Scheduler(clock, lambda: rules, lambda _, due: fired.append(due))
    scheduler.look()
    kept = rules.pop()
    clock.at = 50.0
    scheduler.look()
    rules.append(kept)
    scheduler.look()
    for clock.at in (100.0, 110.0):
        scheduler.look()
    assert fired == [110.0]
