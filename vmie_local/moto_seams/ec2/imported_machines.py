"""Instances and volumes that an import makes: an instance without an AMI of ours, volumes by their id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmie_local.moto_seams.ec2 import keys
from vmie_local.moto_seams.ec2.backend import BACKENDS, backend, moment
from vmie_local.moto_seams.seam import Seam

SEAMS = (
    BACKENDS,
    Seam(
        "moto.ec2.models.instances:InstanceBackend.run_instances",
        "makes the instance; it launches no AMI and has no disk at first",
        ("self", "image_id", "count", "user_data", "security_group_names", "kwargs"),
    ),
    Seam("moto.ec2.models.instances:Instance.stop", "an imported instance arrives stopped", ("self",)),
    Seam("moto.ec2.models.instances:Instance.terminate", "a cancelled import leaves none", ("self",)),
    Seam("moto.ec2.models.instances:InstanceState.__init__", "it is pending", ("self", "name", "code")),
    Seam(
        "moto.ec2.models.elastic_block_store:Volume.__init__",
        "a volume's id is known before the volume is shown",
        (
            "self",
            "ec2_backend",
            "volume_id",
            "size",
            "zone",
            "snapshot_id",
            "encrypted",
            "kms_key_id",
            "volume_type",
            "iops",
            "throughput",
            "multi_attach_enabled",
        ),
    ),
    Seam(
        "moto.ec2.models.elastic_block_store:EBSBackend.attach_volume",
        "attaches the volume",
        ("self", "volume_id", "instance_id", "device_path", "delete_on_termination"),
    ),
    Seam(
        "moto.ec2.models.security_groups:SecurityGroupBackend.get_security_group_by_name_or_id",
        "finds the groups",
        ("self", "group_name_or_id", "vpc_id"),
    ),
    Seam(
        "moto.ec2.models.availability_zones_and_regions:RegionsAndZonesBackend.describe_availability_zones",
        "knows the zones and their ids",
        ("self", "filters", "zone_names", "zone_ids"),
    ),
    Seam("moto.ec2.utils:random_ami_id", "the AMI of AWS's own that an imported instance names", ()),
)


def zones(account: str, region: str) -> dict[str, str]:
    """The Availability Zones of a Region: their ids by name."""
    return {zone.name: zone.zone_id for zone in backend(account, region).describe_availability_zones()}


def zone_of_subnet(account: str, region: str, subnet_id: str) -> str | None:
    """The Availability Zone of a subnet, or None if there is no such subnet."""
    for subnets in backend(account, region).subnets.values():
        if subnet_id in subnets:
            return str(subnets[subnet_id].availability_zone)
    return None


def group_id(account: str, region: str, name_or_id: str) -> str | None:
    """The id of a security group, or None if there is no such group."""
    group = backend(account, region).get_security_group_by_name_or_id(name_or_id)
    return str(group.id) if group else None


def add_instance(
    account: str,
    region: str,
    *,
    instance_type: str,
    architecture: str,
    windows: bool,
    zone: str,
    subnet_id: str | None = None,
    group_ids: Sequence[str] = (),
    private_ip: str | None = None,
    user_data: str | None = None,
    monitoring: bool = False,
    shutdown_behavior: str = "stop",
) -> str:
    """Show an instance that is pending and has no disk.

    Args:
        account: Its owner.
        region: Its Region.
        instance_type: Its type.
        architecture: `i386` or `x86_64`.
        windows: Whether its platform is Windows.
        zone: Its Availability Zone; that of the subnet where one is named.
        subnet_id: Its subnet. Default: none.
        group_ids: Its security groups. Default: none.
        private_ip: Its private address. Default: any.
        user_data: In Base64. Default: none.
        monitoring: Whether detailed monitoring is on.
        shutdown_behavior: `stop` or `terminate`.

    Returns:
        Its id.
    """
    from moto.ec2.models.instances import InstanceState
    from moto.ec2.utils import random_ami_id

    reservation = backend(account, region).run_instances(
        str(random_ami_id()),
        1,
        user_data,
        [],
        instance_type=instance_type,
        is_instance_type_default=False,
        placement=None if subnet_id else zone,
        region_name=region,
        subnet_id=subnet_id,
        security_group_ids=list(group_ids),
        nics=[],
        private_ip=private_ip,
        monitoring_state="enabled" if monitoring else "disabled",
        instance_initiated_shutdown_behavior=shutdown_behavior,
        block_device_mappings=[],
        tags={},
    )
    (instance,) = reservation.instances
    instance.architecture, instance.virtualization_type = architecture, "hvm"
    instance.platform = "windows" if windows else None
    instance._state = InstanceState("pending", 0)
    return str(instance.id)


def stop_instance(account: str, region: str, instance_id: str) -> None:
    """Show an instance as stopped; nothing happens if it is gone."""
    instance = _instance(account, region, instance_id)
    if instance is not None and instance.state == "pending":
        instance.stop()
        instance._reason = ""
        instance.state_reason.code = instance.state_reason.message = ""


def terminate_instance(account: str, region: str, instance_id: str) -> None:
    """Show an instance as terminated; nothing happens if it is gone."""
    instance = _instance(account, region, instance_id)
    if instance is not None and instance.state != "terminated":
        instance.terminate()


def add_volume(
    account: str, region: str, volume_id: str, *, size: int, zone: str, encrypted: bool, at: float
) -> None:
    """Show a volume.

    Args:
        account: Its owner.
        region: Its Region.
        volume_id: `vol-…`.
        size: GiB.
        zone: The name of its Availability Zone.
        encrypted: Whether it is encrypted, with the account's default key for EBS.
        at: When it was made, in seconds since 1970.
    """
    from moto.ec2.models.elastic_block_store import Volume

    ec2 = backend(account, region)
    key = keys.arn(account, region, None) if encrypted else None
    (place,) = ec2.describe_availability_zones(zone_names=[zone])
    volume = Volume(ec2, volume_id, size, place, encrypted=encrypted, kms_key_id=key)
    volume.create_time = moment(at)
    ec2.volumes[volume_id] = volume


def attach_volume(account: str, region: str, volume_id: str, instance_id: str, device: str) -> None:
    """Attach a volume to an instance, which keeps it when it ends."""
    backend(account, region).attach_volume(volume_id, instance_id, device)


def remove_volume(account: str, region: str, volume_id: str) -> None:
    """Make a volume disappear; nothing happens if it is gone."""
    volume: Any = backend(account, region).volumes.pop(volume_id, None)
    if volume is not None and volume.attachment is not None:
        volume.attachment.instance.block_device_mapping.pop(volume.attachment.device, None)
        volume.attachment = None


def _instance(account: str, region: str, instance_id: str) -> Any:
    ec2 = backend(account, region)
    found = (
        instance
        for reservation in ec2.reservations.values()
        for instance in reservation.instances
        if instance.id == instance_id
    )
    return next(found, None)
