"""The limits of ImportInstance and ImportVolume, which are older and narrower than those of ImportImage.

Source: VM Import/Export User Guide, "Importing a VM as an instance".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.allowed import Allowed
from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.checks.volume_sizes import require_fit
from vmie_runtime.errors import RequestRejected

REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "cn-north-1",
        "eu-central-1",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
_SIZES = {
    "t2": "micro small medium",
    "m3": "medium large xlarge 2xlarge",
    "c3": "large xlarge 2xlarge 4xlarge 8xlarge",
    "cc1": "4xlarge",
    "cc2": "8xlarge",
    "r3": "large xlarge 2xlarge 4xlarge 8xlarge",
    "cr1": "8xlarge",
    "i2": "xlarge 2xlarge 4xlarge 8xlarge",
    "hi1": "4xlarge 8xlarge",
}
LINUX_INSTANCE_TYPES = frozenset(
    f"{family}.{size}" for family, sizes in _SIZES.items() for size in sizes.split()
)


def can_be_asked_for(allowed: Allowed, *, region: str) -> bool:
    """Tell whether requests can ask for instances and volumes at all: in some zone, and in this Region."""
    return bool(allowed.availability_zones) and region in REGIONS


def require_conversion_task(
    operation: str, parameters: Mapping[str, Any], guest: GuestSystem, *, region: str
) -> None:
    """Refuse what ImportInstance or ImportVolume is known not to do.

    Args:
        operation: `ImportInstance` or `ImportVolume`.
        parameters: Its parameters.
        guest: What is known of the guest.
        region: The Region of the import.

    Raises:
        RequestRejected: `ConversionNotInRegion`, `LinuxInstanceType` or `PlatformMismatch`.
    """
    if region not in REGIONS:
        raise RequestRejected(
            "ConversionNotInRegion",
            f"{operation} does not exist in {region}; it does in {', '.join(sorted(REGIONS))}.",
            region=region,
        )
    if operation != "ImportInstance":
        return
    named = str(parameters.get("Platform"))
    if guest.inspected and guest.platform != named:
        raise RequestRejected(
            "PlatformMismatch",
            f"Platform is {named}, and the inspection found {guest.words}.",
            platform=guest.platform,
        )
    wanted = (parameters.get("LaunchSpecification") or {}).get("InstanceType")
    if guest.platform == "Linux" and wanted is not None and wanted not in LINUX_INSTANCE_TYPES:
        raise RequestRejected(
            "LinuxInstanceType",
            f"LaunchSpecification.InstanceType is {wanted}; ImportInstance starts Linux on "
            f"{', '.join(f'{family} ({sizes})' for family, sizes in _SIZES.items())} only.",
        )


def require_fitting_volumes(
    operation: str, parameters: Mapping[str, Any], inspection: Mapping[str, Any] | None
) -> None:
    """Refuse disks that do not fit on the volumes that are asked for, and boot disks that do not boot.

    Args:
        operation: `ImportInstance` or `ImportVolume`.
        parameters: Its parameters.
        inspection: The document of the inspection of all disks, in their order. Default: nothing is known.

    Raises:
        RequestRejected: `VolumeTooSmall` or `GptBootDisk`.
    """
    found = (inspection or {}).get("Disks", [])
    if operation == "ImportInstance":
        named = [(f"DiskImages[{number}].", each) for number, each in enumerate(parameters["DiskImages"])]
        if found and found[0]["PartitionTable"] == "GPT":
            raise RequestRejected(
                "GptBootDisk", "The boot disk has a GPT; ImportInstance imports boot disks with an MBR only."
            )
    else:
        named = [("", parameters)]
    if len(found) != len(named):  # What could not be read is left to EC2.
        return
    for (path, asked), disk in zip(named, found, strict=True):
        require_fit(f"{path}Volume.Size", asked["Volume"]["Size"], disk["VirtualSize"])


def advise_on_conversion_task(operation: str, guest: GuestSystem) -> Iterator[Advice]:
    """What ImportImage does better, and what ImportInstance cannot be told of licences."""
    yield Advice(
        code="ConversionTaskIsLegacy",
        message=f"AWS keeps {operation} for old callers only and recommends "
        f"{'ImportImage' if operation == 'ImportInstance' else 'ImportSnapshot'}.",
        remedy="Ask for `DiskContainers` and launch the AMI."
        if operation == "ImportInstance"
        else "Ask for a `DiskContainer` with `Vmie.CreateVolume`.",
    )
    if operation == "ImportInstance" and guest.platform == "Windows":
        licensed = (
            "Windows clients need licences of their own, which it cannot be told"
            if guest.client
            else "Windows Server is licensed, and billed, by AWS"
        )
        yield Advice(
            code="ConversionWithoutLicenceType",
            message=f"ImportInstance has no LicenseType: {licensed}.",
            remedy="For licences of your own use ImportImage with `LicenseType: BYOL`.",
        )
