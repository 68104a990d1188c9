"""What the StatusMessage of a failed import says.

The texts are AWS's own where somebody has published one; those that nobody has are marked `ours`.
"""

from __future__ import annotations

from vmie_local.disk_images import errors

NO_ACCESS = (
    "ClientError: Disk validation failed [We do not have access to the given resource. Reason 403 Forbidden]"
)
NOT_FOUND = (
    "ClientError: Disk validation failed [We do not have access to the given resource. Reason 404 Not Found]"
)
"""ours, after the published text for 403."""
INTERNAL_ERROR = "ServerError: an internal error has occurred during conversion."

NO_BOOTABLE_PARTITION = "ClientError: No bootable partition found."
"""The user guide gives `Client.Unsupported: No bootable partition found.`, for a root volume with a GPT."""
UPLOAD_INCOMPLETE = "ClientError: The upload was not completed before the task expired."
"""ours."""
VOLUME_TOO_SMALL = "ClientError: The disk image does not fit on a volume of the requested size."
"""ours."""

_BY_ERROR: dict[type[errors.DiskImageError], str] = {
    errors.UnsupportedVmdkError: "ClientError: Disk validation failed [Unsupported VMDK File Format]",
    errors.UnsupportedFormatError: "ClientError: Disk validation failed [Unsupported specified file format]",
    errors.FootersDifferError: "ClientError: Footers not identical",
    errors.CorruptStreamError: "ClientError: Uncompressed data has an invalid length",
    errors.NoPartitionsError: "ClientError: No valid partitions. Not a valid volume.",
    errors.UnknownGuestError: "ClientError: Unknown OS / Missing OS files.",
    errors.DiskTooLargeError: "ClientError: Disk validation failed [Disk image size is too large]",  # ours
}


def of_disk_error(error: errors.DiskImageError) -> str:
    """The StatusMessage of an import that an image made fail."""
    if isinstance(error, errors.OvfError):
        return f"ClientError: Disk validation failed [OVF file parsing error: {error}]"
    return _BY_ERROR[type(error)]


def of_fetch_status(http_status: int) -> str:
    """The StatusMessage of an import whose object S3 refused with this HTTP status."""
    return NOT_FOUND if http_status == 404 else NO_ACCESS


def bad_manifest(why: str) -> str:
    """The StatusMessage of an import whose manifest cannot be used; ours."""
    return f"ClientError: The import manifest is not valid [{why}]"
