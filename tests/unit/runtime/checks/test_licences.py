"""Licence options that must fail are refused; what AWS leaves to people is said."""

from __future__ import annotations

from typing import Any

import pytest

from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.checks.licences import advise_on_licence, require_licence
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents.documented import LINUX_USAGE, WINDOWS_USAGE

_UBUNTU = {"Family": "linux", "Name": "Ubuntu", "Version": "22.04", "Bits": 64}
_RHEL = {**_UBUNTU, "Name": "Red Hat Enterprise Linux"}
_SLES = {**_UBUNTU, "Name": "SUSE Linux Enterprise Server"}
_SERVER = {
    "Family": "windows",
    "Name": "Windows Server 2022",
    "Edition": "Standard",
    "Client": False,
    "Bits": 64,
}
_CLIENT = {"Family": "windows", "Name": "Windows 11", "Edition": "Enterprise", "Client": True, "Bits": 64}


def _refusal(parameters: dict[str, Any], facts: dict[str, Any] | None = None) -> RequestRejected:
    with pytest.raises(RequestRejected) as caught:
        require_licence(parameters, GuestSystem.known(parameters, facts))
    return caught.value


def _codes(parameters: dict[str, Any], facts: dict[str, Any] | None) -> list[str]:
    guest = GuestSystem.known(parameters, facts)
    require_licence(parameters, guest)
    return [advice.code for advice in advise_on_licence(parameters, guest)]


def test_both_options_are_refused() -> None:
    refusal = _refusal({"LicenseType": "BYOL", "UsageOperation": "RunInstances:0800"})
    assert refusal.code == "LicenceOptionsConflict"
    assert "RunInstances:0800" in refusal.text


@pytest.mark.parametrize("licence", ["AWS", "aws", "Aws"])
@pytest.mark.parametrize(
    ("parameters", "facts"), [({"Platform": "Linux"}, None), ({}, _UBUNTU), ({}, _CLIENT)]
)
def test_a_licence_of_awss_is_refused_for_linux_and_for_clients(
    licence: str, parameters: dict[str, Any], facts: dict[str, Any] | None
) -> None:
    assert _refusal({**parameters, "LicenseType": licence}, facts).code == "LicenceTypeMismatch"


def test_the_inspections_word_counts_before_the_requests() -> None:
    refusal = _refusal({"Platform": "Windows", "LicenseType": "AWS"}, _UBUNTU)
    assert "the inspection found Ubuntu" in refusal.text
    assert "the request says Linux" in _refusal({"Platform": "Linux", "LicenseType": "AWS"}).text


@pytest.mark.parametrize("usage", WINDOWS_USAGE)
def test_a_usage_operation_of_windows_fits_windows_server_only(usage: str) -> None:
    require_licence({"UsageOperation": usage}, GuestSystem.known({}, _SERVER))
    assert _refusal({"UsageOperation": usage}, _RHEL).code == "UsageOperationMismatch"


@pytest.mark.parametrize("usage", LINUX_USAGE)
def test_a_usage_operation_of_linux_fits_linux_only(usage: str) -> None:
    require_licence({"UsageOperation": usage}, GuestSystem.known({}, _RHEL))
    for facts in (_SERVER, _CLIENT):
        assert _refusal({"UsageOperation": usage}, facts).code == "UsageOperationMismatch"


@pytest.mark.parametrize("usage", ["RunInstances:0002", "RunInstances:0006"])
def test_a_client_cannot_have_the_licence_of_a_server(usage: str) -> None:
    assert _refusal({"UsageOperation": usage}, _CLIENT).code == "UsageOperationMismatch"


def test_a_client_may_say_that_windows_keeps_its_licence() -> None:
    assert _codes({"UsageOperation": "RunInstances:0800"}, _CLIENT) == ["DedicatedHostsNeeded"]


@pytest.mark.parametrize("usage", [*WINDOWS_USAGE, *LINUX_USAGE])
def test_an_unknown_guest_may_have_any_usage_operation(usage: str) -> None:
    require_licence({"UsageOperation": usage}, GuestSystem.known({}, None))


@pytest.mark.parametrize(
    ("parameters", "facts", "codes"),
    [
        ({}, _UBUNTU, []),
        ({"LicenseType": "BYOL"}, _UBUNTU, []),
        ({}, None, ["LicenceUnnamed"]),
        ({}, _SERVER, ["LicenceUnnamed"]),
        ({}, _CLIENT, ["LicenceUnnamed", "DedicatedHostsNeeded"]),
        ({"LicenseType": "AWS"}, _SERVER, []),
        ({"LicenseType": "BYOL"}, _SERVER, ["DedicatedHostsNeeded"]),
        ({"LicenseType": "byol"}, _SERVER, ["DedicatedHostsNeeded"]),
        ({"LicenseType": "BYOL"}, _CLIENT, ["DedicatedHostsNeeded"]),
        ({"UsageOperation": "RunInstances:0800"}, _SERVER, ["DedicatedHostsNeeded"]),
        ({"UsageOperation": "RunInstances:0006"}, _SERVER, []),
        ({}, _RHEL, ["RedHatCloudAccess"]),
        ({"LicenseType": "BYOL"}, _SLES, ["SuseBringYourOwnSubscription"]),
        ({"Platform": "Linux"}, None, []),
        ({"Platform": "Windows"}, None, ["LicenceUnnamed"]),
        ({"Platform": "Windows", "LicenseType": "BYOL"}, None, ["DedicatedHostsNeeded"]),
    ],
)
def test_what_is_left_to_people_is_said(
    parameters: dict[str, Any], facts: dict[str, Any] | None, codes: list[str]
) -> None:
    assert _codes(parameters, facts) == codes


@pytest.mark.parametrize(
    ("facts", "words"),
    [(_SERVER, "billed with Windows"), (_CLIENT, "the only one"), (None, "AWS for Windows Server, BYOL for")],
)
def test_what_ec2_takes_by_itself_is_named(facts: dict[str, Any] | None, words: str) -> None:
    advice = next(iter(advise_on_licence({}, GuestSystem.known({}, facts))))
    assert words in advice.message


def test_a_client_is_not_told_to_take_a_licence_of_awss() -> None:
    for facts, told in ((_SERVER, True), (_CLIENT, False)):
        advice = list(advise_on_licence({"LicenseType": "BYOL"}, GuestSystem.known({}, facts)))
        assert ("LicenseType: AWS" in advice[-1].remedy) is told
