"""Scaled time: the one clock that waits, schedules, timeouts and EC2 tasks share."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """A clock that runs `1 / scale` times as fast as the wall clock, from the moment it is made."""

    def __init__(self, scale: float = 1.0) -> None:
        """Start the clock.

        Args:
            scale: Real seconds per clock second; must be positive.

        Raises:
            ValueError: If the scale is not positive.
        """
        if scale <= 0:
            raise ValueError(f"The time scale must be greater than 0, not {scale}.")
        self.scale = scale
        self._epoch = time.time()
        self._started = time.monotonic()

    def now(self) -> float:
        """Seconds since 1970 on this clock."""
        return self._epoch + (time.monotonic() - self._started) / self.scale

    def iso(self, at: float | None = None) -> str:
        """A moment (default: now) as AWS prints it, such as `2026-11-20T10:00:00.000Z`."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def real_seconds(self, seconds: float) -> float:
        """How long `seconds` of this clock take on the wall clock."""
        return seconds * self.scale

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock."""
        time.sleep(max(0.0, self.real_seconds(seconds)))

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, at most `seconds` of this clock; tell whether it is set."""
        return event.wait(max(0.0, self.real_seconds(seconds)))
