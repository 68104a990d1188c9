"""A bill: quantities at their prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from vmie_local.cost.prices import PRICES, Charge, Price
from vmie_local.cost.usage import Usage


@dataclass(frozen=True)
class BillLine:
    """One charge of a bill.

    Attributes:
        charge: What was counted.
        quantity: How much of it.
        price: What it costs.
    """

    charge: Charge
    quantity: Decimal
    price: Price

    @property
    def dollars(self) -> Decimal:
        """US dollars, not rounded."""
        return self.quantity * self.price.per_unit


@dataclass(frozen=True)
class Bill:
    """The charges in the order of the price list."""

    lines: tuple[BillLine, ...]

    @property
    def dollars(self) -> Decimal:
        """US dollars of all lines, not rounded."""
        return sum((line.dollars for line in self.lines), Decimal(0))

    def by_service(self) -> dict[str, Decimal]:
        """US dollars of each service."""
        services: dict[str, Decimal] = {}
        for line in self.lines:
            services[line.price.service] = services.get(line.price.service, Decimal(0)) + line.dollars
        return services


def bill(usage: Usage, prices: Mapping[Charge, Price] = PRICES) -> Bill:
    """Price what was used.

    Args:
        usage: The quantities.
        prices: Default: the list prices of us-east-1.

    Raises:
        KeyError: If something was used that has no price.
    """
    missing = [charge for charge in usage if charge not in prices]
    if missing:
        raise KeyError(f"There is no price for {', '.join(missing)}.")
    return Bill(
        tuple(BillLine(charge, usage[charge], price) for charge, price in prices.items() if charge in usage)
    )
