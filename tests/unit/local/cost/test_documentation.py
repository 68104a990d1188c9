import re
from pathlib import Path

import pytest

from vmie_local.cost import PRICES, Charge

PAGE = Path(__file__).resolve().parents[4] / "docs" / "costs.md"


@pytest.mark.parametrize("charge", Charge)
def test_every_price_and_its_source_are_documented(charge: Charge) -> None:
    price = PRICES[charge]

    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if price.source in line]

    assert f"{price.dollars:f}" in [row[2].strip() for row in rows]


def test_no_price_is_documented_that_is_not_used() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## Prices")[1].split("## How")[0]

    documented = re.findall(r"^\| [^|]+ \| ([\d.]+) \|", table, re.MULTILINE)

    assert sorted(documented) == sorted(f"{price.dollars:f}" for price in PRICES.values())
