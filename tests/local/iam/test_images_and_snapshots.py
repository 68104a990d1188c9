"""What a role needs to import snapshots, and to make AMIs and volumes of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.iam.roles import Role, RoleMaker, allow, refused
from tests.local.making import unique
from tests.local.storage import Storage
from vmie_local import LocalAws

EC2 = "arn:aws:ec2:us-east-1"
DISK = {"Format": "RAW", "UserBucket": {"S3Bucket": "nobody-s-bucket-of-disks", "S3Key": "disk.raw"}}


@pytest.fixture(scope="module")
def storage(cloud: LocalAws) -> Storage:
    return Storage(cloud, cloud.client("ec2"))


@pytest.fixture(scope="module")
def snapshot_id(storage: Storage) -> str:
    return storage.write()


def tagged(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def test_an_import_needs_the_task_the_snapshot_the_role_and_the_right_to_tag(role: RoleMaker) -> None:
    importer: Role = role()
    ec2 = importer.client("ec2")
    statements = [
        allow("ec2:ImportSnapshot", f"{EC2}:123456789012:import-snapshot-task/*"),
        allow("ec2:ImportSnapshot", f"{EC2}::snapshot/*"),
        allow("iam:PassRole", "arn:aws:iam::123456789012:role/nobody"),
        allow(
            "ec2:CreateTags",
            f"{EC2}:123456789012:import-snapshot-task/*",
            Condition={"StringEquals": {"ec2:CreateAction": "ImportSnapshot", "aws:RequestTag/team": "web"}},
        ),
    ]

    def start(team: str = "web") -> Any:
        tags = tagged("import-snapshot-task", team=team)
        return ec2.import_snapshot(RoleName="nobody", DiskContainer=DISK, TagSpecifications=tags)

    for missing in range(len(statements)):
        importer.may(*(statements[:missing] + statements[missing + 1 :]))
        refused(start, "UnauthorizedOperation")
    importer.may(*statements)
    refused(lambda: start("api"), "UnauthorizedOperation")
    with pytest.raises(ClientError, match="The service role nobody provided does not exist"):
        start()


def test_a_snapshot_is_deleted_by_whom_its_tags_allow(storage: Storage, role: RoleMaker) -> None:
    snapshot_id = storage.write()
    storage.ec2.create_tags(Resources=[snapshot_id], Tags=[{"Key": "team", "Value": "web"}])

    def client(team: str) -> Any:
        condition = {"StringEquals": {"aws:ResourceTag/team": team}}
        return role(allow("ec2:DeleteSnapshot", Condition=condition)).client("ec2")

    refused(lambda: client("api").delete_snapshot(SnapshotId=snapshot_id), "UnauthorizedOperation")
    client("web").delete_snapshot(SnapshotId=snapshot_id)


def test_an_image_is_registered_of_allowed_snapshots_only(
    storage: Storage, snapshot_id: str, role: RoleMaker
) -> None:
    ec2 = role(
        allow("ec2:RegisterImage", f"{EC2}::image/*"),
        allow("ec2:RegisterImage", f"{EC2}::snapshot/{snapshot_id}"),
    ).client("ec2")

    def register(one: str) -> Any:
        return ec2.register_image(
            Name=unique("web"),
            RootDeviceName="/dev/xvda",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": one}}],
        )

    assert register(snapshot_id)["ImageId"]
    refused(lambda: register(storage.write()), "UnauthorizedOperation")


def test_copies_are_allowed_by_their_tags_and_their_source(
    storage: Storage, snapshot_id: str, role: RoleMaker
) -> None:
    image_id = storage.register(snapshot_id)
    condition = {"StringEquals": {"aws:RequestTag/team": "web"}}
    ec2 = role(
        allow("ec2:CopyImage", f"{EC2}::image/{image_id}"),
        allow("ec2:CopyImage", [f"{EC2}::image/*", f"{EC2}::snapshot/*"], Condition=condition),
        allow("ec2:CreateTags", "*", Condition={"StringEquals": {"ec2:CreateAction": "CopyImage"}}),
    ).client("ec2")

    def copy(*specifications: dict[str, Any]) -> Any:
        return ec2.copy_image(
            Name=unique("copy"),
            SourceImageId=image_id,
            SourceRegion="us-east-1",
            TagSpecifications=list(specifications),
        )

    (image_tags,), (snapshot_tags,) = tagged("image", team="web"), tagged("snapshot", team="web")
    assert copy(image_tags, snapshot_tags)["ImageId"]
    refused(lambda: copy(image_tags), "UnauthorizedOperation")


def test_a_volume_s_size_and_snapshot_are_conditions(snapshot_id: str, role: RoleMaker) -> None:
    condition = {
        "NumericLessThanEquals": {"ec2:VolumeSize": "2"},
        "ArnEquals": {"ec2:ParentSnapshot": f"{EC2}::snapshot/{snapshot_id}"},
    }
    ec2 = role(
        allow("ec2:CreateVolume", f"{EC2}:123456789012:volume/*", Condition=condition),
        allow("ec2:CreateVolume", f"{EC2}::snapshot/*"),
    ).client("ec2")

    wish = {"AvailabilityZone": "us-east-1a", "SnapshotId": snapshot_id}
    assert ec2.create_volume(Size=2, **wish)["VolumeId"]
    refused(lambda: ec2.create_volume(Size=3, **wish), "UnauthorizedOperation")
    refused(lambda: ec2.create_volume(AvailabilityZone="us-east-1a", Size=2), "UnauthorizedOperation")
