"""What the key of a dropped object asks for."""

from __future__ import annotations

from pathlib import PurePosixPath

from vmie_runtime.errors import RequestRejected

# Suffix -> the disk container's format, as ImportImage names it.
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


def image_format(key: str) -> str:
    """The format that a key under `images/` declares by its suffix, in any case.

    Raises:
        RequestRejected: If the key asks for something that this pipeline does not do.
    """
    if key.startswith("snapshots/"):
        raise RequestRejected(
            "SnapshotImportUnavailable",
            f"{key!r} asks for a snapshot; this version imports AMIs only. Upload the image under images/.",
        )
    if key.startswith("requests/"):
        raise RequestRejected(
            "RequestFilesUnavailable",
            f"{key!r} is a request file; this version imports image files only. "
            "Upload the image under images/.",
        )
    suffix = PurePosixPath(key).suffix.lower()
    if suffix not in IMAGE_FORMATS:
        found = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise RequestRejected(
            "UnsupportedSuffix",
            f"{key!r} has {found}; a disk image ends in {', '.join(IMAGE_FORMATS)} (in any case).",
            suffix=suffix,
        )
    return IMAGE_FORMATS[suffix]
