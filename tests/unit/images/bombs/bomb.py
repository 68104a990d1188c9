"""What a bomb is, and how one goes off."""

from __future__ import annotations

from collections.abc import Callable

from vmie_images import Budget, BudgetExceededError, ImageError, MemorySource, RangeSource, inspect_container
from vmie_images.budget import Ledger

Explosion = Callable[[], set[str]]
Bomb = Callable[[], Explosion]
"""Builds what it needs, then goes off in a call of its own: only that is limited."""

BUDGET = Budget(steps=100_000)
"""The usual budget with a tenth of the work: it ends what cannot be told from an honest image soon enough."""
SPENT = "spent"
REFUSED = "refused"


def image(source: bytes | RangeSource, name: str = "disk.raw") -> Explosion:
    """The inspection of a file."""

    def inspect() -> set[str]:
        data = MemorySource(source) if isinstance(source, bytes) else source
        inspection = inspect_container(data, name=name, budget=BUDGET)
        inspection.to_document()
        return {finding.code for finding in inspection.findings}

    return inspect


def parser(read: Callable[[], object]) -> Explosion:
    """A reader by itself, as an inspection would call it: the codes say whether it refused what it read, or
    spent its budget."""

    def parse() -> set[str]:
        with Ledger(BUDGET).charged():
            try:
                read()
            except ImageError:
                return {REFUSED}
            except BudgetExceededError:
                return {SPENT}
        return set()

    return parse
