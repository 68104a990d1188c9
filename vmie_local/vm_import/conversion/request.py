"""Requests of ImportInstance and ImportVolume, checked without looking at anything but themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.conversion.manifest import FORMATS
from vmie_local.vm_import.phases import GIB

LARGEST_VOLUME_GIB = 16 << 10
"""The largest volume that an image can go to: 16 TiB (Amazon EBS user guide, general purpose volumes)."""
PLATFORMS = ("Windows", "Linux")
"""The API reference lists Windows alone; the user guide imports Linux by the same operation."""
DEFAULT_INSTANCE_TYPE = "m1.small"
"""What the EC2 CLI asked for unless told otherwise."""
LINUX_INSTANCE_TYPES = frozenset(
    f"{family}.{size}"
    for family, sizes in {
        "t2": ("micro", "small", "medium"),
        "m3": ("medium", "large", "xlarge", "2xlarge"),
        "c3": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge"),
        "cc1": ("4xlarge",),
        "cc2": ("8xlarge",),
        "r3": ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge"),
        "cr1": ("8xlarge",),
        "i2": ("xlarge", "2xlarge", "4xlarge", "8xlarge"),
        "hi1": ("4xlarge", "8xlarge"),
    }.items()
    for size in sizes
)
"""The types that a Linux instance can be imported as (user guide, "Instance types")."""


@dataclass(frozen=True)
class DiskRequest:
    """One disk to import.

    Attributes:
        format: `VMDK`, `RAW` or `VHD`.
        bytes: The size of the image.
        manifest_url: Reads the import manifest; whoever has it may read the image.
        volume_gib: The size of the volume.
        description: As given. Default: none.
    """

    format: str
    bytes: int
    manifest_url: str = field(repr=False)
    volume_gib: int
    description: str | None = None


@dataclass(frozen=True)
class VolumeRequest:
    """A well-formed ImportVolume.

    Attributes:
        disk: What to import.
        zone: Name or id of the Availability Zone.
        description: As given. Default: none.
    """

    disk: DiskRequest
    zone: str
    description: str | None = None


@dataclass(frozen=True)
class InstanceRequest:
    """A well-formed ImportInstance.

    Attributes:
        disk: What to import.
        platform: `Windows` or `Linux`.
        launch: The launch specification as given.
        description: As given. Default: none.
    """

    disk: DiskRequest
    platform: str
    launch: Mapping[str, Any]
    description: str | None = None

    @property
    def instance_type(self) -> str:
        """The instance type, chosen or not."""
        return self.launch.get("InstanceType") or DEFAULT_INSTANCE_TYPE

    @property
    def architecture(self) -> str:
        """The architecture, `x86_64` unless the request says otherwise."""
        return self.launch.get("Architecture") or "x86_64"


def parse_volume(parameters: Mapping[str, Any]) -> VolumeRequest:
    """Check an ImportVolume.

    Args:
        parameters: Botocore's input members.

    Raises:
        ApiError: As EC2 answers.
    """
    named, by_id = parameters.get("AvailabilityZone"), parameters.get("AvailabilityZoneId")
    if named and by_id:
        raise request_errors.bad_combination(
            "You can specify either availabilityZone or availabilityZoneId, but not both."
        )
    if not named and not by_id:
        raise request_errors.missing("availabilityZone")
    return VolumeRequest(_disk(parameters), str(named or by_id), parameters.get("Description"))


def parse_instance(parameters: Mapping[str, Any]) -> InstanceRequest:
    """Check an ImportInstance.

    Args:
        parameters: Botocore's input members.

    Raises:
        ApiError: As EC2 answers.
    """
    platform = parameters.get("Platform")
    if not platform:
        raise request_errors.missing("platform")
    if platform not in PLATFORMS:
        raise request_errors.invalid_format("platform", platform)
    disks = parameters.get("DiskImages") or []
    if not disks:
        raise request_errors.missing("diskImage")
    if len(disks) > 1:
        # API reference: "supports only single-volume VMs"; what the service says is not published.
        raise ApiError(
            "Unsupported",
            f"ImportInstance takes a single disk image, not {len(disks)}. Use ImportImage instead.",
        )
    launch = parameters.get("LaunchSpecification") or {}
    request = InstanceRequest(_disk(disks[0]), platform, launch, parameters.get("Description"))
    if request.architecture not in ("i386", "x86_64"):
        raise request_errors.invalid_format("architecture", request.architecture)
    if platform == "Linux" and request.instance_type not in LINUX_INSTANCE_TYPES:
        raise ApiError("Unsupported", "Linux is not supported on the requested instance")
    return request


def _disk(given: Mapping[str, Any]) -> DiskRequest:
    image, volume = given.get("Image") or {}, given.get("Volume") or {}
    for name, members in (("image", image), ("volume", volume)):
        if not members:
            raise request_errors.missing(name)
    for name, member in (
        ("format", "Format"),
        ("bytes", "Bytes"),
        ("importManifestUrl", "ImportManifestUrl"),
    ):
        if image.get(member) is None:
            raise request_errors.missing(f"image.{name}")
    if volume.get("Size") is None:
        raise request_errors.missing("volume.size")
    size, volume_gib = int(image["Bytes"]), int(volume["Size"])
    if str(image["Format"]).upper() not in FORMATS:
        # What the service says to a format it does not know (user guide, troubleshooting).
        raise request_errors.invalid_format("disk-image-size", 0)
    if size < 1:
        raise request_errors.invalid_format("disk-image-size", size)
    if volume_gib < 1:
        raise request_errors.invalid_format("volume-size", volume_gib)
    if size > LARGEST_VOLUME_GIB * GIB or volume_gib > LARGEST_VOLUME_GIB:
        raise ApiError(
            "DiskImageSizeTooLarge",
            f"The disk image exceeds the allowed limit of {LARGEST_VOLUME_GIB} GiB.",
        )
    return DiskRequest(
        format=str(image["Format"]).upper(),
        bytes=size,
        manifest_url=str(image["ImportManifestUrl"]),
        volume_gib=volume_gib,
        description=given.get("Description"),
    )
