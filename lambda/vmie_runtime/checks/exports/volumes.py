"""The volumes of a machine that is to be exported: one, not encrypted, of at most 1 TiB."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_runtime.errors import RequestRejected

LARGEST_VOLUME = 1024
"""GiB (VM Import/Export User Guide: "VMs with volumes larger than 1 TiB are not supported")."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """An EBS volume of an instance, or the mapping of an AMI that becomes one.

    Attributes:
        device: Its device name.
        size: GiB.
        encrypted: Whether it, or its snapshot, is encrypted.
        snapshot_id: The snapshot it comes from, if any.
        volume_id: The volume; None for a mapping.
        attached_at: Seconds since 1970; None for a mapping.
    """

    device: str
    size: int
    encrypted: bool
    snapshot_id: str | None = None
    volume_id: str | None = None
    attached_at: float | None = None

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"{self.volume_id or self.snapshot_id or 'the volume'} at {self.device}"


def require_exportable_size(machine: str, volume: Volume) -> None:
    """Refuse a volume that is too large.

    Args:
        machine: The AMI or instance, as a message calls it.
        volume: Its volume.

    Raises:
        RequestRejected: `VolumeTooLargeToExport`.
    """
    if volume.size > LARGEST_VOLUME:
        raise RequestRejected(
            "VolumeTooLargeToExport",
            f"{machine}: {volume.label} has {volume.size} GiB; at most {LARGEST_VOLUME} are exported.",
            volume=volume.label,
        )
