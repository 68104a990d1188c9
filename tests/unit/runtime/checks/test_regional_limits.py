"""Guests that a Region does not take are refused there, and 32-bit ones everywhere since their end."""

from __future__ import annotations

import pytest

from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.checks.regional_limits import DEFAULT_REGIONS, is_opt_in, require_system_in_region
from vmie_runtime.errors import RequestRejected

_BEFORE, _SINCE = "2026-03-31T23:59:59+00:00", "2026-04-01T00:00:00+00:00"


def _windows(name: str, *, bits: int = 64, client: bool = False) -> GuestSystem:
    edition = "Professional" if client else "Standard"
    return GuestSystem(
        platform="Windows", name=name, edition=edition, client=client, bits=bits, inspected=True
    )


@pytest.mark.parametrize(
    ("guest", "region"),
    [
        (_windows("Windows Server 2022"), "cn-north-1"),
        (_windows("Windows Server 2025"), "cn-northwest-1"),
        (_windows("Windows 11", client=True), "ap-south-2"),
        (_windows("Windows 11", client=True), "me-central-1"),
        (_windows("Windows 11", client=True), "cn-north-1"),
        (_windows("Windows Server 2008"), "af-south-1"),
        (_windows("Windows Server 2003 R2", bits=32), "il-central-1"),
        (_windows("Windows 7", bits=32, client=True), "eu-south-1"),
    ],
)
def test_a_system_that_the_region_does_not_take_is_refused(guest: GuestSystem, region: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        require_system_in_region(guest, region=region, now=_BEFORE)
    assert caught.value.code == "SystemNotInRegion"
    assert guest.words in caught.value.text
    assert region in caught.value.text


@pytest.mark.parametrize(
    ("guest", "region"),
    [
        (_windows("Windows Server 2022"), "eu-west-1"),
        (_windows("Windows Server 2019"), "cn-north-1"),
        (_windows("Windows 11", client=True), "eu-central-1"),
        (_windows("Windows 10", client=True), "ap-south-2"),
        (_windows("Windows Server 2008"), "us-gov-west-1"),
        (_windows("Windows Server 2008 R2"), "af-south-1"),
        (_windows("Windows 7", bits=32, client=True), "eu-west-1"),
        (_windows("Windows 7", client=True), "eu-south-1"),
        (GuestSystem(platform="Windows"), "cn-north-1"),
        (GuestSystem(platform="Linux", name="Ubuntu", bits=64), "cn-north-1"),
        (GuestSystem(), "af-south-1"),
    ],
)
def test_any_other_system_passes(guest: GuestSystem, region: str) -> None:
    require_system_in_region(guest, region=region, now=_BEFORE)


@pytest.mark.parametrize("guest", [_windows("Windows 7", bits=32, client=True), GuestSystem(bits=32)])
def test_32_bit_ended_on_the_first_of_april_2026(guest: GuestSystem) -> None:
    require_system_in_region(guest, region="eu-west-1", now=_BEFORE)
    with pytest.raises(RequestRejected) as caught:
        require_system_in_region(guest, region="eu-west-1", now=_SINCE)
    assert caught.value.code == "ThirtyTwoBitEnded"


def test_the_requests_architecture_counts_where_nothing_was_inspected() -> None:
    for parameters in ({"Architecture": "i386"}, {"LaunchSpecification": {"Architecture": "i386"}}):
        assert GuestSystem.known(parameters, None).bits == 32
        assert GuestSystem.known(parameters, {"Family": "linux", "Bits": 64}).bits == 64


def test_regions_of_other_partitions_need_no_opt_in() -> None:
    assert not any(map(is_opt_in, [*DEFAULT_REGIONS, "cn-north-1", "us-gov-east-1"]))
    assert all(map(is_opt_in, ["af-south-1", "ap-east-1", "me-south-1", "ap-southeast-7"]))
