"""What a Region cannot run. Source: the VM Import/Export user guide's table of supported Windows systems."""

from __future__ import annotations

from typing import Any

_DEFAULT_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
"""Regions that every account has; those opened since March 2019 are to be opted into."""


def is_opt_in(region: str) -> bool:
    """Whether an account has to opt into a Region. Those of China and of GovCloud belong to partitions where
    that is not so."""
    return region not in _DEFAULT_REGIONS and not region.startswith(("cn-", "us-gov-", "us-iso"))


def refusal(row: dict[str, Any], bits: int | None, region: str) -> str | None:
    """Why a Region does not take a Windows system.

    Args:
        row: The system's row in the table of supported systems.
        bits: Bits of its architecture; ``None`` where unknown, and then not held against it.
        region: The Region.

    Returns:
        The reason; ``None`` where nothing speaks against it.
    """
    if region in row.get("excluded_regions", ()):
        return f"{row['family']} is not imported in {region}"
    if not is_opt_in(region):
        return None
    if row.get("opt_in_regions") is False:
        return f"{row['family']} is not imported in Regions to be opted into, such as {region}"
    if bits == 32 and row.get("client"):
        return f"32-bit client systems are not imported in Regions to be opted into, such as {region}"
    return None
