"""AMIs with the devices they were registered with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from vmie_local.moto_seams.ec2 import registered_image
from vmie_local.moto_seams.ec2.backend import BACKENDS, backend, moment
from vmie_local.moto_seams.ec2.snapshots import NoVolume
from vmie_local.moto_seams.seam import Seam

_DEREGISTER = Seam(
    "moto.ec2.models.amis:AmiBackend.deregister_image", "remembers which ids there were", ("self", "ami_id")
)
SEAMS = (
    BACKENDS,
    *registered_image.SEAMS,
    _DEREGISTER,
    Seam("moto.ec2.utils:random_ami_id", "ids of AMIs", ()),
)


@dataclass(frozen=True)
class BlockDevice:
    """One device of an AMI.

    Attributes:
        name: `/dev/sda1`, …
        snapshot_id: Its snapshot, or None for an empty volume.
        volume_size: GiB of the volume. Default: the snapshot's.
        volume_type: `gp2`, `gp3`, …
        delete_on_termination: Whether the volume goes with its instance.
        encrypted: Whether the volume is encrypted. Default: as the snapshot.
        iops: As given.
        throughput: As given, MiB/s.
    """

    name: str
    snapshot_id: str | None
    volume_size: int | None = None
    volume_type: str = "gp2"
    delete_on_termination: bool = False
    encrypted: bool | None = None
    iops: int | None = None
    throughput: int | None = None


@dataclass(frozen=True)
class Image:
    """An AMI.

    Attributes:
        name: Its name.
        devices: Its devices; the root device is among them.
        root_device: The root device's name.
        description: Its description.
        architecture: `x86_64`, `i386`, `arm64`, …
        state: `pending`, `available` or `failed`.
        virtualization: `hvm` or `paravirtual`.
        boot_mode: `legacy-bios`, `uefi`, `uefi-preferred`, or None where nobody said.
        tpm_support: `v2.0` or None.
        imds_support: `v2.0` or None.
        ena_support: Whether it has the driver of ENA.
        sriov_net_support: `simple` or None.
        windows: Whether its platform is Windows.
        platform_details: As EC2 bills it.
        usage_operation: As EC2 bills it.
        source_instance_id: The instance it was made of.
        source_image_id: The AMI it is a copy of.
        source_image_region: Where that AMI is.
    """

    name: str
    devices: tuple[BlockDevice, ...]
    root_device: str
    description: str = ""
    architecture: str = "x86_64"
    state: str = "available"
    virtualization: str = "hvm"
    boot_mode: str | None = None
    tpm_support: str | None = None
    imds_support: str | None = None
    ena_support: bool = True
    sriov_net_support: str | None = "simple"
    windows: bool = False
    platform_details: str = "Linux/UNIX"
    usage_operation: str = "RunInstances"
    source_instance_id: str | None = None
    source_image_id: str | None = None
    source_image_region: str | None = None

    @property
    def snapshot_ids(self) -> list[str]:
        """The snapshots of its devices."""
        return [device.snapshot_id for device in self.devices if device.snapshot_id]


def new_id() -> str:
    """An id for an AMI."""
    from moto.ec2.utils import random_ami_id

    return str(random_ami_id())


def add(account: str, region: str, image: Image, *, at: float, image_id: str | None = None) -> str:
    """Show an AMI; its snapshots exist.

    Args:
        account: Its owner.
        region: Its Region.
        image: The AMI.
        at: When it was made, in seconds since 1970.
        image_id: Its id. Default: a new one.

    Returns:
        Its id.
    """
    ec2, ami_id = backend(account, region), image_id or new_id()
    ami = registered_image.class_of_images()(
        _NothingMade(account),
        ami_id,
        name=image.name,
        description=image.description,
        virtualization_type=image.virtualization,
        architecture=image.architecture,
        state=image.state,
        platform="windows" if image.windows else None,
        image_location=f"{account}/{image.name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=image.root_device,
        sriov=image.sriov_net_support,
        boot_mode=image.boot_mode,
        creation_date=moment(at),
    )
    ami.ec2_backend, ami.vmie_image = ec2, image
    ami.platform_details, ami.usage_operation = image.platform_details, image.usage_operation
    ami.ena_support, ami.sriov_net_support = image.ena_support, image.sriov_net_support
    ami.tpm_support, ami.imds_support = image.tpm_support, image.imds_support
    ami.tmp, ami.imds = image.tpm_support, image.imds_support  # as DescribeImageAttribute calls them
    ami.instance_id = image.source_instance_id
    ami.source_image_id, ami.source_image_region = image.source_image_id, image.source_image_region
    ec2.amis[ami_id] = ami
    return ami_id


def find(account: str, region: str, image_id: str) -> Image | None:
    """An AMI with its present state, or None if there is none of this id."""
    ami = backend(account, region).amis.get(image_id)
    return replace(ami.vmie_image, state=ami.state) if ami else None


def set_state(account: str, region: str, image_id: str, state: str) -> bool:
    """Change an AMI's state; tells whether it is still there."""
    ami = backend(account, region).amis.get(image_id)
    if ami:
        ami.state = state
    return ami is not None


def modify(
    account: str, region: str, image_id: str, *, description: str | None, imds_support: str | None
) -> None:
    """Change what of an AMI can be changed; None leaves it."""
    ami = backend(account, region).amis[image_id]
    if description is not None:
        ami.description = description
        ami.vmie_image = replace(ami.vmie_image, description=description)
    if imds_support is not None:
        ami.imds_support = ami.imds = imds_support
        ami.vmie_image = replace(ami.vmie_image, imds_support=imds_support)


def named(account: str, region: str, name: str) -> str | None:
    """The id of the AMI of this name, or None."""
    amis = list(backend(account, region).amis.values())
    return next((str(ami.id) for ami in amis if ami.name == name), None)


def using(account: str, region: str, snapshot_id: str) -> str | None:
    """The id of an AMI that needs a snapshot, or None."""
    amis = list(backend(account, region).amis.values())
    return next((str(ami.id) for ami in amis if snapshot_id in ami.vmie_image.snapshot_ids), None)


def was_deregistered(account: str, region: str, image_id: str) -> bool:
    """Whether there was an AMI of this id once."""
    return image_id in backend(account, region).deleted_amis


def deregister(account: str, region: str, image_id: str) -> None:
    """Let an AMI go; its snapshots stay."""
    backend(account, region).deregister_image(image_id)


class _NothingMade:
    """What moto's constructor of an AMI sees of EC2: the volume and the snapshot it makes are nobody's."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id

    def create_volume(self, **_: Any) -> Any:
        return NoVolume(0)

    def create_snapshot(self, *_: Any, **__: Any) -> None:
        """There are the AMI's own."""

    def delete_volume(self, _: str) -> None:
        """Nothing was made."""
