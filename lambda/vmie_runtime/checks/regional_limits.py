"""Guests that VM Import/Export does not take in some Regions, or no longer takes anywhere."""

from __future__ import annotations

from vmie_images.verdict.supported_systems import windows_row
from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.errors import RequestRejected

# VM Import/Export User Guide, 2026: "i386 … will no longer be supported".
I386_ENDED = "2026-04-01"
# The Regions that are enabled by default; every other must be opted in to (AWS Account Management Reference
# Guide, "Enable or disable AWS Regions in your account"). China and GovCloud are partitions of their own.
DEFAULT_REGIONS = frozenset(
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
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eusc-", "eu-isoe-")


def require_system_in_region(guest: GuestSystem, *, region: str, now: str) -> None:
    """Refuse a guest that ImportImage or ImportInstance does not take in a Region.

    Args:
        guest: What is known of the guest.
        region: The Region of the import.
        now: The moment, ISO 8601 in UTC.

    Raises:
        RequestRejected: `SystemNotInRegion` or `ThirtyTwoBitEnded`.
    """
    # Linux is 64-bit for ImportImage anyway, which the inspection's table of systems knows.
    if guest.bits == 32 and now[:10] >= I386_ENDED:
        raise RequestRejected(
            "ThirtyTwoBitEnded",
            f"The guest is 32-bit ({guest.words}); VM Import/Export takes none since {I386_ENDED}.",
        )
    if guest.platform != "Windows" or (reason := _missing_in(guest, region)) is None:
        return
    raise RequestRejected(
        "SystemNotInRegion",
        f"VM Import/Export does not take {guest.words} in {region}: {reason}.",
        region=region,
    )


def is_opt_in(region: str) -> bool:
    """Tell whether an account of the partition `aws` must enable the Region first."""
    return region not in DEFAULT_REGIONS and not region.startswith(_OTHER_PARTITIONS)


def _missing_in(guest: GuestSystem, region: str) -> str | None:
    row = windows_row(guest.name, guest.edition) or {}
    if region in row.get("excluded_regions", ()):
        return "the user guide leaves this Region out"
    if not is_opt_in(region):
        return None
    if not row.get("opt_in_regions", True):
        return "Regions that must be opted in to do not take releases as old as this one"
    if guest.bits == 32 and guest.client:
        return "Regions that must be opted in to do not take 32-bit clients"
    return None
