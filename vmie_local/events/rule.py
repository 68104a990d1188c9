"""A rule and its targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmie_local.events.pattern import EventPattern


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that is enabled.

    Attributes:
        account: The owner's account.
        region: The Region of its bus.
        bus: Name of its bus.
        name: Its name.
        arn: Its ARN.
        pattern: Which events it wants, or None for a rule that only has a schedule.
        schedule: `rate(…)` or `cron(…)`, or None.
        targets: As `PutTargets` takes them.
    """

    account: str
    region: str
    bus: str
    name: str
    arn: str
    pattern: EventPattern | None
    schedule: str | None
    targets: tuple[dict[str, Any], ...]
