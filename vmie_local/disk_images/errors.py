"""Why an image cannot be imported or written. What the service says about each is its own business."""

from __future__ import annotations


class DiskImageError(Exception):
    """An image that cannot be imported."""


class UnsupportedFormatError(DiskImageError):
    """The content is not of the format that was declared, or of none that is known."""


class UnsupportedVmdkError(DiskImageError):
    """A VMDK of another kind than stream-optimized."""


class OvfError(DiskImageError):
    """The OVF descriptor of an appliance cannot be used; the message says why in the service's words."""


class FootersDifferError(DiskImageError):
    """A VHD whose footer is missing, damaged or unlike its copy, or that is a difference to another disk."""


class CorruptStreamError(DiskImageError):
    """Compressed data that does not decode to what its header announces."""


class DiskTooLargeError(DiskImageError):
    """A disk above the size that the service, or this machine, takes."""


class NoPartitionsError(DiskImageError):
    """A disk without a partition table that names a partition."""


class UnknownGuestError(DiskImageError):
    """A disk whose partitions hold no filesystem of an operating system."""


class EncodingFailedError(DiskImageError):
    """An image that could not be written."""


class DecodingCancelledError(Exception):
    """The caller did not want the result any more."""
