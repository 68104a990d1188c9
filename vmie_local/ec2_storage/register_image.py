"""RegisterImage: an AMI of snapshots that are there, and DeregisterImage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmie_local.ec2_storage import becoming, durations, errors, image_names, sources
from vmie_local.ec2_storage.surroundings import Act, Surroundings
from vmie_local.moto_seams import ec2
from vmie_local.moto_seams.ec2.images import BlockDevice, Image
from vmie_local.place import Place
from vmie_local.vm_import import request_errors, tag_specifications

_CHOICES = (
    ("Architecture", "architecture", ("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac")),
    ("VirtualizationType", "virtualizationType", ("hvm", "paravirtual")),
    ("BootMode", "bootMode", ("legacy-bios", "uefi", "uefi-preferred")),
    ("TpmSupport", "tpmSupport", ("v2.0",)),
    ("ImdsSupport", "imdsSupport", ("v2.0",)),
)
"""Parameter, its name in error texts, and what it may be (EC2 API reference)."""
_VOLUME_TYPES = ("standard", "io1", "io2", "gp2", "gp3", "sc1", "st1")


def register_image(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that an AMI can be registered.

    Raises:
        ApiError: As EC2 answers.
    """
    name = image_names.given(parameters)
    _check_choices(parameters)
    root, devices = _devices(place, parameters)
    tags = tag_specifications.tags_for("image", parameters)
    image_names.require_free(place, name)
    image = Image(
        name=name,
        devices=tuple(devices),
        root_device=root,
        description=parameters.get("Description") or "",
        # The defaults are the API's, not what anybody wants (EC2 API reference, RegisterImage).
        architecture=parameters.get("Architecture") or "i386",
        virtualization=parameters.get("VirtualizationType") or "paravirtual",
        boot_mode=parameters.get("BootMode"),
        tpm_support=parameters.get("TpmSupport"),
        imds_support=parameters.get("ImdsSupport"),
        ena_support=bool(parameters.get("EnaSupport")),
        sriov_net_support=parameters.get("SriovNetSupport"),
        state="pending",
    )

    def act() -> dict[str, Any]:
        image_id = ec2.images.add(place.account, place.region, image, at=around.clock.now())
        ec2.tags.add(place.account, place.region, image_id, tags)
        becoming.available(around, place, image_id, durations.REGISTERING_IMAGE)
        return {"ImageId": image_id}

    return act


def deregister_image(around: Surroundings, place: Place, parameters: Mapping[str, Any]) -> Act:
    """Check that an AMI can go.

    Raises:
        ApiError: If there is none.
    """
    image_id = parameters.get("ImageId")
    if not image_id:
        raise request_errors.missing("imageId")
    image = ec2.images.find(place.account, place.region, image_id)
    if image is None:
        gone = ec2.images.was_deregistered(place.account, place.region, image_id)
        raise errors.image_gone(image_id) if gone else errors.image_missing(image_id)

    def act() -> dict[str, Any]:
        ec2.images.deregister(place.account, place.region, image_id)
        ec2.tags.remove_all(place.account, place.region, image_id)
        becoming.tell(around, place, image_id, "deregistered")
        if not parameters.get("DeleteAssociatedSnapshots"):
            return {"Return": True}
        results = [_delete(place, snapshot_id) for snapshot_id in dict.fromkeys(image.snapshot_ids)]
        return {"Return": True, "DeleteSnapshotResults": results}

    return act


def _delete(place: Place, snapshot_id: str) -> dict[str, str]:
    """Delete a snapshot unless another AMI needs it; the codes are those of botocore's model."""
    if ec2.images.using(place.account, place.region, snapshot_id):
        return {"SnapshotId": snapshot_id, "ReturnCode": "skipped"}
    if not ec2.snapshots.delete(place.account, place.region, snapshot_id):
        return {"SnapshotId": snapshot_id, "ReturnCode": "internal-error"}
    return {"SnapshotId": snapshot_id, "ReturnCode": "success"}


def _check_choices(parameters: Mapping[str, Any]) -> None:
    for name, wire_name, allowed in _CHOICES:
        value = parameters.get(name)
        if value is not None and value not in allowed:
            raise request_errors.bad_value(f"Value ({value}) for parameter {wire_name} is invalid.")
    # EC2 user guide, NitroTPM: the AMI must boot by UEFI. The text is ours.
    if parameters.get("TpmSupport") and parameters.get("BootMode") != "uefi":
        raise request_errors.bad_combination("The parameter tpmSupport requires the boot mode uefi.")


def _devices(place: Place, parameters: Mapping[str, Any]) -> tuple[str, Sequence[BlockDevice]]:
    """The root device's name and every device.

    Raises:
        ApiError: If a mapping cannot be, or there is none for the root device.
    """
    mappings = parameters.get("BlockDeviceMappings") or []
    root = parameters.get("RootDeviceName")
    if not mappings or not root:
        raise errors.mapping("No root snapshot specified in device mapping.")
    devices = {}
    for mapping in mappings:
        name = mapping.get("DeviceName")
        if not name:
            raise request_errors.missing("deviceName")
        if name in devices:
            raise errors.mapping(f"Duplicate device name {name} in block device mapping.")
        if mapping.get("VirtualName"):
            raise errors.not_here("RegisterImage", f"the instance store volume {mapping['VirtualName']}")
        if mapping.get("NoDevice") is None and "Ebs" in mapping:
            devices[name] = _device(place, name, mapping["Ebs"])
    if root not in devices or not devices[root].snapshot_id:
        raise errors.mapping("No root snapshot specified in device mapping.")
    return root, list(devices.values())


def _device(place: Place, name: str, ebs: Mapping[str, Any]) -> BlockDevice:
    snapshot_id, size = ebs.get("SnapshotId"), ebs.get("VolumeSize")
    if snapshot_id:
        snapshot = sources.snapshot(place, snapshot_id)
        if ebs.get("Encrypted") is not None:
            raise errors.mapping(
                f"the encrypted flag cannot be specified since device {name} has a snapshot specified."
            )
        if size and size < snapshot.volume_size:
            raise errors.snapshot_too_large(size, snapshot_id, snapshot.volume_size)
        size = size or snapshot.volume_size
    if not size:
        raise request_errors.missing("size or snapshotId")
    if ebs.get("VolumeType", "gp2") not in _VOLUME_TYPES:
        raise errors.volume_type_unknown(ebs["VolumeType"])
    return BlockDevice(
        name=name,
        snapshot_id=snapshot_id,
        volume_size=size,
        volume_type=ebs.get("VolumeType") or "gp2",
        delete_on_termination=ebs.get("DeleteOnTermination", True),
        encrypted=ebs.get("Encrypted"),
        iops=ebs.get("Iops"),
        throughput=ebs.get("Throughput"),
    )
