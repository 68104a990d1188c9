"""What a Region cannot run."""

from __future__ import annotations

import pytest

from vmie_images.verdict.regions import is_opt_in, refusal
from vmie_images.verdict.supported_systems import windows_row


@pytest.mark.parametrize(
    ("family", "bits", "region", "refused"),
    [
        ("Windows Server 2022", 64, "cn-north-1", True),
        ("Windows Server 2025", 64, "cn-northwest-1", True),
        ("Windows Server 2019", 64, "cn-north-1", False),
        ("Windows Server 2022", 64, "eu-west-1", False),
        ("Windows 11", 64, "eu-south-2", True),
        ("Windows 11", 64, "eu-south-1", False),
        ("Windows Server 2008", 64, "af-south-1", True),
        ("Windows Server 2008", 64, "us-east-1", False),
        ("Windows Server 2008", 64, "us-gov-west-1", False),
        ("Windows Server 2008 R2", 64, "af-south-1", False),
        ("Windows 7", 32, "me-south-1", True),
        ("Windows 7", 64, "me-south-1", False),
        ("Windows 7", 32, "eu-west-1", False),
        ("Windows 7", None, "me-south-1", False),
    ],
)
def test_a_region_refuses_what_the_table_leaves_out_for_it(family, bits, region, refused) -> None:
    row = windows_row(family, None)
    assert row is not None

    reason = refusal(row, bits, region)

    assert (reason is not None) is refused
    assert reason is None or region in reason


@pytest.mark.parametrize(
    ("region", "opt_in"),
    [
        ("eu-west-1", False),
        ("eu-south-1", True),
        ("cn-north-1", False),
        ("us-gov-east-1", False),
        ("mx-central-1", True),
    ],
)
def test_regions_opened_since_2019_are_to_be_opted_into(region, opt_in) -> None:
    assert is_opt_in(region) is opt_in
