"""What an account may do at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Limits:
    """Quotas that a test or a user may change while the cloud runs.

    Attributes:
        concurrent_tasks: Active conversion tasks of a Region (user guide: 5, can be raised to 20).
    """

    concurrent_tasks: int = 5
