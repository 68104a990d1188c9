"""ImportInstance and ImportVolume are held to their own, older limits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vmie_runtime.checks.conversion_tasks import (
    LINUX_INSTANCE_TYPES,
    REGIONS,
    advise_on_conversion_task,
    require_conversion_task,
)
from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.errors import RequestRejected

_LINUX = {"Family": "linux", "Name": "Ubuntu"}
_SERVER = {"Family": "windows", "Name": "Windows Server 2019", "Client": False}
_CLIENT = {"Family": "windows", "Name": "Windows 10", "Client": True}


def _instance(platform: str = "Linux", **launch: Any) -> dict[str, Any]:
    return {"Platform": platform, "LaunchSpecification": launch}


def _check(
    parameters: dict[str, Any], facts: dict[str, Any] | None = None, region: str = "eu-west-1"
) -> None:
    guest = GuestSystem.known(parameters, facts)
    require_conversion_task("ImportInstance", parameters, guest, region=region)


@pytest.mark.parametrize("operation", ["ImportInstance", "ImportVolume"])
@pytest.mark.parametrize(
    "region", ["eu-west-2", "eu-north-1", "ap-northeast-3", "cn-northwest-1", "us-gov-east-1"]
)
def test_a_region_without_conversion_tasks_is_refused(operation: str, region: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        require_conversion_task(operation, {}, GuestSystem(), region=region)
    assert caught.value.code == "ConversionNotInRegion"
    assert region in caught.value.text
    assert "eu-west-1" in caught.value.text


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_the_regions_of_the_guide_pass(region: str) -> None:
    _check(_instance(InstanceType="t2.micro"), region=region)
    require_conversion_task("ImportVolume", {}, GuestSystem(), region=region)


@pytest.mark.parametrize("wanted", ["t3.micro", "m5.large", "t2.large", "hi1.large", "T2.micro"])
def test_linux_on_another_instance_type_is_refused(wanted: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        _check(_instance(InstanceType=wanted))
    assert caught.value.code == "LinuxInstanceType"
    assert wanted in caught.value.text


def test_windows_may_have_any_instance_type() -> None:
    _check(_instance("Windows", InstanceType="m5.large"), _SERVER)


def test_the_types_of_the_guide_pass() -> None:
    assert {"t2.micro", "m3.2xlarge", "cc2.8xlarge", "cr1.8xlarge", "hi1.8xlarge"} <= LINUX_INSTANCE_TYPES
    assert len(LINUX_INSTANCE_TYPES) == 26
    assert all(re.fullmatch(r"[a-z]+\d\.\d?[a-z]+", name) for name in LINUX_INSTANCE_TYPES)
    for name in LINUX_INSTANCE_TYPES:
        _check(_instance(InstanceType=name), _LINUX)


@pytest.mark.parametrize(("platform", "facts"), [("Windows", _LINUX), ("Linux", _SERVER)])
def test_a_platform_that_is_not_the_guests_is_refused(platform: str, facts: dict[str, Any]) -> None:
    with pytest.raises(RequestRejected) as caught:
        _check(_instance(platform), facts)
    assert caught.value.code == "PlatformMismatch"


def test_a_volume_has_no_platform_to_differ_from() -> None:
    require_conversion_task("ImportVolume", {}, GuestSystem.known({}, _LINUX), region="eu-west-1")


def test_images_are_recommended_and_licences_told() -> None:
    def codes(facts: dict[str, Any]) -> list[str]:
        found = advise_on_conversion_task("ImportInstance", GuestSystem.known({}, facts))
        return [advice.code for advice in found]

    assert codes(_LINUX) == ["ConversionTaskIsLegacy"]
    assert codes(_SERVER) == codes(_CLIENT) == ["ConversionTaskIsLegacy", "ConversionWithoutLicenceType"]
    (volume,) = advise_on_conversion_task("ImportVolume", GuestSystem())
    assert ("ImportSnapshot" in volume.message, "Vmie.CreateVolume" in volume.remedy) == (True, True)
    (instance,) = advise_on_conversion_task("ImportInstance", GuestSystem())
    assert ("ImportImage" in instance.message, "`DiskContainers`" in instance.remedy) == (True, True)
