"""Volumes and instances through boto3: the disks of AMIs, attachments, snapshots and AMIs of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.making import eventually, unique
from tests.local.storage import Storage
from vmie_local import LocalAws
from vmie_local.ec2_storage import durations


@pytest.fixture(scope="module")
def storage(cloud: LocalAws) -> Storage:
    return Storage(cloud, cloud.client("ec2"))


@pytest.fixture(scope="module")
def snapshot_id(storage: Storage) -> str:
    return storage.write()


@pytest.fixture(scope="module")
def image_id(storage: Storage, snapshot_id: str) -> str:
    """An AMI of the snapshot and an empty volume."""
    devices = [
        {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id, "VolumeType": "gp3"}},
        {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 2, "DeleteOnTermination": False}},
    ]
    tags = [{"ResourceType": "image", "Tags": [{"Key": "team", "Value": "web"}]}]
    return storage.register(snapshot_id, BlockDeviceMappings=devices, TagSpecifications=tags)


@pytest.fixture(scope="module")
def instance_id(storage: Storage, image_id: str) -> Iterator[str]:
    (instance,) = storage.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"]
    yield instance["InstanceId"]
    storage.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes time never ends."""
    for name in [name for name in vars(durations) if name.isupper()]:
        monkeypatch.setattr(durations, name, 1e9)


def test_an_instance_has_the_image_s_disks_with_the_launch_s_changes(storage: Storage, image_id: str) -> None:
    changes = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 5}},
        {"DeviceName": "/dev/sdb", "NoDevice": ""},
        {"DeviceName": "/dev/sdc", "Ebs": {"VolumeSize": 3}},
    ]
    (instance,) = storage.ec2.run_instances(
        ImageId=image_id, MinCount=1, MaxCount=1, BlockDeviceMappings=changes
    )["Instances"]
    attached = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    volumes = storage.ec2.describe_volumes(Filters=attached)["Volumes"]

    found = {one["Attachments"][0]["Device"]: (one["Size"], one["VolumeType"]) for one in volumes}
    assert found == {"/dev/xvda": (5, "gp3"), "/dev/sdc": (3, "gp2")}
    storage.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_an_image_that_is_not_there_is_not_launched(storage: Storage) -> None:
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        storage.ec2.run_instances(ImageId="ami-00000000000000000", MinCount=1, MaxCount=1)


def test_a_volume_of_the_snapshot_is_made_attached_detached_and_deleted(
    storage: Storage, snapshot_id: str, instance_id: str
) -> None:
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "web"}]}]
    wish = {"AvailabilityZone": "us-east-1a", "SnapshotId": snapshot_id, "TagSpecifications": tags}
    made = storage.ec2.create_volume(ClientToken="t1", **wish)
    volume_id = made["VolumeId"]
    assert (made["State"], made["Size"], made["VolumeType"]) == ("creating", 1, "gp2")
    assert made["Tags"] == tags[0]["Tags"]
    assert storage.ec2.create_volume(ClientToken="t1", **wish)["VolumeId"] == volume_id
    storage.await_volume(volume_id)

    place = {"VolumeId": volume_id, "InstanceId": instance_id}
    assert storage.ec2.attach_volume(Device="/dev/sdf", **place)["State"] == "attaching"
    eventually(lambda: storage.volume(volume_id)["Attachments"][0]["State"] == "attached", "attachment")
    with pytest.raises(ClientError, match=f"VolumeInUse.*{volume_id} is already attached to an instance"):
        storage.ec2.attach_volume(Device="/dev/sdg", **place)
    with pytest.raises(ClientError, match="VolumeInUse"):
        storage.ec2.delete_volume(VolumeId=volume_id)
    assert storage.ec2.detach_volume(VolumeId=volume_id)["State"] == "detaching"
    storage.await_volume(volume_id)
    storage.ec2.delete_volume(VolumeId=volume_id)

    with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
        storage.volume(volume_id)


