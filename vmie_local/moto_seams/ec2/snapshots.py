"""Snapshots that no volume of the account was behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmie_local.moto_seams.ec2.backend import BACKENDS, backend, moment
from vmie_local.moto_seams.seam import Seam, replace

UNKNOWN_VOLUME = "vol-ffffffff"
"""The VolumeId of a snapshot that no volume of the account was behind."""

_DELETE = Seam(
    "moto.ec2.models.elastic_block_store:EBSBackend.delete_snapshot",
    "the blocks of a deleted snapshot have to go too",
    ("self", "snapshot_id"),
)
SEAMS = (
    BACKENDS,
    _DELETE,
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
    Seam(
        "moto.ec2.models.elastic_block_store:EBSBackend.modify_ebs_default_kms_key_id",
        "makes the account's default key for EBS",
        ("self", "kms_key_id"),
    ),
    Seam("moto.kms.models:kms_backends", "which keys can encrypt"),
)


@dataclass(frozen=True)
class NoVolume:
    """Stands where moto wants the volume that a snapshot was made of."""

    size: int
    encrypted: bool = False
    id: str = UNKNOWN_VOLUME


def tell_of_deletions(listener: Callable[[str], None]) -> None:
    """Have somebody told the id of every snapshot that is deleted."""

    def make(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        def delete_snapshot(self: Any, snapshot_id: str) -> Any:
            deleted = original(self, snapshot_id)
            listener(snapshot_id)
            return deleted

        return delete_snapshot

    replace(_DELETE, make)


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
        at: When it was started, in seconds since 1970.
    """
    from moto.ec2.models.elastic_block_store import Snapshot

    ec2 = backend(account, region)
    if encrypted and not kms_key_id:
        kms_key_id = ec2.default_kms_key_id or ec2.modify_ebs_default_kms_key_id("")
    snapshot = Snapshot(
        ec2,
        snapshot_id,
        volume=NoVolume(volume_size, encrypted),
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


def key_is_enabled(account: str, region: str, key_id: str) -> bool:
    """Whether a KMS key (id, ARN or alias) exists in a Region and is enabled."""
    from moto.kms.models import kms_backends

    if key_id.startswith("arn:") and key_id.split(":")[3] != region:
        return False
    try:
        key = kms_backends[account][region].describe_key(key_id)
    except (KeyError, AttributeError):  # no such key, no such alias
        return False
    return bool(key.key_state == "Enabled")
