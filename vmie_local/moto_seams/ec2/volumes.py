"""Volumes that take time to be made, attached and detached, and that hold bytes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vmie_local.moto_seams.ec2.backend import BACKENDS, backend, moment
from vmie_local.moto_seams.seam import Seam, replace

_CREATE = Seam(
    "moto.ec2.models.elastic_block_store:EBSBackend.create_volume",
    "a volume of a snapshot holds its bytes",
    (
        *("self", "size", "zone_name", "snapshot_id", "encrypted", "kms_key_id", "volume_type", "iops"),
        *("throughput", "multi_attach_enabled"),
    ),
)
_DELETE = Seam(
    "moto.ec2.models.elastic_block_store:EBSBackend.delete_volume",
    "the bytes of a deleted volume have to go too",
    ("self", "volume_id"),
)
_STATUS = Seam("moto.ec2.models.elastic_block_store:Volume.status", "a volume is never `creating`")
SEAMS = (
    BACKENDS,
    _CREATE,
    _DELETE,
    _STATUS,
    Seam(
        "moto.ec2.models.elastic_block_store:EBSBackend.attach_volume",
        "attaches at once, to whatever it is told",
        ("self", "volume_id", "instance_id", "device_path", "delete_on_termination"),
    ),
    Seam(
        "moto.ec2.models.elastic_block_store:EBSBackend.detach_volume",
        "detaches at once",
        ("self", "volume_id", "instance_id", "device_path"),
    ),
    Seam(
        "moto.ec2.models.elastic_block_store:VolumeAttachment.__init__",
        "holds the state of an attachment",
        ("self", "volume", "instance", "device", "status"),
    ),
)


@dataclass(frozen=True)
class Attachment:
    """A volume at an instance.

    Attributes:
        instance_id: The instance.
        device: `/dev/sdf`, …
        state: `attaching`, `attached` or `detaching`.
        at: When it was attached.
        delete_on_termination: Whether the volume goes with the instance.
    """

    instance_id: str
    device: str
    state: str
    at: datetime
    delete_on_termination: bool


@dataclass(frozen=True)
class Volume:
    """A volume.

    Attributes:
        id: `vol-…`.
        size: GiB.
        zone: The Availability Zone's name.
        zone_id: The Availability Zone's id.
        state: `creating`, `available` or `in-use`.
        snapshot_id: The snapshot it was made of, or None.
        encrypted: Whether it is encrypted.
        kms_key_id: With which key.
        volume_type: `gp2`, `gp3`, …
        iops: As EC2 shows it.
        throughput: MiB/s, as EC2 shows it.
        multi_attach: Whether several instances may have it.
        created_at: When it was made.
        attachment: Where it is attached, or None.
    """

    id: str
    size: int
    zone: str
    zone_id: str | None
    state: str
    snapshot_id: str | None
    encrypted: bool
    kms_key_id: str | None
    volume_type: str
    iops: int | None
    throughput: int | None
    multi_attach: bool
    created_at: datetime
    attachment: Attachment | None


def tell_of_creations(listener: Callable[[str, int, str | None], None]) -> None:
    """Have somebody told the id of every new volume, its GiB and the snapshot that it is made of.

    Volumes show their Availability Zone's id too.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def create_volume(self: Any, *args: Any, **kwargs: Any) -> Any:
            volume = original(self, *args, **kwargs)
            volume.availability_zone_id = volume.zone.zone_id if volume.zone else None
            listener(str(volume.id), int(volume.size), volume.snapshot_id or None)
            return volume

        return create_volume

    replace(_CREATE, make)


