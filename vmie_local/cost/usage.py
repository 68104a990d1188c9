"""Quantities: how much of each charge was used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from vmie_local.cost.prices import Charge


class Usage:
    """How much was used. What was not used is 0 and is left out when iterating."""

    def __init__(self, quantities: Mapping[Charge, int | Decimal] | None = None) -> None:
        """Keep the quantities.

        Args:
            quantities: Default: nothing was used.

        Raises:
            ValueError: If a quantity is negative.
        """
        self._quantities = {
            charge: Decimal(amount) for charge, amount in (quantities or {}).items() if amount
        }
        for charge, amount in self._quantities.items():
            if amount < 0:
                raise ValueError(f"The quantity of {charge} is {amount}; it cannot be negative.")

    def __getitem__(self, charge: Charge) -> Decimal:
        return self._quantities.get(charge, Decimal(0))

    def __iter__(self) -> Iterator[Charge]:
        return iter(self._quantities)

    def __contains__(self, charge: Charge) -> bool:
        return charge in self._quantities

    def __add__(self, other: Usage) -> Usage:
        return Usage({charge: self[charge] + other[charge] for charge in {*self, *other}})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Usage) and self._quantities == other._quantities

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Usage({ {charge.name: str(self[charge]) for charge in self} })"

    @classmethod
    def total(cls, parts: Iterable[Usage]) -> Usage:
        """The sum of many."""
        whole = cls()
        for part in parts:
            whole = whole + part
        return whole
