"""What the EBS direct APIs need of EC2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from vmie_local.place import Place


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as EC2 shows it.

    Attributes:
        id: `snap-…`.
        volume_size: GiB.
        status: `pending`, `completed` or `error`.
        description: Its description.
        encrypted: Whether it is encrypted.
        kms_key_id: With which key.
    """

    id: str
    volume_size: int
    status: str
    description: str = ""
    encrypted: bool = False
    kms_key_id: str | None = None


class Snapshots(Protocol):
    """EC2's snapshots."""

    def find(self, place: Place, snapshot_id: str) -> Snapshot | None:
        """A snapshot by id."""

    def add(self, place: Place, snapshot: Snapshot, tags: Mapping[str, str]) -> Snapshot:
        """Make a snapshot visible; returns it with the key that EC2 chose."""

    def set_status(self, place: Place, snapshot_id: str, status: str) -> None:
        """Change a snapshot's status."""

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether the account encrypts every new snapshot of the Region."""
