"""The library's permissions, enforced: they let the workflow do its work, on what is its own only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from tests.local.iam.roles import ACCOUNT, RoleMaker, refused
from tests.unit.constructs.synthesis import as_list, synthesise
from vmie_constructs.runtime_function import RuntimeFunction
from vmie_constructs.snapshot_permissions import (
    allow_attach_volume,
    allow_clean_up_snapshots,
    allow_clean_up_volumes,
    allow_copy_image,
    allow_create_volume,
    allow_register_image,
)
from vmie_local import LocalAws

WORKFLOW = "requests-of-ours"
OWN = [{"Key": "vmie:workflow", "Value": WORKFLOW}]
DENIED = "UnauthorizedOperation"


def statements(grant: Callable[[RuntimeFunction], None]) -> list[dict[str, Any]]:
    """What a function is granted in EC2, as CloudFormation would write it into its role."""

    def build(stack: cdk.Stack) -> None:
        function = RuntimeFunction(
            stack,
            "Step",
            handler="steps.start_import",
            description="Under test",
            lost_event_reason="The state machine waits.",
        )
        grant(function)

    found = synthesise(build, account=ACCOUNT, region="us-east-1").statements("StepRole")
    return [each for each in found if any(name.startswith("ec2:") for name in as_list(each["Action"]))]


def tagged(*kinds: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": OWN} for kind in kinds]


class Account:
    """What is in the account already: of the workflow, and of others."""

    def __init__(self, cloud: LocalAws) -> None:
        self.ec2 = cloud.client("ec2")

    def snapshot(self, **more: Any) -> str:
        volume = self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
        self.ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
        snapshot: str = self.ec2.create_snapshot(VolumeId=volume, **more)["SnapshotId"]
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
        return snapshot

    def image(self, name: str, snapshot: str, **more: Any) -> str:
        image: str = self.ec2.register_image(**image_of(name, snapshot), **more)["ImageId"]
        self.ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
        return image

    def instance(self, image: str) -> str:
        made = self.ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, Placement={"AvailabilityZone": "us-east-1a"}
        )
        return str(made["Instances"][0]["InstanceId"])


def image_of(name: str, snapshot: str) -> dict[str, Any]:
    return {
        "Name": name,
        "RootDeviceName": "/dev/sda1",
        "Architecture": "x86_64",
        "VirtualizationType": "hvm",
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot}}],
    }


@pytest.fixture(scope="module")
def account(cloud: LocalAws) -> Account:
    return Account(cloud)


@pytest.fixture(scope="module")
def own_snapshot(account: Account) -> str:
    return account.snapshot(TagSpecifications=tagged("snapshot"))


@pytest.fixture(scope="module")
def foreign_snapshot(account: Account) -> str:
    return account.snapshot()


def test_images_are_registered_of_own_snapshots_and_marked(
    role: RoleMaker, own_snapshot: str, foreign_snapshot: str
) -> None:
    ec2 = role(*statements(lambda function: allow_register_image(function, WORKFLOW))).client("ec2")
    own, foreign = image_of("registered", own_snapshot), image_of("registered-foreign", foreign_snapshot)

    ec2.register_image(**own, TagSpecifications=tagged("image"))
    refused(lambda: ec2.register_image(**{**own, "Name": "registered-untagged"}), DENIED)
    refused(lambda: ec2.register_image(**foreign, TagSpecifications=tagged("image")), DENIED)


def test_own_images_are_copied_and_marked(
    role: RoleMaker, account: Account, own_snapshot: str, foreign_snapshot: str
) -> None:
    ec2 = role(*statements(lambda function: allow_copy_image(function, WORKFLOW))).client("ec2")
    own = account.image("to-copy", own_snapshot, TagSpecifications=tagged("image"))
    foreign = account.image("not-to-copy", foreign_snapshot)
    copy = {"SourceRegion": "us-east-1", "TagSpecifications": tagged("image", "snapshot")}

    ec2.copy_image(Name="copied", SourceImageId=own, **copy)
    refused(
        lambda: ec2.copy_image(Name="copied-untagged", SourceImageId=own, SourceRegion="us-east-1"), DENIED
    )
    refused(lambda: ec2.copy_image(Name="copied-foreign", SourceImageId=foreign, **copy), DENIED)


def test_own_volumes_are_made_attached_to_allowed_instances_and_deleted(
    role: RoleMaker, account: Account, own_snapshot: str, foreign_snapshot: str
) -> None:
    image = account.image("to-run", foreign_snapshot)
    allowed, other = account.instance(image), account.instance(image)

    def grant(function: RuntimeFunction) -> None:
        allow_create_volume(function, WORKFLOW)
        allow_attach_volume(function, WORKFLOW, [allowed])
        allow_clean_up_snapshots(function, WORKFLOW)
        allow_clean_up_volumes(function, WORKFLOW, [allowed])

    ec2 = role(*statements(grant)).client("ec2")
    made = {"AvailabilityZone": "us-east-1a", "TagSpecifications": tagged("volume")}
    foreign = account.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    account.ec2.get_waiter("instance_running").wait(
        InstanceIds=[allowed, other], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )

    refused(lambda: ec2.create_volume(SnapshotId=foreign_snapshot, **made), DENIED)
    refused(lambda: ec2.create_volume(SnapshotId=own_snapshot, AvailabilityZone="us-east-1a"), DENIED)
    volume = ec2.create_volume(SnapshotId=own_snapshot, **made)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
    refused(lambda: ec2.attach_volume(VolumeId=volume, InstanceId=other, Device="/dev/sdf"), DENIED)
    refused(lambda: ec2.attach_volume(VolumeId=foreign, InstanceId=allowed, Device="/dev/sdf"), DENIED)
    ec2.attach_volume(VolumeId=volume, InstanceId=allowed, Device="/dev/sdf")
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
    ec2.detach_volume(VolumeId=volume, InstanceId=allowed)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
    refused(lambda: ec2.delete_volume(VolumeId=foreign), DENIED)
    ec2.delete_volume(VolumeId=volume)
    account.ec2.terminate_instances(InstanceIds=[allowed, other])


def test_only_own_images_and_snapshots_are_cleaned_up(
    role: RoleMaker, account: Account, foreign_snapshot: str
) -> None:
    ec2 = role(*statements(lambda function: allow_clean_up_snapshots(function, WORKFLOW))).client("ec2")
    snapshot = account.snapshot(TagSpecifications=tagged("snapshot"))
    own = account.image("to-remove", snapshot, TagSpecifications=tagged("image"))
    foreign = account.image("not-to-remove", foreign_snapshot)

    refused(lambda: ec2.deregister_image(ImageId=foreign), DENIED)
    refused(lambda: ec2.delete_snapshot(SnapshotId=foreign_snapshot), DENIED)
    ec2.deregister_image(ImageId=own)
    ec2.delete_snapshot(SnapshotId=snapshot)
