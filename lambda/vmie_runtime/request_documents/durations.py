"""ISO 8601 durations, as far as a deadline needs them."""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?:(?P<d>\d{1,4})D)?(?:T(?=\d)(?:(?P<h>\d{1,4})H)?(?:(?P<m>\d{1,6})M)?(?:(?P<s>\d{1,7})S)?)?", re.ASCII
)


def duration_seconds(text: str) -> int | None:
    """The seconds of a duration such as `PT12H`, `PT90M` or `P1DT6H`; None where it is none.

    Years, months and weeks are not taken: the first two have no length of their own.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
