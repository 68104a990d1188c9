"""May an instance be exported (VM Import/Export User Guide, "Considerations for instance export")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.exports.images import (
    find_image,
    find_snapshot,
    require_one_boot_mode,
    require_own_snapshot,
)
from vmie_runtime.checks.exports.software import advise_on_windows, require_no_provided_software
from vmie_runtime.checks.exports.volumes import Volume, require_exportable_size
from vmie_runtime.errors import RequestRejected

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

# A launch attaches its volumes within seconds of each other; by hand or by another stack it takes longer.
_LAUNCH_SECONDS = 60
_GONE = ("terminated", "shutting-down")


def require_exportable_instance(
    ec2: EC2Client, instance_id: str, account: str, *, allow_reboot: bool
) -> tuple[Volume, list[Advice]]:
    """Refuse an instance that CreateInstanceExportTask is known not to take, or may not touch.

    Needs `ec2:DescribeInstances`, `ec2:DescribeVolumes`, `ec2:DescribeSnapshots` and `ec2:DescribeImages`.

    Args:
        ec2: The EC2 client.
        instance_id: The instance.
        account: The stack's account.
        allow_reboot: Whether a running one may reboot.

    Returns:
        The volume that is going to be exported, and what its owner should know.

    Raises:
        RequestRejected: With the first reason.
    """
    instance = _find_instance(ec2, instance_id)
    machine = f"The instance {instance_id}"
    require_no_provided_software(machine, instance)
    require_one_boot_mode(machine, instance)
    root, left_out = _volumes(machine, instance, ec2)
    interfaces = len(instance.get("NetworkInterfaces", []))
    if interfaces > 1:
        raise RequestRejected(
            "MultipleInterfacesNotExportable", f"{machine} has {interfaces} network interfaces."
        )
    require_exportable_size(machine, root)
    advice = _examine_origin(machine, instance, root, ec2, account)
    _require_reboot_allowed(machine, instance, allow_reboot)
    return root, [*advice, *advise_on_windows(machine, instance), *_advise_on_left_out(machine, left_out)]


def _find_instance(ec2: EC2Client, instance_id: str) -> Mapping[str, Any]:
    found: Sequence[Any] = ()
    try:
        with transient_errors_named():
            answer = ec2.describe_instances(InstanceIds=[instance_id])
            found = [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
    except ClientError as error:
        if not error_code(error).startswith("InvalidInstanceID"):
            raise
    state = str(found[0]["State"]["Name"]) if found else "unknown to EC2"
    if not found or state in _GONE:
        raise RequestRejected("InstanceNotFound", f"The instance {instance_id} is {state}.")
    if state not in ("running", "stopped"):
        raise RequestRejected(
            "InstanceStateNotExportable", f"The instance {instance_id} is {state}.", state=state
        )
    instance: Mapping[str, Any] = found[0]
    return instance


def _volumes(machine: str, instance: Mapping[str, Any], ec2: EC2Client) -> tuple[Volume, tuple[Volume, ...]]:
    """The volume that is exported, and those that were attached after the launch, which are left out."""
    attached = {
        mapping["Ebs"]["VolumeId"]: mapping
        for mapping in instance.get("BlockDeviceMappings", [])
        if "VolumeId" in mapping.get("Ebs", {})
    }
    if instance.get("RootDeviceType") == "instance-store" or not attached:
        raise RequestRejected(
            "InstanceStoreNotExportable", f"{machine} has no EBS volume for its root device."
        )
    with transient_errors_named():
        described = ec2.describe_volumes(VolumeIds=sorted(attached))["Volumes"]
    volumes = [_volume(attached[str(each["VolumeId"])], each) for each in described]
    roots = [each for each in volumes if each.device == instance.get("RootDeviceName")]
    root = roots[0] if roots else min(volumes, key=lambda each: each.attached_at or 0)
    others = tuple(each for each in volumes if each is not root)
    of_launch = [each for each in others if not _attached_later(each, root)]
    if of_launch:
        named = ", ".join(each.label for each in (root, *of_launch))
        raise RequestRejected("MultipleVolumesNotExportable", f"{machine} was launched with {named}.")
    if root.encrypted:
        raise RequestRejected(
            "EncryptedVolumeNotExportable", f"{machine}: {root.label} is encrypted.", volume=root.volume_id
        )
    return root, others


def _volume(mapping: Mapping[str, Any], described: Mapping[str, Any]) -> Volume:
    attached_at = mapping["Ebs"].get("AttachTime")
    return Volume(
        device=mapping.get("DeviceName", ""),
        size=int(described["Size"]),
        encrypted=bool(described.get("Encrypted")),
        snapshot_id=described.get("SnapshotId") or None,
        volume_id=described["VolumeId"],
        attached_at=attached_at.timestamp() if attached_at else None,
    )


def _attached_later(volume: Volume, root: Volume) -> bool:
    if volume.attached_at is None or root.attached_at is None:
        return False
    return volume.attached_at - root.attached_at > _LAUNCH_SECONDS


def _examine_origin(
    machine: str, instance: Mapping[str, Any], root: Volume, ec2: EC2Client, account: str
) -> Iterator[Advice]:
    """Refuse an instance whose AMI or snapshot is gone, or somebody else's.

    A volume without a snapshot is one that ImportInstance has written; EC2 shows nobody its AMI.
    """
    if root.snapshot_id is None:
        return iter(())
    image_id = str(instance.get("ImageId"))
    image, snapshot = find_image(ec2, image_id), find_snapshot(ec2, root.snapshot_id)
    if image is not None and image.get("OwnerId") != account:
        raise RequestRejected(
            "ForeignSnapshotNotExportable",
            f"{machine} was launched from {image_id} of the account {image.get('OwnerId')}.",
            snapshot=root.snapshot_id,
        )
    if image is None or snapshot is None:
        gone = f"AMI {image_id}" if image is None else f"snapshot {root.snapshot_id}"
        raise RequestRejected(
            "InstanceSourceGone",
            f"{machine} was launched from the {gone}, which EC2 does not show any more.",
            gone=gone,
        )
    require_own_snapshot(machine, snapshot, account)
    require_one_boot_mode(machine, image)
    return _advise_on_image(machine, image)


def _advise_on_image(machine: str, image: Mapping[str, Any]) -> Iterator[Advice]:
    if image.get("State") == "disabled":
        yield Advice(
            code="ImageOfInstanceDisabled",
            message=f"{machine} was launched from the AMI {image['ImageId']}, which is disabled. AWS says of "
            "AMIs that were deleted that their instances are not exported, and of disabled ones nothing.",
            remedy=f"If it is refused: `aws ec2 enable-image --image-id {image['ImageId']}` for the time of "
            "the export.",
        )
    named = [
        each.get("DeviceName", "")
        for each in image.get("BlockDeviceMappings", [])
        if str(each.get("VirtualName", "")).startswith("ephemeral")
    ]
    if named:
        yield Advice(
            code="InstanceStoreMapped",
            message=f"The AMI of {machine[0].lower()}{machine[1:]} maps instance store volumes "
            f"({', '.join(named)}). Where the instance has them, VM Import/Export does not export it.",
            remedy="If it is refused, make an AMI of it without these mappings and export that.",
        )


def _advise_on_left_out(machine: str, volumes: tuple[Volume, ...]) -> Iterator[Advice]:
    if volumes:
        yield Advice(
            code="VolumesLeftOut",
            message=f"{machine} has volumes that were attached after its launch: "
            f"{', '.join(volume.label for volume in volumes)}. VM Import/Export exports the volumes of the "
            "launch only; these are left out, or EC2 refuses the instance because of them.",
            remedy="Detach them for the export, and take them out by snapshots: an AMI registered of a "
            "snapshot can be exported by itself.",
        )


def _require_reboot_allowed(machine: str, instance: Mapping[str, Any], allow_reboot: bool) -> None:
    if instance["State"]["Name"] == "running" and not allow_reboot:
        raise RequestRejected("RebootNotAllowed", f"{machine} is running, and an export may reboot it.")
