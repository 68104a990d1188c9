"""Where a resource lives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """An account and a Region: what lives in one is unknown in every other."""

    account: str
    region: str
