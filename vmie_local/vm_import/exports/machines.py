"""EC2's images and instances, as its public API describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_local.blocks import BlockStore, SnapshotBlocks
from vmie_local.front_door.administrator import Administrator
from vmie_local.front_door.api_call import ApiError
from vmie_local.place import Place
from vmie_local.vm_import.exports.ports import Disk, Machine

if TYPE_CHECKING:
    from vmie_local.server import LocalAws


class CloudMachines:
    """Looks with the administrator's eyes, like the service itself: nothing of it is recorded."""

    def __init__(self, cloud: LocalAws, blocks: BlockStore) -> None:
        self._administrator = Administrator(lambda: cloud.endpoint, cloud.settings.region)
        self._blocks = blocks

    def image(self, place: Place, image_id: str) -> Machine:
        """An AMI.

        Raises:
            ApiError: If there is none of this id.
        """
        ec2 = self._administrator.client("ec2", place.region)
        found = _asked(lambda: ec2.describe_images(ImageIds=[image_id]))["Images"]
        if not found:  # it has been deregistered
            raise ApiError("InvalidAMIID.Unavailable", f"The image id '[{image_id}]' is no longer available")
        (image,) = found
        mappings = [one for one in image.get("BlockDeviceMappings", []) if "Ebs" in one]
        return Machine(
            id=image_id,
            owner=image["OwnerId"],
            state=image["State"],
            disks=tuple(self._disk_of_image(ec2, mapping) for mapping in mappings),
            instance_store=image.get("RootDeviceType") == "instance-store",
            marketplace=bool(image.get("ProductCodes")),
            windows=image.get("Platform") == "windows",
            boot_mode=image.get("BootMode", "legacy-bios"),
            name=image.get("Name", ""),
        )

    def instance(self, place: Place, instance_id: str) -> Machine:
        """An instance.

        Raises:
            ApiError: If there is none of this id.
        """
        ec2 = self._administrator.client("ec2", place.region)
        (reservation,) = _asked(lambda: ec2.describe_instances(InstanceIds=[instance_id]))["Reservations"]
        (instance,) = reservation["Instances"]
        attached = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
        volumes = ec2.describe_volumes(Filters=attached)["Volumes"]
        cpus, memory = _size(ec2, instance.get("InstanceType", ""))
        tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
        return Machine(
            id=instance_id,
            owner=reservation["OwnerId"],
            state=instance["State"]["Name"],
            disks=tuple(_disk_of_volume(ec2, volume) for volume in volumes),
            instance_store=instance.get("RootDeviceType") == "instance-store",
            marketplace=bool(instance.get("ProductCodes")),
            windows=instance.get("Platform") == "windows",
            boot_mode=_boot_mode(ec2, instance),
            network_interfaces=len(instance.get("NetworkInterfaces", [])),
            name=tags.get("Name", ""),
            cpus=cpus,
            memory=memory,
        )

    def blocks(self, place: Place, disk: Disk) -> SnapshotBlocks | None:  # noqa: ARG002 - ids are unique
        """What a disk holds, or None if nobody ever wrote to it."""
        for identifier in (disk.volume_id, disk.snapshot_id):
            if identifier and (blocks := self._blocks.find(identifier)):
                return blocks
        return None

    def _disk_of_image(self, ec2: Any, mapping: Mapping[str, Any]) -> Disk:
        ebs = mapping["Ebs"]
        snapshot = _snapshot(ec2, ebs.get("SnapshotId"))
        return Disk(
            device=mapping.get("DeviceName", ""),
            size=int(ebs.get("VolumeSize") or snapshot.get("VolumeSize") or 1),
            snapshot_id=ebs.get("SnapshotId"),
            snapshot_owner=snapshot.get("OwnerId"),
            encrypted=bool(ebs.get("Encrypted") or snapshot.get("Encrypted")),
        )


def _disk_of_volume(ec2: Any, volume: Mapping[str, Any]) -> Disk:
    snapshot_id = volume.get("SnapshotId") or None
    return Disk(
        device=volume["Attachments"][0].get("Device", ""),
        size=volume["Size"],
        snapshot_id=snapshot_id,
        snapshot_owner=_snapshot(ec2, snapshot_id).get("OwnerId"),
        encrypted=volume["Encrypted"],
        volume_id=volume["VolumeId"],
    )


def _snapshot(ec2: Any, snapshot_id: str | None) -> Mapping[str, Any]:
    """A snapshot as EC2 describes it; empty if there is none any more."""
    if not snapshot_id:
        return {}
    try:
        found: Mapping[str, Any] = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]
    except (ClientError, IndexError):
        return {}
    return found


def _size(ec2: Any, instance_type: str) -> tuple[int, int]:
    """Virtual processors and MiB of an instance type; those of a small machine where EC2 knows it not."""
    try:
        (found,) = ec2.describe_instance_types(InstanceTypes=[instance_type])["InstanceTypes"]
    except (ClientError, ValueError):
        return 1, 1024
    return int(found["VCpuInfo"]["DefaultVCpus"]), int(found["MemoryInfo"]["SizeInMiB"])


def _boot_mode(ec2: Any, instance: Mapping[str, Any]) -> str:
    if instance.get("BootMode"):
        return str(instance["BootMode"])
    try:
        (image,) = ec2.describe_images(ImageIds=[instance["ImageId"]])["Images"]
    except (ClientError, ValueError, KeyError):
        return "legacy-bios"
    return str(image.get("BootMode", "legacy-bios"))


def _asked(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """An answer, or the refusal in EC2's own words."""
    try:
        return ask()
    except ClientError as error:
        said = error.response["Error"]
        status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        raise ApiError(said["Code"], said["Message"], status) from error
