"""CreateSnapshot of a volume, and CreateImage of an instance's volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from vmie_local.blocks.ids import new_snapshot_id
from vmie_local.ec2_storage import becoming, durations, errors, image_names
from vmie_local.ec2_storage.surroundings import Act, Surroundings
from vmie_local.moto_seams import ec2
from vmie_local.moto_seams.ec2.images import BlockDevice, Image
from vmie_local.moto_seams.ec2.instances import Instance
from vmie_local.place import Place
from vmie_local.vm_import import request_errors, tag_specifications


def create_snapshot(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that a snapshot can be made of a volume.

    Raises:
        ApiError: As EC2 answers.
    """
    volume_id = parameters.get("VolumeId")
    if not volume_id:
        raise request_errors.missing("volumeId")
    volume = ec2.volumes.find(place.account, place.region, volume_id)
    if volume is None:
        raise errors.volume_missing(volume_id)
    if volume.state not in ("available", "in-use"):
        raise errors.volume_not_ready(volume_id)
    tags = tag_specifications.tags_for("snapshot", parameters)

    def act() -> dict[str, Any]:
        description = parameters.get("Description") or ""
        snapshot_id = _take(around, place, volume, description, tags)
        becoming.completed(around, place, snapshot_id, durations.CREATING_SNAPSHOT)
        return {
            "SnapshotId": snapshot_id,
            "VolumeId": volume_id,
            "State": "pending",
            "StartTime": datetime.fromtimestamp(around.clock.now(), UTC),
            "Progress": "",
            "OwnerId": place.account,
            "Description": description,
            "VolumeSize": volume.size,
            "Encrypted": volume.encrypted,
            "KmsKeyId": volume.kms_key_id,
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        }

    return act


def create_image(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that an AMI can be made of an instance.

    Raises:
        ApiError: As EC2 answers.
    """
    name, instance_id = image_names.given(parameters), parameters.get("InstanceId")
    if not instance_id:
        raise request_errors.missing("instanceId")
    instance = ec2.instances.find(place.account, place.region, instance_id)
    if instance is None:
        raise errors.instance_missing(instance_id)
    if instance.state not in ("running", "stopped", "stopping"):
        raise errors.instance_state(instance_id, instance.state)
    own_tags = tag_specifications.tags_for("image", parameters, also=("snapshot",))
    snapshot_tags = tag_specifications.tags_for("snapshot", parameters, also=("image",))
    image_names.require_free(place, name)

    def act() -> dict[str, Any]:
        image_id = ec2.images.new_id()
        devices = _devices(around, place, instance, image_id, snapshot_tags, parameters)
        image = _image(place, instance, name, parameters.get("Description") or "", devices)
        ec2.images.add(place.account, place.region, image, at=around.clock.now(), image_id=image_id)
        ec2.tags.add(place.account, place.region, image_id, own_tags)
        becoming.available(around, place, image_id, durations.CREATING_IMAGE, image.snapshot_ids)
        return {"ImageId": image_id}

    return act


def _devices(
    around: Surroundings,
    place: Place,
    instance: Instance,
    image_id: str,
    tags: Mapping[str, str],
    parameters: Mapping[str, Any],
) -> tuple[BlockDevice, ...]:
    """The instance's devices with new snapshots, less, changed and more as the request says."""
    changes = {one.get("DeviceName"): one for one in parameters.get("BlockDeviceMappings") or []}
    description = f"Created by CreateImage({instance.id}) for {image_id}"
    devices = {}
    for name, (volume_id, with_instance) in instance.volumes.items():
        volume = ec2.volumes.find(place.account, place.region, volume_id)
        if volume is None or changes.get(name, {}).get("NoDevice") is not None:
            continue
        devices[name] = BlockDevice(
            name=name,
            snapshot_id=_take(around, place, volume, description, tags),
            volume_size=volume.size,
            volume_type=volume.volume_type,
            delete_on_termination=with_instance,
        )
    for name, change in changes.items():
        if ebs := change.get("Ebs"):
            devices[name] = _changed(devices.get(name) or BlockDevice(name, None), ebs)
    return tuple(devices.values())


def _changed(device: BlockDevice, ebs: Mapping[str, Any]) -> BlockDevice:
    return replace(
        device,
        volume_size=ebs.get("VolumeSize", device.volume_size),
        volume_type=ebs.get("VolumeType", device.volume_type),
        delete_on_termination=ebs.get("DeleteOnTermination", device.delete_on_termination),
    )


def _image(
    place: Place, instance: Instance, name: str, description: str, devices: tuple[BlockDevice, ...]
) -> Image:
    """What an AMI takes over from the instance and the AMI it was launched from."""
    origin = ec2.images.find(place.account, place.region, instance.image_id)
    return Image(
        name=name,
        devices=devices,
        root_device=instance.root_device,
        description=description,
        architecture=instance.architecture,
        virtualization=instance.virtualization,
        windows=instance.windows,
        boot_mode=origin.boot_mode if origin else None,
        tpm_support=origin.tpm_support if origin else None,
        imds_support=origin.imds_support if origin else None,
        ena_support=origin.ena_support if origin else True,
        platform_details=origin.platform_details if origin else "Linux/UNIX",
        usage_operation=origin.usage_operation if origin else "RunInstances",
        source_instance_id=instance.id,
        state="pending",
    )


def _take(
    around: Surroundings,
    place: Place,
    volume: ec2.volumes.Volume,
    description: str,
    tags: Mapping[str, str],
) -> str:
    """A pending snapshot that holds the volume's bytes."""
    snapshot_id = new_snapshot_id()
    around.blocks.derive(snapshot_id, volume.size, volume.id)
    ec2.snapshots.add(
        place.account,
        place.region,
        snapshot_id,
        volume_size=volume.size,
        description=description,
        encrypted=volume.encrypted,
        kms_key_id=volume.kms_key_id,
        status="pending",
        volume_id=volume.id,
        at=around.clock.now(),
    )
    ec2.tags.add(place.account, place.region, snapshot_id, tags)
    return snapshot_id
