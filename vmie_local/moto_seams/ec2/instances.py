"""Instances whose disks come from their AMI's snapshots."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmie_local.moto_seams.ec2.backend import BACKENDS, backend
from vmie_local.moto_seams.seam import Seam, replace

_DEFAULT_DISKS = Seam(
    "moto.ec2.models.instances:Instance.setup_defaults",
    "gives every instance one disk of 8 GiB",
    ("self",),
)
_MAPPINGS = Seam(
    "moto.ec2.responses.instances:InstanceResponse._parse_block_device_mapping",
    "the devices of RunInstances replace the AMI's instead of changing them",
    ("self",),
)
SEAMS = (
    BACKENDS,
    _DEFAULT_DISKS,
    _MAPPINGS,
    Seam(
        "moto.ec2.models.instances:Instance.add_block_device",
        "makes and attaches a volume",
        (
            "self",
            "size",
            "device_path",
            "snapshot_id",
            "encrypted",
            "delete_on_termination",
            "kms_key_id",
            "volume_type",
        ),
    ),
)


@dataclass(frozen=True)
class Instance:
    """What volumes and AMIs need to know of an instance.

    Attributes:
        id: `i-…`.
        state: `running`, `stopped`, …
        zone: Its Availability Zone.
        image_id: The AMI it was launched from.
        root_device: The name of its root device.
        architecture: `x86_64`, …
        virtualization: `hvm` or `paravirtual`.
        windows: Whether its platform is Windows.
        volumes: Device name → volume id and whether the volume goes with the instance.
    """

    id: str
    state: str
    zone: str
    image_id: str
    root_device: str
    architecture: str
    virtualization: str
    windows: bool
    volumes: Mapping[str, tuple[str, bool]]


def find(account: str, region: str, instance_id: str) -> Instance | None:
    """An instance, or None if there is none of this id."""
    instance = backend(account, region).get_instance_by_id(instance_id)
    if instance is None:
        return None
    return Instance(
        id=instance_id,
        state=instance.state,
        zone=instance.availability_zone,
        image_id=instance.image_id,
        root_device=instance.root_device_name,
        architecture=instance.architecture,
        virtualization=instance.virtualization_type,
        windows=instance.platform == "windows",
        volumes={
            name: (block.volume_id, bool(block.delete_on_termination))
            for name, block in instance.get_block_device_mapping
        },
    )


def take_disks_of_image() -> None:
    """Give an instance the disks of its AMI, changed by those that its launch names."""
    replace(_DEFAULT_DISKS, _disks_of_image)
    replace(_MAPPINGS, _disks_of_launch)


def merged(
    devices: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The devices of an AMI with the changes of a launch: by name, `NoDevice` takes one away.

    Args:
        devices: The AMI's block device mappings.
        changes: Those of the request.
    """
    by_name = {str(device["DeviceName"]): copy.deepcopy(dict(device)) for device in devices}
    for change in changes:
        name = str(change.get("DeviceName"))
        if change.get("NoDevice") is not None:
            by_name.pop(name, None)
        elif "Ebs" in change:
            by_name[name] = {
                "DeviceName": name,
                "Ebs": {**by_name.get(name, {}).get("Ebs", {}), **change["Ebs"]},
            }
    return list(by_name.values())


def _is_encrypted(ec2: Any, ebs: Mapping[str, Any]) -> bool:
    """Whether a new volume is encrypted: as it is asked for, or because the account encrypts every one."""
    return bool(ebs.get("Encrypted") or ec2.ebs_encryption_by_default)


def _disks_of_launch(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def _parse_block_device_mapping(self: Any) -> Any:
        image = self.ec2_backend.amis.get(self._get_param("ImageId"))
        changes = self._get_param("BlockDeviceMappings", [])
        if image is None or not changes:
            return original(self)
        return [
            {
                "DeviceName": device["DeviceName"],
                "NoDevice": None,
                "Ebs": {
                    "DeleteOnTermination": True,
                    **device["Ebs"],
                    "Encrypted": _is_encrypted(self.ec2_backend, device["Ebs"]),
                },
            }
            for device in merged(image.block_device_mappings, changes)
        ]

    return _parse_block_device_mapping


def _disks_of_image(original: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(original)
    def setup_defaults(self: Any) -> None:
        image = self.ec2_backend.amis.get(self.image_id)
        if image is None:
            original(self)
            return
        for mapping in image.block_device_mappings:
            ebs = mapping["Ebs"]
            snapshot_id = ebs.get("SnapshotId")
            known = snapshot_id in self.ec2_backend.snapshots
            self.add_block_device(
                ebs["VolumeSize"],
                mapping["DeviceName"],
                snapshot_id if known else None,
                _is_encrypted(self.ec2_backend, ebs),
                ebs["DeleteOnTermination"],
                None,
                volume_type=ebs["VolumeType"],
            )

    return setup_defaults
