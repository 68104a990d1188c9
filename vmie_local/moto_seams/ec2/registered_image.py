"""The class of AMIs that have the devices they were registered with."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vmie_local.moto_seams.seam import Seam

if TYPE_CHECKING:
    from vmie_local.moto_seams.ec2.images import BlockDevice, Image

_DEVICE_FILTER = "block-device-mapping."
_MAY_BE_ABSENT = (
    *("boot_mode", "imds_support", "source_image_id", "source_image_region", "source_instance_id"),
    "tpm_support",
)
"""Attributes to filter by that an AMI may lack; moto takes that for a filter that it does not have."""
SEAMS = (
    Seam(
        "moto.ec2.models.amis:Ami.__init__",
        "our AMIs are subclasses",
        (
            "self",
            "ec2_backend",
            "ami_id",
            "instance",
            "source_ami",
            "name",
            "description",
            "owner_id",
            "owner_alias",
            "public",
            "virtualization_type",
            "architecture",
            "state",
            "creation_date",
            "platform",
            "image_type",
            "image_location",
            "hypervisor",
            "root_device_type",
            "root_device_name",
            "sriov",
            "region_name",
            "snapshot_description",
            "product_codes",
            "boot_mode",
            "tags",
        ),
    ),
    Seam("moto.ec2.models.amis:Ami.block_device_mappings", "one invented device of 15 GiB"),
    Seam(
        "moto.ec2.models.amis:Ami.get_filter_value",
        "knows no filter by device, boot mode, TPM or source",
        ("self", "filter_name", "method_name"),
    ),
)


@functools.cache
def class_of_images() -> Any:
    """The class, made when moto has been configured."""
    from moto.ec2.models.amis import Ami

    class RegisteredImage(Ami):  # type: ignore[misc]
        """An AMI with the devices it was registered with."""

        ec2_backend: Any
        vmie_image: Image

        @property
        def block_device_mappings(self) -> list[Mapping[str, Any]]:
            return [_mapping(device, self.ec2_backend) for device in self.vmie_image.devices]

        def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
            if filter_name.startswith(_DEVICE_FILTER):
                return _values_of_devices(self.block_device_mappings, filter_name)
            attribute = filter_name.replace("-", "_")
            if attribute in _MAY_BE_ABSENT:
                return getattr(self, attribute) or ""
            return super().get_filter_value(filter_name, method_name)

    return RegisteredImage


def _values_of_devices(mappings: Sequence[Mapping[str, Any]], filter_name: str) -> list[str]:
    """What a filter such as `block-device-mapping.snapshot-id` looks at."""
    words = filter_name.removeprefix(_DEVICE_FILTER).split("-")
    member = "".join(word.capitalize() for word in words)
    found = [{**mapping, **mapping["Ebs"]}.get(member) for mapping in mappings]
    return [
        str(value).lower() if isinstance(value, bool) else str(value) for value in found if value is not None
    ]


def _mapping(device: BlockDevice, ec2: Any) -> dict[str, Any]:
    snapshot = ec2.snapshots.get(device.snapshot_id)
    encrypted = device.encrypted if device.encrypted is not None else bool(snapshot and snapshot.encrypted)
    ebs = {
        "DeleteOnTermination": device.delete_on_termination,
        "Encrypted": encrypted,
        "Iops": device.iops,
        "SnapshotId": device.snapshot_id,
        "Throughput": device.throughput,
        "VolumeSize": device.volume_size or (snapshot.volume_size if snapshot else None),
        "VolumeType": device.volume_type,
    }
    shown = {name: value for name, value in ebs.items() if value is not None}
    return {"DeviceName": device.name, "Ebs": shown}
