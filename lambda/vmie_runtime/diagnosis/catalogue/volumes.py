"""What the calls after an import say: volumes made of snapshots, attached, and images registered."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

MEANINGS = (
    Meaning(
        code="ZoneNotFound",
        category=Category.REQUEST,
        aws_codes=("InvalidZone.NotFound",),
        cause="The Region has no Availability Zone of this name or id for the account.",
        remedy="`aws ec2 describe-availability-zones` lists those it has; an id (`euw1-az1`) goes into "
        "`AvailabilityZoneId`, a name (`eu-west-1a`) into `AvailabilityZone`.",
        documentation=links.EBS_CREATE_VOLUME,
    ),
    Meaning(
        code="VolumeZoneMismatch",
        category=Category.REQUEST,
        aws_codes=("InvalidVolume.ZoneMismatch",),
        cause="The volume is in another Availability Zone than the instance that it is to be attached to.",
        remedy="Name the instance's zone in `Vmie.CreateVolume.AvailabilityZone`; `aws ec2 "
        "describe-instances --instance-ids …` shows it.",
        documentation=links.EBS_ATTACH_VOLUME,
    ),
    Meaning(
        code="DeviceTaken",
        category=Category.REQUEST,
        texts=("Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use",),
        pattern=r"Attachment point (?P<device>\S+) is already in use",
        cause="The instance has a volume at this device name already.",
        found="The name is {device}.",
        remedy="Name another one in `Vmie.AttachVolume.Device`: `/dev/sdf` to `/dev/sdp`.",
        documentation=links.EBS_ATTACH_VOLUME,
    ),
    Meaning(
        code="VolumeNotFound",
        category=Category.REQUEST,
        aws_codes=("InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "InvalidAttachment.NotFound"),
        cause="The volume, or its attachment, is gone: somebody deleted or detached it meanwhile.",
        remedy="CloudTrail's events DeleteVolume and DetachVolume name who it was; then drop the request "
        "again.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="InvalidVolumeType",
        category=Category.REQUEST,
        aws_codes=("UnknownVolumeType",),
        cause="EBS has no volume of this type, or not with the performance that is asked for with it.",
        remedy="`VolumeType` is gp3, gp2, io2, io1, st1, sc1 or standard; `Iops` goes with gp3, io1 and io2, "
        "`Throughput` with gp3.",
        documentation=links.EBS_VOLUME_TYPES,
    ),
    Meaning(
        code="InvalidImageName",
        category=Category.REQUEST,
        aws_codes=("InvalidAMIName.Malformed",),
        cause="The AMI's name has a length or characters that EC2 does not take.",
        remedy="`Vmie.Name` has 3 to 128 letters, digits, spaces and `( ) [ ] . / - ' @ _`.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="SnapshotNotEncrypted",
        category=Category.REQUEST,
        cause="The image is to be encrypted, and a snapshot that the request brings along is not: an image "
        "is registered of snapshots as they are.",
        found="The snapshots are {snapshots}.",
        remedy="Copy each encrypted (`aws ec2 copy-snapshot --encrypted --kms-key-id …`), let the stack's "
        "owner add the copy to `allowed_snapshots`, and name it in place of the other.",
        documentation=links.EBS_ENCRYPTION,
    ),
    Meaning(
        code="InvalidBlockDevices",
        category=Category.REQUEST,
        aws_codes=("InvalidBlockDeviceMapping",),
        cause="The block devices of the AMI do not fit together: a volume smaller than its snapshot, a name "
        "used twice, or a root device that is not among them.",
        remedy="Leave `RootDeviceName` and sizes to the pipeline, or correct what the message names.",
        documentation=links.EC2_ERRORS,
    ),
)
