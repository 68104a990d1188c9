"""Snapshots that no volume of the account was behind."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmie_local.moto_seams.ec2 import keys
from vmie_local.moto_seams.ec2.backend import BACKENDS, backend, moment
from vmie_local.moto_seams.seam import Seam, replace, resolve

UNKNOWN_VOLUME = "vol-ffffffff"
"""The VolumeId of a snapshot that no volume of the account was behind."""

_DELETE = Seam(
    "moto.ec2.models.elastic_block_store:EBSBackend.delete_snapshot",
    "the blocks of a deleted snapshot have to go too",
    ("self", "snapshot_id"),
)
_CREATE = Seam(
    "moto.ec2.models.elastic_block_store:EBSBackend.create_snapshot",
    "a snapshot holds the bytes of its volume",
    ("self", "volume_id", "description", "owner_id", "from_ami"),
)
_IN_USE = Seam(
    "moto.ec2.exceptions:InvalidSnapshotInUse", "moto knows one AMI per snapshot", ("snapshot_id", "ami_id")
)
_PROGRESS = Seam("moto.ec2.models.elastic_block_store:Snapshot.progress", "100% for a pending snapshot too")
SEAMS = (
    BACKENDS,
    _DELETE,
    _CREATE,
    _IN_USE,
    _PROGRESS,
    Seam(
        "moto.ec2.models.elastic_block_store:Snapshot.__init__",
        "snapshots are made without a volume",
        (
            "self",
            "ec2_backend",
            "snapshot_id",
            "volume",
            "description",
            "encrypted",
            "kms_key_id",
            "owner_id",
            "from_ami",
        ),
    ),
)


@dataclass(frozen=True)
class NoVolume:
    """Stands where moto wants the volume that a snapshot was made of."""

    size: int
    encrypted: bool = False
    id: str = UNKNOWN_VOLUME


def tell_of_deletions(listener: Callable[[str], None]) -> None:
    """Have somebody told the id of every snapshot that is deleted; none is that an AMI needs."""

    def make(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        def delete_snapshot(self: Any, snapshot_id: str) -> Any:
            _require_unused(self, snapshot_id)
            deleted = original(self, snapshot_id)
            listener(snapshot_id)
            return deleted

        return delete_snapshot

    replace(_DELETE, make)


def tell_of_creations(listener: Callable[[str, str], None]) -> None:
    """Have somebody told the ids of every snapshot that moto makes of a volume, and of that volume."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def create_snapshot(self: Any, volume_id: str, *args: Any, **kwargs: Any) -> Any:
            snapshot = original(self, volume_id, *args, **kwargs)
            listener(str(snapshot.id), volume_id)
            return snapshot

        return create_snapshot

    replace(_CREATE, make)


def encrypted_by_default(account: str, region: str) -> bool:
    """Whether EBS encryption by default is on."""
    return bool(backend(account, region).ebs_encryption_by_default)


def find(account: str, region: str, snapshot_id: str) -> dict[str, Any] | None:
    """What there is to know about a snapshot, or None if there is none."""
    snapshot = backend(account, region).snapshots.get(snapshot_id)
    if snapshot is None:
        return None
    return {
        "id": snapshot_id,
        "volume_size": int(snapshot.volume_size),
        "status": snapshot.status,
        "description": snapshot.description or "",
        "encrypted": bool(snapshot.encrypted),
        "kms_key_id": snapshot.kms_key_id,
    }


def add(
    account: str,
    region: str,
    snapshot_id: str,
    *,
    volume_size: int,
    description: str,
    encrypted: bool = False,
    kms_key_id: str | None = None,
    status: str = "completed",
    volume_id: str = UNKNOWN_VOLUME,
    at: float,
) -> None:
    """Show a snapshot.

    Args:
        account: Its owner.
        region: Its Region.
        snapshot_id: `snap-…`.
        volume_size: GiB.
        description: Its description.
        encrypted: Whether it is encrypted.
        kms_key_id: With which key. Default: the account's default key for EBS.
        status: `pending`, `completed` or `error`.
        volume_id: The volume it was made of. Default: what EC2 shows where there was none.
        at: When it was started, in seconds since 1970.
    """
    from moto.ec2.models.elastic_block_store import Snapshot

    ec2 = backend(account, region)
    if encrypted:
        kms_key_id = keys.arn(account, region, kms_key_id)
    snapshot = Snapshot(
        ec2,
        snapshot_id,
        volume=NoVolume(volume_size, encrypted, volume_id),
        description=description,
        encrypted=encrypted,
        kms_key_id=kms_key_id,
    )
    snapshot.status, snapshot.start_time = status, moment(at)
    ec2.snapshots[snapshot_id] = snapshot


def set_status(account: str, region: str, snapshot_id: str, status: str) -> None:
    """Change a snapshot's status; nothing happens if it is gone."""
    snapshot = backend(account, region).snapshots.get(snapshot_id)
    if snapshot:
        snapshot.status = status


def remove(account: str, region: str, snapshot_id: str) -> None:
    """Make a snapshot disappear, in use or not."""
    backend(account, region).snapshots.pop(snapshot_id, None)


def delete(account: str, region: str, snapshot_id: str) -> bool:
    """Delete a snapshot that no AMI needs; tells whether there was one."""
    ec2 = backend(account, region)
    if snapshot_id not in ec2.snapshots:
        return False
    ec2.delete_snapshot(snapshot_id)
    return True


def show_progress() -> None:
    """Let a pending snapshot be at 0 %: nobody has recorded what comes between."""

    def make(original: property) -> property:
        def progress(self: Any) -> str:
            return "0%" if self.status == "pending" else str(original.__get__(self))

        return property(progress)

    replace(_PROGRESS, make)


def _require_unused(ec2: Any, snapshot_id: str) -> None:
    for ami in list(ec2.amis.values()):
        if snapshot_id in ami.vmie_image.snapshot_ids:
            raise resolve(_IN_USE)(snapshot_id, ami.id)