def test_a_volume_s_zone_can_be_given_by_its_id(storage: Storage) -> None:
    (zone, *_) = storage.ec2.describe_availability_zones()["AvailabilityZones"]
    volume = storage.ec2.create_volume(AvailabilityZoneId=zone["ZoneId"], Size=1)

    assert (volume["AvailabilityZone"], volume["AvailabilityZoneId"]) == (zone["ZoneName"], zone["ZoneId"])
    assert storage.volume(volume["VolumeId"])["AvailabilityZoneId"] == zone["ZoneId"]
    storage.await_volume(volume["VolumeId"])
    storage.ec2.delete_volume(VolumeId=volume["VolumeId"])


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"AvailabilityZone": "us-east-1z"}, r"InvalidZone\.NotFound"),
        ({"AvailabilityZone": None}, "MissingParameter.*availabilityZone"),
        ({"AvailabilityZoneId": "use1-az1"}, "InvalidParameterCombination"),
        ({"SnapshotId": "snap-00"}, r"InvalidSnapshot\.NotFound"),
        ({"SnapshotId": None}, "MissingParameter.*size/snapshot"),
        ({"VolumeType": "io2", "Size": 4}, "InvalidParameterDependency.*Iops"),
        ({"VolumeType": "st1"}, "too small for volume type st1; minimum is 125GiB"),
        ({"Size": 99_999}, "too large for volume type gp2"),
        ({"KmsKeyId": "alias/x"}, "InvalidParameterDependency.*Encrypted"),
        ({"KmsKeyId": "alias/x", "Encrypted": True}, "The specified KMS key is not accessible"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_a_volume_that_cannot_be_is_refused(
    storage: Storage, snapshot_id: str, parameters: dict[str, Any], words: str
) -> None:
    wish = {"AvailabilityZone": "us-east-1a", "SnapshotId": snapshot_id, **parameters}

    with pytest.raises(ClientError, match=words):
        storage.ec2.create_volume(**{name: value for name, value in wish.items() if value is not None})


def test_a_volume_is_attached_where_it_fits_only(storage: Storage, instance_id: str) -> None:
    here, elsewhere = (
        storage.ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
        for zone in ("us-east-1a", "us-east-1b")
    )
    for volume_id in (here, elsewhere):
        storage.await_volume(volume_id)

    for volume_id, device, instance, words in (
        (elsewhere, "/dev/sdf", instance_id, r"InvalidVolume\.ZoneMismatch"),
        (here, "/dev/xvda", instance_id, "Attachment point /dev/xvda is already in use"),
        (here, "sdf", instance_id, "sdf is not a valid EBS device name"),
        (here, "/dev/sdf", "i-00000000000000000", r"InvalidInstanceID\.NotFound"),
        ("vol-00000000000000000", "/dev/sdf", instance_id, r"InvalidVolume\.NotFound"),
    ):
        with pytest.raises(ClientError, match=words):
            storage.ec2.attach_volume(VolumeId=volume_id, Device=device, InstanceId=instance)
    with pytest.raises(ClientError, match=f"IncorrectState.*'{here}' is in the 'available' state"):
        storage.ec2.detach_volume(VolumeId=here)


def test_the_root_volume_of_a_running_instance_stays(storage: Storage, instance_id: str) -> None:
    attached = [
        {"Name": "attachment.instance-id", "Values": [instance_id]},
        {"Name": "attachment.device", "Values": ["/dev/xvda"]},
    ]
    (volume,) = storage.ec2.describe_volumes(Filters=attached)["Volumes"]

    with pytest.raises(ClientError, match="Unable to detach root volume"):
        storage.ec2.detach_volume(VolumeId=volume["VolumeId"])


def test_a_snapshot_of_a_volume_holds_the_volume_s_bytes(storage: Storage, snapshot_id: str) -> None:
    volume_id = storage.ec2.create_volume(AvailabilityZone="us-east-1a", SnapshotId=snapshot_id)["VolumeId"]
    storage.await_volume(volume_id)
    taken = storage.ec2.create_snapshot(VolumeId=volume_id, Description="of a volume")
    storage.ec2.delete_volume(VolumeId=volume_id)
    storage.await_snapshot(taken["SnapshotId"])
    ebs = storage.cloud.client("ebs")
    changed = ebs.list_changed_blocks(FirstSnapshotId=snapshot_id, SecondSnapshotId=taken["SnapshotId"])

    assert (taken["State"], taken["VolumeId"], taken["VolumeSize"]) == ("pending", volume_id, 1)
    assert storage.holds_content(taken["SnapshotId"])
    assert changed["ChangedBlocks"] == []


def test_an_image_of_an_instance_has_the_devices_that_were_asked_for(
    storage: Storage, instance_id: str
) -> None:
    changes = [
        {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False, "VolumeSize": 6}},
        {"DeviceName": "/dev/sdb", "NoDevice": ""},
        {"DeviceName": "/dev/sdc", "Ebs": {"VolumeSize": 3, "VolumeType": "gp3"}},
    ]
    made = storage.ec2.create_image(
        InstanceId=instance_id, Name=unique("changed"), BlockDeviceMappings=changes
    )["ImageId"]
    mappings = storage.image(made)["BlockDeviceMappings"]

    shown = [(one["DeviceName"], one["Ebs"]["VolumeSize"], one["Ebs"]["VolumeType"]) for one in mappings]
    assert shown == [("/dev/xvda", 6, "gp3"), ("/dev/sdc", 3, "gp3")]
    assert mappings[0]["Ebs"]["DeleteOnTermination"] is False
    with pytest.raises(ClientError, match="does not know BootModeOverride of CreateImage"):
        storage.ec2.create_image(InstanceId=instance_id, Name=unique("other"), BootModeOverride="uefi")


