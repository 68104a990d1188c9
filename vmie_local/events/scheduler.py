"""Fires the rules that have a schedule."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from vmie_local.clock import Clock
from vmie_local.events.rule import Rule
from vmie_local.events.schedule import read_schedule

_LOOK_SECONDS = 0.05


class Scheduler:
    """One thread that knows when each scheduled rule is due."""

    def __init__(
        self, clock: Clock, rules: Callable[[], Iterable[Rule]], fire: Callable[[Rule, float], None]
    ) -> None:
        """Prepare.

        Args:
            clock: What schedules count on.
            rules: Gives the enabled rules that have a schedule.
            fire: Called with a rule and the time it was due at.
        """
        self._clock, self._rules, self._fire = clock, rules, fire
        self._due: dict[tuple[str, str], float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-schedules", daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._thread.start()

    def stop(self) -> None:
        """Fire no more."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """Fire what is due; a rule that fell behind fires once and goes on from now."""
        now = self._clock.now()
        rules = {(rule.arn, str(rule.schedule)): rule for rule in self._rules()}
        self._due = {key: due for key, due in self._due.items() if key in rules}
        for key, rule in rules.items():
            schedule = read_schedule(key[1])
            due = self._due.get(key)
            if due is None:
                self._due[key] = schedule.next_after(now) or float("inf")
            elif due <= now:
                following = schedule.next_after(due) or float("inf")
                self._due[key] = following if following > now else schedule.next_after(now) or float("inf")
                self._fire(rule, due)

    def _run(self) -> None:
        while not self._stopped.wait(self._pause()):
            self.look()

    def _pause(self) -> float:
        first = min(self._due.values(), default=float("inf"))
        return min(_LOOK_SECONDS, max(0.0, self._clock.real_seconds(first - self._clock.now())))
