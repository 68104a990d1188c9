"""How often a running task is looked at: the older, the less often, within the bound of detection."""

from __future__ import annotations

# The mean time from a task's end to its detection is half the interval: at most 25 s, and 50 s at worst.
SHORTEST_SECONDS = 20
LONGEST_SECONDS = 50
_SECONDS_OF_AGE_PER_SECOND = 16


def poll_interval(age_seconds: float) -> int:
    """Seconds until the next look at a task of this age."""
    slowed = SHORTEST_SECONDS + int(max(0.0, age_seconds)) // _SECONDS_OF_AGE_PER_SECOND
    return min(LONGEST_SECONDS, slowed)