def test_snapshots_of_all_disks_of_an_instance_hold_their_bytes(storage: Storage, instance_id: str) -> None:
    made = storage.ec2.create_snapshots(InstanceSpecification={"InstanceId": instance_id})["Snapshots"]
    by_size = {one["VolumeSize"]: one["SnapshotId"] for one in made}

    assert storage.holds_content(by_size[1])
    assert storage.cloud.client("ebs").list_snapshot_blocks(SnapshotId=by_size[2])["Blocks"] == []


def test_a_volume_can_be_encrypted_with_a_key_of_one_s_own(storage: Storage, snapshot_id: str) -> None:
    key = storage.cloud.client("kms").create_key()["KeyMetadata"]
    volume_id = storage.make_volume(SnapshotId=snapshot_id, Encrypted=True, KmsKeyId=key["KeyId"])
    taken = storage.ec2.create_snapshot(VolumeId=volume_id)

    volume = storage.volume(volume_id)
    assert (volume["Encrypted"], volume["KmsKeyId"]) == (True, key["Arn"])
    assert (taken["Encrypted"], taken["KmsKeyId"]) == (True, key["Arn"])


def test_an_image_of_an_instance_holds_its_volumes(storage: Storage, image_id: str, instance_id: str) -> None:
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "team", "Value": "web"}]}]
    name = unique("from-instance")
    made = storage.ec2.create_image(InstanceId=instance_id, Name=name, TagSpecifications=tags)["ImageId"]
    storage.await_image(made)
    image = storage.image(made)
    root = image["BlockDeviceMappings"][0]
    (snapshot,) = storage.ec2.describe_snapshots(SnapshotIds=[root["Ebs"]["SnapshotId"]])["Snapshots"]

    assert [mapping["DeviceName"] for mapping in image["BlockDeviceMappings"]] == ["/dev/xvda", "/dev/sdb"]
    assert storage.holds_content(root["Ebs"]["SnapshotId"])
    assert (image["SourceInstanceId"], image["Architecture"]) == (instance_id, "x86_64")
    assert snapshot["Description"] == f"Created by CreateImage({instance_id}) for {made}"
    assert snapshot["Tags"] == tags[0]["Tags"]
    with pytest.raises(ClientError, match=r"InvalidAMIName\.Duplicate"):
        storage.ec2.create_image(InstanceId=instance_id, Name=name)


def test_the_bytes_of_a_terminated_instance_s_disks_are_gone(storage: Storage, image_id: str) -> None:
    (instance,) = storage.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"]
    volumes = {one["DeviceName"]: one["Ebs"]["VolumeId"] for one in instance["BlockDeviceMappings"]}
    blocks = storage.cloud.vm_import.blocks
    assert blocks.find(volumes["/dev/xvda"]) is not None
    storage.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])

    assert blocks.find(volumes["/dev/xvda"]) is None
    assert storage.volume(volumes["/dev/sdb"])["State"] == "available"


def test_encryption_by_default_encrypts_copies_and_volumes(storage: Storage, snapshot_id: str) -> None:
    there = storage.cloud.client("ec2", region="eu-north-1")
    there.enable_ebs_encryption_by_default()
    copy = there.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot_id)["SnapshotId"]
    volume = there.create_volume(AvailabilityZone="eu-north-1a", Size=1)

    source = storage.register(snapshot_id)
    image_id = there.copy_image(Name=unique("c"), SourceImageId=source, SourceRegion="us-east-1")["ImageId"]
    storage.await_image(image_id, there)
    (instance,) = there.run_instances(
        ImageId=image_id,
        MinCount=1,
        MaxCount=1,
        BlockDeviceMappings=[{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 1}}],
    )["Instances"]
    attached = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    launched = there.describe_volumes(Filters=attached)["Volumes"]

    (snapshot,) = there.describe_snapshots(SnapshotIds=[copy])["Snapshots"]
    assert (snapshot["Encrypted"], volume["Encrypted"]) == (True, True)
    assert [one["Encrypted"] for one in launched] == [True, True]
    assert snapshot["KmsKeyId"] == volume["KmsKeyId"]
    assert snapshot["KmsKeyId"].startswith("arn:aws:kms:eu-north-1:")
