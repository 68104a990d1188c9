from decimal import Decimal

import pytest

from vmie_local.cost import PRICES, Charge, Usage, bill


def test_a_bill_adds_up_as_calculated_by_hand() -> None:
    usage = Usage(
        {
            Charge.STATE_TRANSITIONS: 60,  # 60 x $0.000025 = $0.0015
            Charge.LAMBDA_REQUESTS: 50,  # 50 x $0.0000002 = $0.00001
            Charge.LAMBDA_ARM_GB_SECONDS: Decimal(3),  # 3 x $0.0000133334 = $0.0000400002
            Charge.S3_WRITES: 10,  # 10 x $0.000005 = $0.00005
            Charge.DYNAMODB_WRITE_UNITS: 200,  # 200 x $0.000000625 = $0.000125
        }
    )

    assert bill(usage).dollars == Decimal("0.0017250002")


def test_a_bill_lists_only_what_was_used() -> None:
    lines = bill(Usage({Charge.SNS_PUBLISHES: 2, Charge.EVENTS: 0})).lines

    assert [(line.charge, line.quantity, line.dollars) for line in lines] == [
        (Charge.SNS_PUBLISHES, Decimal(2), Decimal("0.000001"))
    ]


def test_services_are_summed_over_their_charges() -> None:
    charged = bill(Usage({Charge.LAMBDA_REQUESTS: 1_000_000, Charge.LAMBDA_X86_GB_SECONDS: 10}))

    assert charged.by_service() == {"Lambda": Decimal("0.200166667")}


def test_nothing_used_costs_nothing() -> None:
    assert bill(Usage()).dollars == 0


def test_usage_without_a_price_is_refused() -> None:
    with pytest.raises(KeyError, match="state transitions"):
        bill(Usage({Charge.STATE_TRANSITIONS: 1}), prices={})


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        Usage({Charge.EVENTS: -1})


def test_usages_add() -> None:
    first, second = Usage({Charge.EVENTS: 1}), Usage({Charge.EVENTS: 2, Charge.TRACES: 1})

    assert first + second == Usage({Charge.EVENTS: 3, Charge.TRACES: 1})


def test_every_charge_has_a_price_and_names_its_source() -> None:
    assert set(PRICES) == set(Charge)
    assert all(price.source.startswith("https://") and price.dollars > 0 for price in PRICES.values())
