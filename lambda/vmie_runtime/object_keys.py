"""What the key of a dropped object asks for."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from vmie_runtime.errors import RequestRejected

IMAGES, SNAPSHOTS, REQUESTS = "images/", "snapshots/", "requests/"
# Suffix -> the disk container's format, as EC2 names it.
IMAGE_FORMATS = {
    ".ova": "OVA",
    ".vmdk": "VMDK",
    ".vhd": "VHD",
    ".vhdx": "VHDX",
    ".raw": "RAW",
    ".img": "RAW",
}


def is_folder_marker(key: str) -> bool:
    """Tell whether the S3 console made the object to show a folder."""
    return key.endswith("/")


def is_request_file(key: str) -> bool:
    """Tell whether the key names a request, and not a disk image."""
    return key.startswith(REQUESTS)


def file_name(key: str) -> str:
    """The last part of a key."""
    return key.rsplit("/", 1)[-1]


def dropped_image(key: str, bucket: str) -> tuple[str, str, dict[str, Any]]:
    """What dropping a disk image asks for.

    Args:
        key: A key below `images/` or `snapshots/`.
        bucket: Its bucket.

    Returns:
        The operation, the method, and the operation's parameters.

    Raises:
        RequestRejected: If the suffix is no disk image's, or none that can become a snapshot.
    """
    snapshot = key.startswith(SNAPSHOTS)
    suffix = PurePosixPath(key).suffix.lower()
    suffixes = [each for each in IMAGE_FORMATS if not (snapshot and each == ".ova")]
    if suffix not in suffixes:
        found = f"the suffix {suffix!r}" if suffix else "no suffix"
        kind = "disk image" if not snapshot else "disk image that becomes a snapshot"
        raise RequestRejected(
            "UnsupportedSuffix",
            f"{key!r} has {found}; a {kind} ends in {', '.join(suffixes)} (in any case).",
            suffix=suffix,
        )
    container = {"Format": IMAGE_FORMATS[suffix].lower(), "UserBucket": {"S3Bucket": bucket, "S3Key": key}}
    if snapshot:
        return "ImportSnapshot", "snapshot", {"DiskContainer": container}
    return "ImportImage", "image", {"DiskContainers": [container]}
