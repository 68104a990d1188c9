"""AMIs of own snapshots through boto3: registered, copied, deregistered."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.making import eventually, unique
from tests.local.storage import Storage
from vmie_local import LocalAws


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


def test_a_registered_image_has_what_it_was_registered_with(
    storage: Storage, snapshot_id: str, image_id: str
) -> None:
    image = storage.image(image_id)

    assert (image["Architecture"], image["VirtualizationType"], image["EnaSupport"]) == (
        "x86_64",
        "hvm",
        True,
    )
    assert image["Tags"] == [{"Key": "team", "Value": "web"}]
    assert "BootMode" not in image
    root, data = image["BlockDeviceMappings"]
    assert root == {
        "DeviceName": "/dev/xvda",
        "Ebs": {
            "DeleteOnTermination": True,
            "Encrypted": False,
            "SnapshotId": snapshot_id,
            "VolumeSize": 1,
            "VolumeType": "gp3",
        },
    }
    assert (data["Ebs"]["VolumeSize"], data["Ebs"]["DeleteOnTermination"]) == (2, False)
    assert "SnapshotId" not in data["Ebs"]


def test_an_image_boots_by_uefi_with_a_tpm_and_imds_v2(storage: Storage, snapshot_id: str) -> None:
    image = storage.image(
        storage.register(snapshot_id, BootMode="uefi", TpmSupport="v2.0", ImdsSupport="v2.0")
    )

    assert (image["BootMode"], image["TpmSupport"], image["ImdsSupport"]) == ("uefi", "v2.0", "v2.0")


REFUSED_IMAGES: list[tuple[dict[str, Any], str]] = [
    ({"Name": "no;semicolon"}, r"InvalidAMIName\.Malformed"),
    ({"BlockDeviceMappings": []}, "InvalidBlockDeviceMapping.*No root snapshot specified"),
    ({"RootDeviceName": "/dev/sda1"}, "InvalidBlockDeviceMapping.*No root snapshot specified"),
    ({"Architecture": "vax"}, r"InvalidParameterValue.*\(vax\) for parameter architecture"),
    ({"TpmSupport": "v2.0", "BootMode": "legacy-bios"}, "InvalidParameterCombination.*uefi"),
    (
        {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-00"}}]},
        r"InvalidSnapshot\.NotFound",
    ),
    (
        {"ImageLocation": "bucket/image.manifest.xml"},
        "The local AWS does not know ImageLocation of RegisterImage",
    ),
    (
        {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}]},
        "The local AWS does not know the instance store volume ephemeral0",
    ),
    ({"DryRun": True}, "DryRunOperation"),
]


@pytest.mark.parametrize(("parameters", "words"), REFUSED_IMAGES)
def test_an_image_that_cannot_be_is_refused(
    storage: Storage, snapshot_id: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        storage.register(snapshot_id, **parameters)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("boot-mode", "uefi"),
        ("tpm-support", "v2.0"),
        ("block-device-mapping.volume-size", "7"),
        ("block-device-mapping.device-name", "/dev/sdq"),
        ("description", "found by*"),
    ],
)
def test_images_are_found_by_what_they_have(
    storage: Storage, snapshot_id: str, image_id: str, name: str, wanted: str
) -> None:
    root = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}
    image = storage.register(
        snapshot_id,
        BootMode="uefi",
        TpmSupport="v2.0",
        Description="found by its attributes",
        BlockDeviceMappings=[root, {"DeviceName": "/dev/sdq", "Ebs": {"VolumeSize": 7}}],
    )
    of_snapshot = {"Name": "block-device-mapping.snapshot-id", "Values": [snapshot_id]}
    found = storage.ec2.describe_images(Filters=[{"Name": name, "Values": [wanted]}, of_snapshot])["Images"]

    ids = [one["ImageId"] for one in found]
    assert image in ids
    assert image_id not in ids


def test_what_of_an_image_is_changed_stays_changed(storage: Storage, snapshot_id: str) -> None:
    ec2, image_id = storage.ec2, storage.register(snapshot_id)
    ec2.modify_image_attribute(ImageId=image_id, Description={"Value": "golden"})
    ec2.modify_image_attribute(ImageId=image_id, ImdsSupport={"Value": "v2.0"})
    ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"UserId": "210987654321"}]})

    image = storage.image(image_id)
    assert (image["Description"], image["ImdsSupport"]) == ("golden", "v2.0")
    shown = ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")["LaunchPermissions"]
    assert shown == [{"UserId": "210987654321"}]
    imds = ec2.describe_image_attribute(ImageId=image_id, Attribute="imdsSupport")
    assert imds["ImdsSupport"] == {"Value": "v2.0"}


def test_a_mapping_that_contradicts_its_snapshot_is_refused(storage: Storage, snapshot_id: str) -> None:
    encrypted = {"SnapshotId": snapshot_id, "Encrypted": True}
    root = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}

    with pytest.raises(ClientError, match="encrypted flag cannot be specified since device /dev/xvda"):
        storage.register(snapshot_id, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": encrypted}])
    with pytest.raises(ClientError, match="Duplicate device name"):
        storage.register(snapshot_id, BlockDeviceMappings=[root, root])


def test_two_images_cannot_have_one_name_until_the_first_is_gone(storage: Storage, snapshot_id: str) -> None:
    name = unique("golden")
    first = storage.register(snapshot_id, Name=name)
    with pytest.raises(ClientError, match=rf"InvalidAMIName\.Duplicate.*AMI name {name} .* by AMI {first}"):
        storage.register(snapshot_id, Name=name)
    storage.ec2.deregister_image(ImageId=first)
    with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable.*no longer available"):
        storage.ec2.deregister_image(ImageId=first)

    assert storage.register(snapshot_id, Name=name) != first


def test_a_snapshot_goes_only_when_no_image_needs_it(storage: Storage) -> None:
    snapshot_id = storage.write()
    first, second = storage.register(snapshot_id), storage.register(snapshot_id)
    for image_id in (first, second):
        with pytest.raises(ClientError, match=r"InvalidSnapshot\.InUse"):
            storage.ec2.delete_snapshot(SnapshotId=snapshot_id)
        storage.ec2.deregister_image(ImageId=image_id)
        assert storage.holds_content(snapshot_id)
    storage.ec2.delete_snapshot(SnapshotId=snapshot_id)

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        storage.holds_content(snapshot_id)


def test_deregistering_can_take_the_snapshots_that_nobody_else_needs(
    storage: Storage, snapshot_id: str
) -> None:
    copy = storage.copy_snapshot(snapshot_id)["SnapshotId"]
    devices = [
        {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": copy}},
        {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": snapshot_id}},
    ]
    image_id, other = storage.register(copy, BlockDeviceMappings=devices), storage.register(snapshot_id)
    answer = storage.ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)

    assert {one["SnapshotId"]: one["ReturnCode"] for one in answer["DeleteSnapshotResults"]} == {
        copy: "success",
        snapshot_id: "skipped",
    }
    storage.ec2.deregister_image(ImageId=other)


def test_a_copied_image_has_the_same_bytes_in_another_region(storage: Storage, image_id: str) -> None:
    there = storage.cloud.client("ec2", region="eu-west-1")
    wish = {
        "Name": unique("copy"),
        "SourceImageId": image_id,
        "SourceRegion": "us-east-1",
        "ClientToken": unique("t"),
    }
    copy = there.copy_image(CopyImageTags=True, **wish)["ImageId"]
    assert there.copy_image(CopyImageTags=True, **wish)["ImageId"] == copy
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        there.copy_image(**wish)
    storage.await_image(copy, there)
    image = storage.image(copy, there)
    root = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    (snapshot,) = there.describe_snapshots(SnapshotIds=[root])["Snapshots"]

    assert storage.holds_content(root, "eu-west-1")
    assert snapshot["Description"].startswith(
        f"Copied for DestinationAmi {copy} from SourceAmi {image_id} for "
    )
    assert (image["SourceImageId"], image["SourceImageRegion"]) == (image_id, "us-east-1")
    assert image["Tags"] == [{"Key": "team", "Value": "web"}]
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        storage.image(copy)


def test_a_copy_has_no_tags_and_no_description_that_it_was_not_given(storage: Storage, image_id: str) -> None:
    wish = {"SourceImageId": image_id, "SourceRegion": "us-east-1"}
    bare = storage.ec2.copy_image(Name=unique("copy"), **wish)["ImageId"]
    tags = [{"ResourceType": "image", "Tags": [{"Key": "team", "Value": "db"}]}]
    both = storage.ec2.copy_image(
        Name=unique("copy"), CopyImageTags=True, Description="mine", TagSpecifications=tags, **wish
    )["ImageId"]

    assert (storage.image(bare)["Tags"], storage.image(bare)["Description"]) == ([], "")
    assert (storage.image(both)["Tags"], storage.image(both)["Description"]) == (tags[0]["Tags"], "mine")


def test_a_copy_can_be_encrypted_tagged_and_outlive_its_source(storage: Storage) -> None:
    source = storage.write()
    key = storage.cloud.client("kms").create_key()["KeyMetadata"]
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "team", "Value": "web"}]}]
    answer = storage.copy_snapshot(source, Encrypted=True, KmsKeyId=key["KeyId"], TagSpecifications=tags)
    copy = answer["SnapshotId"]
    storage.ec2.delete_snapshot(SnapshotId=source)
    shown = storage.snapshot(copy)

    assert (shown["Encrypted"], shown["KmsKeyId"], shown["Progress"]) == (True, key["Arn"], "100%")
    assert answer["Tags"] == shown["Tags"] == tags[0]["Tags"]
    assert storage.holds_content(copy)


def test_a_copy_is_no_later_state_of_its_source(storage: Storage, snapshot_id: str) -> None:
    copy = storage.copy_snapshot(snapshot_id)["SnapshotId"]

    with pytest.raises(ClientError, match="have no common origin"):
        storage.cloud.client("ebs").list_changed_blocks(FirstSnapshotId=snapshot_id, SecondSnapshotId=copy)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"SourceRegion": "atlantis-1"}, "Invalid source Region: atlantis-1"),
        ({"SourceImageId": "ami-00000000000000000"}, r"InvalidAMIID\.NotFound"),
        ({"KmsKeyId": "alias/x"}, r"InvalidParameterDependency.*KmsKeyId"),
        ({"KmsKeyId": "alias/x", "Encrypted": True}, "The specified KMS key is not accessible"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_a_copy_that_cannot_be_is_refused(
    storage: Storage, image_id: str, parameters: dict[str, Any], words: str
) -> None:
    wish = {"Name": "refused", "SourceImageId": image_id, "SourceRegion": "us-east-1", **parameters}

    with pytest.raises(ClientError, match=words):
        storage.ec2.copy_image(**wish)


def test_an_image_that_becomes_available_is_an_event(storage: Storage, snapshot_id: str) -> None:
    sqs, events = storage.cloud.client("sqs"), storage.cloud.client("events")
    url = sqs.create_queue(QueueName=unique("images"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = unique("images")
    pattern = (
        '{"source": ["aws.ec2"], "detail-type": ["EC2 AMI State Change"], "detail": {"State": ["available"]}}'
    )
    events.put_rule(Name=rule, EventPattern=pattern)
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn, "InputPath": "$.detail.ImageId"}])
    image_id = storage.register(snapshot_id)

    def heard() -> bool:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return any(image_id in message["Body"] for message in messages)

    assert eventually(heard, f"the event of {image_id}")
    events.remove_targets(Rule=rule, Ids=["queue"])
    events.delete_rule(Name=rule)


def test_a_disabled_image_is_shown_to_who_asks_for_it(storage: Storage, snapshot_id: str) -> None:
    image_id = storage.register(snapshot_id)
    storage.ec2.disable_image(ImageId=image_id)

    assert storage.ec2.describe_images(ImageIds=[image_id])["Images"] == []
    shown = storage.ec2.describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
    assert [(each["ImageId"], each["State"]) for each in shown] == [(image_id, "disabled")]

    storage.ec2.enable_image(ImageId=image_id)
    assert storage.image(image_id)["State"] == "available"
