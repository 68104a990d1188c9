"""Retriers: whether and when a failed state is tried again."""

from __future__ import annotations

import random
from typing import Any

from vmie_local.workflows.errors import StateError, matches

_MOST_DELAY_SECONDS = 31622400


class Retriers:
    """The `Retry` of one state, for one visit to it."""

    def __init__(self, retriers: list[dict[str, Any]]) -> None:
        """Begin to count attempts."""
        self._retriers = retriers
        self._attempts = [0] * len(retriers)

    def delay(self, error: StateError) -> float | None:
        """Seconds to wait before the next attempt, or None if there is none.

        The first retrier that matches decides; each counts its own attempts.
        """
        for number, retrier in enumerate(self._retriers):
            if not matches(error.error, retrier["ErrorEquals"]):
                continue
            if self._attempts[number] >= retrier.get("MaxAttempts", 3):
                return None
            backoff = float(retrier.get("BackoffRate", 2.0)) ** self._attempts[number]
            most = float(retrier.get("MaxDelaySeconds", _MOST_DELAY_SECONDS))
            self._attempts[number] += 1
            delay = min(retrier.get("IntervalSeconds", 1) * backoff, most)
            jitter = retrier.get("JitterStrategy", "NONE") == "FULL"
            return random.uniform(0, delay) if jitter else delay  # noqa: S311 - no secret
        return None
