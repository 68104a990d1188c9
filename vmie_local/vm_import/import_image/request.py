"""An ImportImage request, checked in the service's order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.vm_import import request_errors, s3_location, tag_specifications
from vmie_local.vm_import.service_role import DEFAULT_ROLE

MAX_DISKS = 21
"""User guide, limitations: at most 21 volumes."""
FORMATS = ("OVA", "VMDK", "VHD", "VHDX", "RAW")
_TAGGED_TYPE = "import-image-task"
_VALUES = (
    ("Architecture", "architecture", ("i386", "x86_64")),
    ("Platform", "platform", ("Windows", "Linux")),
    ("Hypervisor", "hypervisor", ("xen",)),
    ("BootMode", "boot-mode", ("legacy-bios", "uefi")),
)
"""Parameter, its name in error texts, and what it may be (EC2 API reference)."""
USAGE_OPERATIONS = {
    "RunInstances": "Linux/UNIX",
    "RunInstances:0002": "Windows",
    "RunInstances:0004": "SQL Server Standard on Linux/UNIX",
    "RunInstances:0006": "Windows with SQL Server Standard",
    "RunInstances:0100": "SQL Server Enterprise on Linux/UNIX",
    "RunInstances:0102": "Windows with SQL Server Enterprise",
    "RunInstances:0200": "SQL Server Web on Linux/UNIX",
    "RunInstances:0202": "Windows with SQL Server Web",
    "RunInstances:0800": "Windows BYOL",
}
"""Usage operations an import may ask for and how EC2 bills their platform (user guide, licensing options)."""


@dataclass(frozen=True)
class DiskContainer:
    """Where one disk, or one appliance, comes from: an object or a snapshot.

    Attributes:
        bucket: The object's bucket.
        key: The object's key.
        snapshot_id: The snapshot, if no object is named.
        format: Upper-case, or None where the request leaves it to the content.
        given: The container as it came.
        volume_size: Of the snapshot, in GiB, once it has been looked up.
    """

    bucket: str | None
    key: str | None
    snapshot_id: str | None
    format: str | None
    given: Mapping[str, Any] = field(repr=False)
    volume_size: int | None = None


@dataclass(frozen=True)
class ImportImageRequest:
    """A request that is well-formed.

    Attributes:
        containers: The disks.
        role_name: The service role.
        token: The client token.
        tags: For the task.
        given: The parameters as they came.
    """

    containers: tuple[DiskContainer, ...]
    role_name: str
    token: str | None
    tags: Mapping[str, str]
    given: Mapping[str, Any] = field(repr=False)

    @property
    def objects(self) -> list[tuple[str, str]]:
        """Bucket and key of every disk that comes from S3."""
        return [(disk.bucket, disk.key) for disk in self.containers if disk.bucket and disk.key]

    @property
    def fingerprint(self) -> str:
        """Equal for requests that differ in nothing but client token and dry run."""
        kept = {name: value for name, value in self.given.items() if name not in ("ClientToken", "DryRun")}
        return json.dumps(kept, sort_keys=True, default=str)


def parse(parameters: Mapping[str, Any]) -> ImportImageRequest:
    """Check a request without looking at anything but itself.

    Args:
        parameters: Botocore's input members of ImportImage.

    Raises:
        ApiError: As EC2 answers.
    """
    containers = parameters.get("DiskContainers") or []
    if not containers:
        raise request_errors.missing("diskContainers")
    if len(containers) > MAX_DISKS:
        raise request_errors.bad_value(
            f"The request has {len(containers)} disk containers; an image has at most {MAX_DISKS} volumes."
        )
    for name, wire_name, allowed in _VALUES:
        value = parameters.get(name)
        if value is not None and value not in allowed:
            raise request_errors.invalid_format(wire_name, value)
    _check_license(parameters)
    if parameters.get("KmsKeyId") and not parameters.get("Encrypted"):
        raise request_errors.key_without_encryption()
    parsed = tuple(_container(given) for given in containers)
    by_uefi = parameters.get("BootMode") == "uefi"
    if by_uefi and not parameters.get("Platform") and any(container.snapshot_id for container in parsed):
        raise request_errors.platform_needed()
    return ImportImageRequest(
        containers=parsed,
        role_name=parameters.get("RoleName") or DEFAULT_ROLE,
        token=parameters.get("ClientToken") or None,
        tags=tag_specifications.tags_for(_TAGGED_TYPE, parameters),
        given=parameters,
    )


def _check_license(parameters: Mapping[str, Any]) -> None:
    license_type, usage = parameters.get("LicenseType"), parameters.get("UsageOperation")
    if license_type and usage:
        raise request_errors.bad_combination(
            "You can specify either LicenseType or UsageOperation, but not both."
        )
    if license_type and license_type.upper() not in ("AWS", "BYOL"):
        raise request_errors.invalid_format("license-type", license_type)
    if usage and usage not in USAGE_OPERATIONS:
        raise request_errors.invalid_format("usage-operation", usage)


def _container(given: Mapping[str, Any]) -> DiskContainer:
    declared = given.get("Format")
    if declared and declared.upper() not in FORMATS:
        # What the service says to a format it does not know (user guide, troubleshooting).
        raise request_errors.invalid_format("disk-image-size", 0)
    bucket, key = s3_location.of_container(given) or (None, None)
    snapshot_id = given.get("SnapshotId")
    if bucket is None and not snapshot_id:
        raise request_errors.missing("diskContainers.userBucket")
    if bucket is not None and snapshot_id:
        raise request_errors.bad_combination(
            "A disk container has either an S3 location or a SnapshotId, not both."
        )
    return DiskContainer(bucket, key, snapshot_id, declared.upper() if declared else None, given)
