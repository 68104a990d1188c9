"""Schedules of rules: `rate(5 minutes)` and `cron(0 12 * * ? *)`, in UTC.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
# EventBridge counts from Sunday = 1.
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_MOST_DAYS = 366 * 9

DayTest = Callable[[date], bool]


class ScheduleError(ValueError):
    """An expression that EventBridge would refuse."""


@dataclass(frozen=True)
class Rate:
    """Every so often.

    Attributes:
        seconds: The interval.
    """

    seconds: int

    def next_after(self, moment: float) -> float | None:
        """The first time after a moment, in seconds since 1970."""
        return moment + self.seconds


@dataclass(frozen=True)
class Cron:
    """At certain minutes of certain days.

    Attributes:
        minutes: Of the hour.
        hours: Of the day.
        on: Whether a day is one of them.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    on: DayTest

    def next_after(self, moment: float) -> float | None:
        """The first time after a moment, in seconds since 1970; None if there is none within nine years."""
        start = datetime.fromtimestamp(moment, UTC)
        day = start.date()
        for _ in range(_MOST_DAYS):
            if self.on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        found = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                        if found > start:
                            return found.timestamp()
            day += timedelta(days=1)
        return None


def read_schedule(expression: str) -> Rate | Cron:
    """What an expression means.

    Raises:
        ScheduleError: If EventBridge would refuse it.
    """
    if found := _RATE.fullmatch(expression):
        number, unit, plural = int(found.group(1)), found.group(2), bool(found.group(3))
        if number == 0 or plural != (number > 1):
            raise ScheduleError(f"{expression}: the number must be positive, and one has no plural.")
        return Rate(number * _UNITS[unit])
    if found := _CRON.fullmatch(expression):
        return _cron(*found.groups())
    raise ScheduleError(f"{expression} is neither rate(value unit) nor cron with six fields.")


def _cron(minute: str, hour: str, day: str, month: str, weekday: str, year: str) -> Cron:
    if (day == "?") == (weekday == "?"):
        raise ScheduleError("Of the day of the month and the day of the week, one must be '?' and one not.")
    months, years = set(_values(month, 1, 12, _MONTHS)), set(_values(year, 1970, 2199))
    in_month = _days_of_week(weekday) if day == "?" else _days_of_month(day)
    return Cron(
        tuple(_values(minute, 0, 59)),
        tuple(_values(hour, 0, 23)),
        lambda at: at.year in years and at.month in months and in_month(at),
    )


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> list[int]:
    """The numbers that a field such as `1,5-9,*/15` names."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = _number(begin, names)
            last = _number(end, names) if end else (high if step else first)
        if not low <= first <= last <= high or (step and not step.isdigit()) or step == "0":
            raise ScheduleError(f"'{part}' is out of the range {low} to {high}.")
        found.update(range(first, last + 1, int(step or 1)))
    return sorted(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text.upper() in names:
        return names[text.upper()]
    if not text.isdigit():
        raise ScheduleError(f"'{text}' is no number.")
    return int(text)


def _days_of_month(field: str) -> DayTest:
    if field == "L":
        return lambda at: at.day == _last(at)
    if field.endswith("W"):
        wanted = _number(field[:-1], None)
        return lambda at: at.day == _nearest_working_day(at.year, at.month, wanted)
    days = set(_values(field, 1, 31))
    return lambda at: at.day in days


def _days_of_week(field: str) -> DayTest:
    if "#" in field:
        name, _, nth = field.partition("#")
        weekday, number = _number(name, _WEEKDAYS), _number(nth, None)
        return lambda at: _weekday(at) == weekday and (at.day - 1) // 7 + 1 == number
    if field.endswith("L"):
        weekday = _number(field[:-1] or "7", _WEEKDAYS)
        return lambda at: _weekday(at) == weekday and at.day + 7 > _last(at)
    weekdays = set(_values(field, 1, 7, _WEEKDAYS))
    return lambda at: _weekday(at) in weekdays


def _weekday(at: date) -> int:
    return at.isoweekday() % 7 + 1


def _last(at: date) -> int:
    return calendar.monthrange(at.year, at.month)[1]


def _nearest_working_day(year: int, month: int, day: int) -> int:
    last = calendar.monthrange(year, month)[1]
    at = date(year, month, min(day, last))
    if at.isoweekday() == 6:
        return at.day - 1 if at.day > 1 else at.day + 2
    if at.isoweekday() == 7:
        return at.day + 1 if at.day < last else at.day - 2
    return at.day
