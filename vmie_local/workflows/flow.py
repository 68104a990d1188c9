"""A thread of control that can be called off: a run of an execution, or a branch of one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from vmie_local.clock import Clock
from vmie_local.workflows.errors import Halted


class Flow:
    """Waits that end at once when the run, or the branch, is over."""

    def __init__(self, clock: Clock, parent: Flow | None = None) -> None:
        """Begin a run, or a branch of `parent`, which ends with it."""
        self._clock, self._parent = clock, parent
        self.changed: threading.Condition = parent.changed if parent else threading.Condition()
        self._over = False

    @property
    def over(self) -> bool:
        """Whether it was called off, or what it is a branch of."""
        return self._over or (self._parent is not None and self._parent.over)

    def call_off(self) -> None:
        """End it: whoever waits gets `Halted`."""
        with self.changed:
            self._over = True
            self.changed.notify_all()

    def check(self) -> None:
        """Go on only if it is not over.

        Raises:
            Halted: If it is over.
        """
        if self.over:
            raise Halted

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of the clock."""
        self.wait_for(lambda: False, seconds)

    def wait_for(self, ready: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `ready()`, at most `seconds` of the clock; whoever makes it true notifies `changed`.

        Returns:
            Whether it is ready.

        Raises:
            Halted: If the flow is over.
        """
        deadline = None if seconds is None else time.monotonic() + self._clock.real_seconds(seconds)
        with self.changed:
            while True:
                self.check()
                if ready():
                    return True
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self.changed.wait(None if left is None else min(left, threading.TIMEOUT_MAX))
