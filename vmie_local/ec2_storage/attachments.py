"""AttachVolume and DetachVolume."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vmie_local.ec2_storage import durations, errors
from vmie_local.ec2_storage.surroundings import Act, Surroundings
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import import request_errors

_DEVICE = re.compile(r"/dev/(?:sd[a-z][1-9]?\d?|xvd[a-z]{1,2}|hd[a-z]\d?)|xvd[a-z]{1,2}")
"""EC2 user guide, device names on instances; Windows names devices `xvdf`."""


def attach_volume(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that a volume can be attached to an instance.

    Raises:
        ApiError: As EC2 answers.
    """
    device, instance_id, volume_id = (
        _required(parameters, one) for one in ("Device", "InstanceId", "VolumeId")
    )
    if not _DEVICE.fullmatch(device):
        raise errors.device_malformed(device)
    volume = _volume(place, volume_id)
    instance = ec2.instances.find(place.account, place.region, instance_id)
    if instance is None:
        raise errors.instance_missing(instance_id)
    if instance.state not in ("running", "stopped"):
        raise errors.instance_state(instance_id, instance.state)
    if volume.attachment:
        raise errors.volume_taken(volume_id)
    if volume.state != "available":
        raise errors.volume_not_ready(volume_id)
    if volume.zone != instance.zone:
        raise errors.volume_elsewhere(volume_id, instance_id)
    if device in instance.volumes:
        raise errors.device_taken(device)

    def act() -> dict[str, Any]:
        ec2.volumes.attach(place.account, place.region, volume_id, instance_id, device, at=around.clock.now())
        around.later(
            durations.ATTACHING_VOLUME,
            lambda: ec2.volumes.is_attached(place.account, place.region, volume_id),
        )
        return _shown(_volume(place, volume_id))

    return act


def detach_volume(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that a volume can be detached.

    Raises:
        ApiError: As EC2 answers.
    """
    volume_id = _required(parameters, "VolumeId")
    volume = _volume(place, volume_id)
    attachment = volume.attachment
    if attachment is None:
        raise errors.volume_not_attached(volume_id, volume.state)
    named, device = parameters.get("InstanceId"), parameters.get("Device")
    if named not in (None, attachment.instance_id) or device not in (None, attachment.device):
        raise errors.attachment_missing(volume_id, named or attachment.instance_id, device)
    instance = ec2.instances.find(place.account, place.region, attachment.instance_id)
    if instance and instance.state == "running" and instance.root_device == attachment.device:
        raise errors.root_volume(volume_id, instance.id)

    def act() -> dict[str, Any]:
        ec2.volumes.begin_detaching(place.account, place.region, volume_id)
        around.later(
            durations.DETACHING_VOLUME, lambda: ec2.volumes.detach(place.account, place.region, volume_id)
        )
        return _shown(_volume(place, volume_id))

    return act


def _required(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise request_errors.missing(name[0].lower() + name[1:])
    return str(value)


def _volume(place: Place, volume_id: str) -> ec2.volumes.Volume:
    volume = ec2.volumes.find(place.account, place.region, volume_id)
    if volume is None:
        raise errors.volume_missing(volume_id)
    return volume


def _shown(volume: ec2.volumes.Volume) -> dict[str, Any]:
    attachment = volume.attachment
    if attachment is None:
        return {"VolumeId": volume.id}
    return {
        "VolumeId": volume.id,
        "InstanceId": attachment.instance_id,
        "Device": attachment.device,
        "State": attachment.state,
        "AttachTime": attachment.at,
        "DeleteOnTermination": attachment.delete_on_termination,
    }
