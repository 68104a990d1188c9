"""Licensing: what an import may be told of it, and what AWS leaves to people.

Source: VM Import/Export User Guide, "Licensing for your imported VMs". docs/licences.md tells it to people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents.documented import LINUX_USAGE, WINDOWS_USAGE

WINDOWS_SERVER_BYOL = "RunInstances:0800"


def require_licence(parameters: Mapping[str, Any], guest: GuestSystem) -> None:
    """Refuse licence options that are known to make ImportImage fail.

    Args:
        parameters: Of ImportImage.
        guest: What is known of the guest.

    Raises:
        RequestRejected: `LicenceOptionsConflict`, `LicenceTypeMismatch` or `UsageOperationMismatch`.
    """
    licence, usage = _licence_type(parameters), parameters.get("UsageOperation")
    if licence and usage:
        raise RequestRejected(
            "LicenceOptionsConflict",
            f"LicenseType ({licence}) and UsageOperation ({usage}) are both given; ImportImage takes one of "
            "them.",
        )
    if licence == "AWS" and (guest.platform == "Linux" or guest.client):
        raise RequestRejected(
            "LicenceTypeMismatch",
            f"LicenseType is AWS, and {_known_from(guest)}: Linux and Windows clients are imported with "
            "licences of your own only (BYOL).",
            guest=guest.words,
        )
    if usage is not None and (fault := _usage_fault(str(usage), guest)):
        raise RequestRejected(
            "UsageOperationMismatch",
            f"UsageOperation is {usage}, which is for {fault}, and {_known_from(guest)}.",
            guest=guest.words,
        )


def advise_on_licence(parameters: Mapping[str, Any], guest: GuestSystem) -> Iterator[Advice]:
    """What AWS leaves to people about the licence of an import's result.

    Free distributions of Linux need no word: BYOL is their only licence type and costs nothing.

    Args:
        parameters: Of ImportImage; of an import without conversion too, which keeps the guest's own licence.
        guest: What is known of the guest.
    """
    licence, usage = _licence_type(parameters), parameters.get("UsageOperation")
    if not licence and not usage and guest.platform != "Linux":
        yield _unnamed(guest)
    own_licence = licence == "BYOL" or usage == WINDOWS_SERVER_BYOL or (not usage and guest.client is True)
    if own_licence and guest.platform == "Windows":
        yield Advice(
            code="DedicatedHostsNeeded",
            message=f"The image keeps the guest's own licence ({guest.words}). Microsoft's terms let "
            "Windows run on licences of your own on Dedicated Hosts, not on shared tenancy, and activate "
            "with your own keys.",
            remedy="Launch it with `--placement Tenancy=host` on hosts allocated by `aws ec2 "
            "allocate-hosts`, counted by a License Manager configuration"
            + (".", "; or import it with `LicenseType: AWS`.")[guest.client is False],
        )
    yield from advise_on_subscription(guest)


def advise_on_subscription(guest: GuestSystem) -> Iterator[Advice]:
    """What a Linux that is sold needs on AWS, by whichever operation it comes."""
    if guest.name == "Red Hat Enterprise Linux":
        yield Advice(
            code="RedHatCloudAccess",
            message="Red Hat Enterprise Linux is imported on your own subscription, which Red Hat's Cloud "
            "Access must have made eligible for AWS; AWS's update servers (RHUI) do not serve it.",
            remedy="Enable the AWS account for Cloud Access at Red Hat, and register instances with "
            "`subscription-manager register` (or Satellite).",
        )
    if guest.name == "SUSE Linux Enterprise Server":
        yield Advice(
            code="SuseBringYourOwnSubscription",
            message="SUSE Linux Enterprise Server is imported on your own subscription, under SUSE's Public "
            "Cloud Program (BYOS); AWS's update servers do not serve it.",
            remedy="Register instances with `SUSEConnect --regcode …` (or an RMT server of your own).",
        )


def _unnamed(guest: GuestSystem) -> Advice:
    if guest.client:
        taken, choice = "BYOL, the only one for Windows clients", "`LicenseType: BYOL`"
    elif guest.platform == "Windows" and guest.client is False:
        taken = "AWS: the source's licence is replaced, and instances are billed with Windows"
        choice = "`LicenseType: AWS`, or `BYOL` with licences of your own on Dedicated Hosts"
    else:
        taken = "AWS for Windows Server, BYOL for Windows clients and Linux"
        choice = "`LicenseType: AWS` or `BYOL`, or a `UsageOperation` where SQL Server comes with it"
    return Advice(
        code="LicenceUnnamed",
        message=f"The request names neither LicenseType nor UsageOperation; EC2 takes {taken}.",
        remedy=f"Say which is meant: {choice}.",
    )


def _usage_fault(usage: str, guest: GuestSystem) -> str | None:
    """Which guests a usage operation is for, where this is none of them."""
    if usage in WINDOWS_USAGE and guest.platform == "Linux":
        return "Windows Server"
    # A licence of the guest's own is what a client needs; that EC2 refuses to call it so is not known.
    if usage in WINDOWS_USAGE and usage != WINDOWS_SERVER_BYOL and guest.client:
        return "Windows Server with a licence of AWS's"
    if usage in LINUX_USAGE and guest.platform == "Windows":
        return "Linux and UNIX"
    return None


def _licence_type(parameters: Mapping[str, Any]) -> str:
    # The guide's own example writes `aws`.
    return str(parameters.get("LicenseType") or "").upper()


def _known_from(guest: GuestSystem) -> str:
    return f"{'the inspection found' if guest.inspected else 'the request says'} {guest.words}"
