"""Moments as ISO 8601 text in UTC, the form in which states, events and results carry them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def parse(moment: str) -> datetime:
    """The moment that an ISO 8601 text names.

    Raises:
        ValueError: If the text is no such moment.
    """
    parsed = datetime.fromisoformat(moment)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def text(moment: datetime) -> str:
    """A moment with milliseconds: fixed in length, so that texts sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalise(moment: str) -> str:
    """An ISO 8601 text of any precision in the form of `text`."""
    return text(parse(moment))


def after(moment: str, seconds: float) -> str:
    """The moment `seconds` later."""
    return text(parse(moment) + timedelta(seconds=seconds))


def in_words(moment: str) -> str:
    """A moment as a person reads it, to the second."""
    return f"{parse(moment):%Y-%m-%d %H:%M:%S} UTC"


def length_in_words(seconds: float) -> str:
    """How long something took, as a person says it: hours and minutes, or seconds where it was less."""
    whole = int(seconds)
    if whole < 60:
        return _counted(whole, "second")
    hours, minutes = divmod(whole // 60, 60)
    parts = [_counted(hours, "hour")] if hours else []
    return " ".join([*parts, _counted(minutes, "minute")] if minutes else parts)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one moment to another; negative if the order is reversed."""
    return (parse(later) - parse(earlier)).total_seconds()
