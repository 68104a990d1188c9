"""AMIs with the devices they were registered with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vmie_local.moto_seams.ec2.backend import BACKENDS, backend, moment
from vmie_local.moto_seams.ec2.snapshots import NoVolume
from vmie_local.moto_seams.seam import Seam

SEAMS = (
    BACKENDS,
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
    Seam("moto.ec2.utils:random_ami_id", "ids of AMIs", ()),
)


@dataclass(frozen=True)
class BlockDevice:
    """One device of an AMI: its name and its snapshot."""

    name: str
    snapshot_id: str


class _RootSnapshot:
    """What moto's constructor of an AMI sees of EC2: the snapshot it makes is ours."""

    def __init__(self, account_id: str, snapshot: Any) -> None:
        self.account_id = account_id
        self._snapshot = snapshot

    def create_volume(self, **_: Any) -> Any:
        return NoVolume(self._snapshot.volume_size)

    def create_snapshot(self, *_: Any, **__: Any) -> Any:
        return self._snapshot

    def delete_volume(self, _: str) -> None:
        """Nothing was made."""


def add(
    account: str,
    region: str,
    *,
    devices: Sequence[BlockDevice],
    name: str,
    description: str,
    architecture: str,
    boot_mode: str,
    windows: bool = False,
    platform_details: str = "Linux/UNIX",
    usage_operation: str = "RunInstances",
    at: float,
) -> str:
    """Show an AMI.

    Args:
        account: Its owner.
        region: Its Region.
        devices: Its disks, the root device first; their snapshots exist.
        name: Its name.
        description: Its description.
        architecture: `x86_64` or `i386`.
        boot_mode: `legacy-bios` or `uefi`.
        windows: Whether its platform is Windows.
        platform_details: As EC2 bills it.
        usage_operation: As EC2 bills it.
        at: When it was made, in seconds since 1970.

    Returns:
        Its id.
    """
    from moto.ec2.models.amis import Ami
    from moto.ec2.utils import random_ami_id

    ec2 = backend(account, region)
    snapshots = [ec2.snapshots[device.snapshot_id] for device in devices]

    class RegisteredImage(Ami):  # type: ignore[misc]
        """An AMI with the devices it was registered with."""

        @property
        def block_device_mappings(self) -> list[dict[str, Any]]:
            return [_mapping(device, snapshot) for device, snapshot in zip(devices, snapshots, strict=True)]

    ami_id = str(random_ami_id())
    image = RegisteredImage(
        _RootSnapshot(account, snapshots[0]),
        ami_id,
        name=name,
        description=description,
        virtualization_type="hvm",
        architecture=architecture,
        platform="windows" if windows else None,
        image_location=f"{account}/{name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=devices[0].name,
        boot_mode=boot_mode,
        creation_date=moment(at),
    )
    image.ec2_backend = ec2
    image.platform_details, image.usage_operation = platform_details, usage_operation
    image.ena_support = True
    for snapshot in snapshots:
        snapshot.from_ami = ami_id
    ec2.amis[ami_id] = image
    return ami_id


def _mapping(device: BlockDevice, snapshot: Any) -> dict[str, Any]:
    return {
        "DeviceName": device.name,
        "Ebs": {
            "DeleteOnTermination": False,
            "Encrypted": snapshot.encrypted,
            "SnapshotId": snapshot.id,
            "VolumeSize": snapshot.volume_size,
            "VolumeType": "gp2",
        },
    }
