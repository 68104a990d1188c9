"""What ImportInstance and ImportVolume take."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.disk_rules import check_url
from vmie_runtime.request_documents.options import INSTANCE_IMPORT, VOLUME_IMPORT
from vmie_runtime.request_documents.problems import Code, Problems

# ImportInstance takes the boot disk; as many others as EC2 recommends device names for (/dev/sdf to /dev/sdp)
# become volumes that are attached.
MAX_DISK_IMAGES = 12


def check_instance(operation: str, parameters: dict[str, Any], problems: Problems) -> None:
    """Check the disk of an imported instance or volume.

    EC2 reads such a disk by an import manifest, which the pipeline makes. In place of the manifest's URL
    `ImportManifestUrl` names the disk image itself: s3://bucket/key, or s3:///key in the request's bucket.
    """
    if operation == INSTANCE_IMPORT:
        _disk_images(parameters.get("DiskImages", []), problems)
    elif operation == VOLUME_IMPORT:
        _disk(parameters.get("Image", {}), "Image", problems)
        check_zone(parameters, "", problems)


def check_zone(parameters: dict[str, Any], at: str, problems: Problems) -> None:
    """Check that exactly one of the two names of an Availability Zone is given."""
    given = [name for name in ("AvailabilityZone", "AvailabilityZoneId") if name in parameters]
    if not given:
        problems.add(
            Code.MISSING_PARAMETER,
            f"{at}AvailabilityZone",
            f'Missing required parameter in {at.rstrip(".") or "input"}: "AvailabilityZone"',
        )
    elif len(given) > 1:
        problems.add(
            Code.INVALID_COMBINATION,
            f"{at}{given[1]}",
            f"{at}AvailabilityZone and {at}AvailabilityZoneId are both given: EC2 takes one of them.",
        )


def _disk_images(disks: list[dict[str, Any]], problems: Problems) -> None:
    if not 1 <= len(disks) <= MAX_DISK_IMAGES:
        problems.add(
            Code.TOO_MANY_DISKS if disks else Code.MISSING_PARAMETER,
            "DiskImages",
            f"DiskImages holds {len(disks)} disks; an instance is imported of 1 to {MAX_DISK_IMAGES}, the "
            "boot disk first. Use a request with DiskContainers for a VM with more.",
        )
    for index, disk in enumerate(disks[:MAX_DISK_IMAGES]):
        at = f"DiskImages[{index}]"
        for name in ("Image", "Volume"):
            if name not in disk:
                problems.add(
                    Code.MISSING_PARAMETER,
                    f"{at}.{name}",
                    f'Missing required parameter in {at}: "{name}"',
                )
        _disk(disk.get("Image", {}), f"{at}.Image", problems)


def _disk(image: dict[str, Any], at: str, problems: Problems) -> None:
    if "ImportManifestUrl" not in image:
        return
    path = f"{at}.ImportManifestUrl"
    location = check_url(image["ImportManifestUrl"], path, problems, may_be_own=True)
    if location is not None and location.presigned:
        problems.add(
            Code.INVALID_SOURCE_URL,
            path,
            f"Invalid value for parameter {path}: it is presigned, as the URL of a manifest of your own is. "
            "Where its URLs lead, what they delete and when they end is not for the owner to see. "
            "Name the disk image itself, as s3://bucket/key or s3:///key: the pipeline makes the manifest.",
        )
