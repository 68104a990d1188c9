"""May an AMI be exported (VM Import/Export User Guide, "Considerations for image export")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.exports.interim import Requests, require_lasting_image
from vmie_runtime.checks.exports.software import advise_on_windows, require_no_provided_software
from vmie_runtime.checks.exports.volumes import Volume, require_exportable_size
from vmie_runtime.errors import RequestRejected

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def require_exportable_image(
    ec2: EC2Client, image_id: str, account: str, requests: Requests
) -> tuple[Volume, list[Advice]]:
    """Refuse an AMI that ExportImage is known not to take, or that is about to go.

    Needs `ec2:DescribeImages`, `ec2:DescribeSnapshots` and `ec2:DescribeImportImageTasks`.

    Args:
        ec2: The EC2 client.
        image_id: The AMI.
        account: The stack's account.
        requests: The requests of the pipeline.

    Returns:
        The volume that is going to be exported, and what its owner should know.

    Raises:
        RequestRejected: With the first reason.
    """
    image = find_image(ec2, image_id)
    if image is None:
        raise RequestRejected("ExportedImageGone", f"EC2 shows no AMI {image_id}.", image=image_id)
    machine = f"The AMI {image_id}"
    if image.get("OwnerId") != account:
        raise RequestRejected(
            "ImageOfAnotherAccount",
            f"{machine} belongs to the account {image.get('OwnerId')}.",
            owner=image.get("OwnerId"),
        )
    if image.get("State") != "available":
        raise RequestRejected(
            "ImageNotAvailable", f"{machine} is {image.get('State')}.", state=image.get("State")
        )
    require_lasting_image(ec2, image, requests)
    require_no_provided_software(machine, image)
    require_one_boot_mode(machine, image)
    volume = _only_volume(machine, image, ec2, account)
    return volume, list(advise_on_windows(machine, image))


def find_image(ec2: EC2Client, image_id: str) -> Mapping[str, Any] | None:
    """An AMI as EC2 describes it, or None where it does not (any more).

    One that is disabled, or that somebody else has deprecated, is there: EC2 tells of it who asks for such.
    """
    found = _unless_gone(
        lambda: ec2.describe_images(ImageIds=[image_id], IncludeDisabled=True, IncludeDeprecated=True)[
            "Images"
        ],
        "InvalidAMIID",
    )
    return found[0] if found else None


def find_snapshot(ec2: EC2Client, snapshot_id: str) -> Mapping[str, Any] | None:
    """A snapshot as EC2 describes it, or None where it does not (any more)."""
    found = _unless_gone(
        lambda: ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"], "InvalidSnapshot"
    )
    return found[0] if found else None


def require_one_boot_mode(machine: str, image: Mapping[str, Any]) -> None:
    """Refuse what boots by BIOS and by UEFI: as far as EC2 tells, which looks into no boot loader.

    Raises:
        RequestRejected: `HybridBootNotExportable`.
    """
    if image.get("BootMode") == "uefi-preferred":
        raise RequestRejected("HybridBootNotExportable", f"{machine} has the boot mode uefi-preferred.")


def _only_volume(machine: str, image: Mapping[str, Any], ec2: EC2Client, account: str) -> Volume:
    mappings = [each for each in image.get("BlockDeviceMappings", []) if "Ebs" in each]
    if image.get("RootDeviceType") == "instance-store" or not mappings:
        raise RequestRejected(
            "InstanceStoreNotExportable", f"{machine} has no EBS volume for its root device."
        )
    volumes = [_volume(machine, mapping, ec2, account) for mapping in mappings]
    if any(volume.encrypted for volume in volumes):
        named = ", ".join(volume.label for volume in volumes if volume.encrypted)
        raise RequestRejected(
            "EncryptedImageNotExportable", f"{machine} is encrypted: {named}.", image=image["ImageId"]
        )
    if len(volumes) > 1:
        named = ", ".join(volume.label for volume in volumes)
        raise RequestRejected("MultipleDisksNotExportable", f"{machine} has {len(volumes)} disks: {named}.")
    require_exportable_size(machine, volumes[0])
    return volumes[0]


def _volume(machine: str, mapping: Mapping[str, Any], ec2: EC2Client, account: str) -> Volume:
    ebs, device = mapping["Ebs"], mapping.get("DeviceName", "")
    snapshot_id = ebs.get("SnapshotId")
    snapshot = find_snapshot(ec2, snapshot_id) if snapshot_id else None
    if snapshot is None:
        raise RequestRejected(
            "SourceSnapshotGone",
            f"{machine} needs the snapshot {snapshot_id} at {device}, which EC2 does not show.",
            snapshot=snapshot_id,
        )
    require_own_snapshot(machine, snapshot, account)
    return Volume(
        device=device,
        size=int(ebs.get("VolumeSize") or snapshot["VolumeSize"]),
        encrypted=bool(ebs.get("Encrypted") or snapshot.get("Encrypted")),
        snapshot_id=snapshot_id,
    )


def require_own_snapshot(machine: str, snapshot: Mapping[str, Any], account: str) -> None:
    """Refuse a snapshot that somebody else shares.

    Raises:
        RequestRejected: `ForeignSnapshotNotExportable`.
    """
    if snapshot.get("OwnerId") != account:
        snapshot_id = snapshot["SnapshotId"]
        raise RequestRejected(
            "ForeignSnapshotNotExportable",
            f"{machine} comes from the snapshot {snapshot_id} of the account {snapshot.get('OwnerId')}.",
            snapshot=snapshot_id,
        )


def _unless_gone(describe: Callable[[], Sequence[Any]], code: str) -> Sequence[Any]:
    """What a Describe operation finds; nothing where it says by an error that there is none."""
    try:
        with transient_errors_named():
            return describe()
    except ClientError as error:
        if not error_code(error).startswith(code):
            raise
        return ()
