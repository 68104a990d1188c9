"""CreateVolume, of nothing or of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.ec2_storage import durations, errors, sources
from vmie_local.ec2_storage.surroundings import Act, Surroundings
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import import request_errors, tag_specifications

_SIZES = {
    "standard": (1, 1024),
    "gp2": (1, 16_384),
    "gp3": (1, 65_536),
    "io1": (4, 16_384),
    "io2": (4, 65_536),
    "st1": (125, 16_384),
    "sc1": (125, 16_384),
}
"""GiB of the smallest and the largest volume of each type (EC2 API reference, CreateVolume)."""
_BASELINE_THROUGHPUT = {"gp3": 125}
"""MiB/s of a volume that asks for none (EBS user guide)."""
_WITH_IOPS, _NEED_IOPS = ("gp3", "io1", "io2"), ("io1", "io2")


@dataclass(frozen=True)
class _Wish:
    """The volume that a request asks for."""

    zone: str
    size: int
    volume_type: str
    encrypted: bool
    key: str | None


def create_volume(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that a volume can be made.

    Raises:
        ApiError: As EC2 answers.
    """
    zone = _zone(place, parameters)
    wish = _wish(place, parameters, zone)
    tags = tag_specifications.tags_for("volume", parameters)

    def act() -> dict[str, Any]:
        volume_id = ec2.volumes.create(
            place.account,
            place.region,
            zone_name=wish.zone,
            baseline_iops=_baseline_iops(wish),
            at=around.clock.now(),
            size=wish.size,
            snapshot_id=parameters.get("SnapshotId"),
            encrypted=wish.encrypted,
            kms_key_id=wish.key,
            volume_type=wish.volume_type,
            iops=parameters.get("Iops"),
            throughput=parameters.get("Throughput") or _BASELINE_THROUGHPUT.get(wish.volume_type),
            multi_attach_enabled=parameters.get("MultiAttachEnabled"),
        )
        ec2.tags.add(place.account, place.region, volume_id, tags)
        around.later(
            durations.CREATING_VOLUME, lambda: ec2.volumes.is_made(place.account, place.region, volume_id)
        )
        return _shown(place, volume_id, tags)

    return act


def _zone(place: Place, parameters: Mapping[str, Any]) -> str:
    name, zone_id = parameters.get("AvailabilityZone"), parameters.get("AvailabilityZoneId")
    if name and zone_id:
        raise request_errors.bad_combination(
            "You can specify either AvailabilityZone or AvailabilityZoneId, but not both."
        )
    if not name and not zone_id:
        raise request_errors.missing("availabilityZone")
    zone = ec2.volumes.zone(place.account, place.region, name, zone_id)
    if zone is None:
        raise errors.zone_missing(name or zone_id or "")
    return zone


def _wish(place: Place, parameters: Mapping[str, Any], zone: str) -> _Wish:
    snapshot_id, volume_type = parameters.get("SnapshotId"), parameters.get("VolumeType") or "gp2"
    source = sources.snapshot(place, snapshot_id) if snapshot_id else None
    size = parameters.get("Size") or (source.volume_size if source else None)
    if size is None:
        raise request_errors.missing("size/snapshot")
    if volume_type not in _SIZES:
        raise errors.volume_type_unknown(volume_type)
    smallest, largest = _SIZES[volume_type]
    if source and size < source.volume_size:
        raise request_errors.bad_value(
            f"Volume of {size}GiB is smaller than snapshot '{source.id}', which has {source.volume_size}GiB."
        )
    if not smallest <= size <= largest:
        bound = f"large for volume type {volume_type}; maximum is {largest}GiB"
        if size < smallest:
            bound = f"small for volume type {volume_type}; minimum is {smallest}GiB"
        raise request_errors.bad_value(f"Volume of {size}GiB is too {bound}")
    _check_performance(parameters, volume_type)
    encrypted, key = sources.encryption(place, parameters, inherited=source.encrypted if source else False)
    if encrypted:
        key = ec2.keys.arn(place.account, place.region, key or (source.kms_key_id if source else None))
    return _Wish(zone, size, volume_type, encrypted, key)


def _check_performance(parameters: Mapping[str, Any], volume_type: str) -> None:
    if volume_type in _NEED_IOPS and not parameters.get("Iops"):
        raise errors.dependency("VolumeType", "Iops")
    if volume_type not in _WITH_IOPS and parameters.get("Iops"):
        raise request_errors.bad_combination(
            f"The parameter iops is not supported for {volume_type} volumes."
        )
    if volume_type != "gp3" and parameters.get("Throughput"):
        raise request_errors.bad_combination(
            f"The parameter throughput is not supported for {volume_type} volumes."
        )
    if parameters.get("MultiAttachEnabled") and volume_type not in _NEED_IOPS:
        raise request_errors.bad_combination(
            f"The parameter multiAttachEnabled is not supported for {volume_type} volumes."
        )


def _baseline_iops(wish: _Wish) -> int | None:
    """What gp2 shows: 3 per GiB, at least 100, at most 16,000 (EBS user guide)."""
    return min(16_000, max(100, 3 * wish.size)) if wish.volume_type == "gp2" else None


def _shown(place: Place, volume_id: str, tags: Mapping[str, str]) -> dict[str, Any]:
    volume = ec2.volumes.find(place.account, place.region, volume_id)
    if volume is None:
        raise errors.volume_missing(volume_id)
    return {
        "VolumeId": volume.id,
        "Size": volume.size,
        "SnapshotId": volume.snapshot_id or "",
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": volume.zone_id,
        "State": volume.state,
        "CreateTime": volume.created_at,
        "Encrypted": volume.encrypted,
        "KmsKeyId": volume.kms_key_id,
        "VolumeType": volume.volume_type,
        "Iops": volume.iops,
        "Throughput": volume.throughput,
        "MultiAttachEnabled": volume.multi_attach,
        "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
    }