def tell_of_deletions(listener: Callable[[str], None]) -> None:
    """Have somebody told the id of every volume that is deleted."""

    def make(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        @functools.wraps(original)
        def delete_volume(self: Any, volume_id: str) -> Any:
            deleted = original(self, volume_id)
            listener(volume_id)
            return deleted

        return delete_volume

    replace(_DELETE, make)


def let_take_time() -> None:
    """Let a volume be in a state of its own for a while."""

    def make(original: property) -> property:
        def status(self: Any) -> Any:
            return getattr(self, "vmie_state", None) or original.__get__(self)

        return property(status)

    replace(_STATUS, make)


def zone(account: str, region: str, name: str | None, zone_id: str | None = None) -> str | None:
    """The name of an Availability Zone by name or id, or None if the Region has no such zone."""
    zones = backend(account, region).describe_availability_zones()
    return next((str(one.name) for one in zones if one.name == name or one.zone_id == zone_id), None)


def create(
    account: str, region: str, *, zone_name: str, baseline_iops: int | None, at: float, **options: Any
) -> str:
    """Make a volume that is `creating`.

    Args:
        account: Its owner.
        region: Its Region.
        zone_name: Its Availability Zone.
        baseline_iops: What EC2 shows of a volume that asks for none.
        at: When, in seconds since 1970.
        options: The other parameters of moto's `create_volume`.

    Returns:
        Its id.
    """
    volume = backend(account, region).create_volume(zone_name=zone_name, **options)
    volume.vmie_state, volume.create_time = "creating", moment(at)
    volume.iops = volume.iops or baseline_iops
    return str(volume.id)


def is_made(account: str, region: str, volume_id: str) -> None:
    """End the state `creating`; nothing happens if the volume is gone."""
    volume = backend(account, region).volumes.get(volume_id)
    if volume:
        volume.vmie_state = None


def find(account: str, region: str, volume_id: str) -> Volume | None:
    """A volume, or None if there is none of this id."""
    volume = backend(account, region).volumes.get(volume_id)
    if volume is None:
        return None
    return Volume(
        id=volume_id,
        size=int(volume.size),
        zone=volume.zone.name,
        zone_id=volume.zone.zone_id,
        state=volume.status,
        snapshot_id=volume.snapshot_id or None,
        encrypted=bool(volume.encrypted),
        kms_key_id=volume.kms_key_id,
        volume_type=volume.volume_type,
        iops=volume.iops,
        throughput=volume.throughput,
        multi_attach=bool(volume.multi_attach_enabled),
        created_at=_aware(volume.create_time),
        attachment=_attachment(volume),
    )


def attach(account: str, region: str, volume_id: str, instance_id: str, device: str, *, at: float) -> None:
    """Begin to attach a volume."""
    ec2 = backend(account, region)
    attachment = ec2.attach_volume(volume_id, instance_id, device)
    attachment.status, attachment.attach_time = "attaching", moment(at)


def is_attached(account: str, region: str, volume_id: str) -> None:
    """End the state `attaching`; nothing happens if the volume is gone or being detached."""
    volume = backend(account, region).volumes.get(volume_id)
    if volume and volume.attachment and volume.attachment.status == "attaching":
        volume.attachment.status = "attached"


def begin_detaching(account: str, region: str, volume_id: str) -> None:
    """Begin to detach a volume."""
    backend(account, region).volumes[volume_id].attachment.status = "detaching"


def detach(account: str, region: str, volume_id: str) -> None:
    """Detach a volume that is being detached; nothing happens if the instance's end has done so before."""
    ec2 = backend(account, region)
    volume = ec2.volumes.get(volume_id)
    if volume and volume.attachment and volume.attachment.status == "detaching":
        ec2.detach_volume(volume_id, volume.attachment.instance.id, volume.attachment.device)


def _attachment(volume: Any) -> Attachment | None:
    if volume.attachment is None:
        return None
    attachment = volume.attachment
    mapping: Mapping[str, Any] = attachment.instance.block_device_mapping
    block = mapping.get(attachment.device)
    return Attachment(
        instance_id=attachment.instance.id,
        device=attachment.device,
        state=attachment.status,
        at=_aware(attachment.attach_time),
        delete_on_termination=bool(block and block.delete_on_termination),
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
