"""What the stack's owner allows requests to name: snapshots, zones, instances, tasks, keys, buckets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks.deployed import tasks_last
from tests.local.pipeline.conftest import SHARED_BUCKET, ZONE
from tests.local.pipeline.disks import BOOT, DATA_DISK, boot_disk, data_disk, holds, upload_disks
from tests.local.pipeline.harness import DEMO_DISK, Pipeline, eventually
from tests.local.pipeline.leavings import resources_of

pytestmark = pytest.mark.usefixtures("short_tasks")


@pytest.fixture(scope="module")
def instance(generous_stack: Pipeline) -> Iterator[str]:
    """A running instance in the allowed zone."""
    ec2 = generous_stack.ec2
    snapshot = generous_stack.cloud.client("ebs").start_snapshot(VolumeSize=1)["SnapshotId"]
    generous_stack.cloud.client("ebs").complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=0)
    image = ec2.register_image(
        Name="runs-already",
        Architecture="x86_64",
        VirtualizationType="hvm",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]
    ec2.get_waiter("image_available").wait(
        ImageIds=[image], WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200}
    )
    (launched,) = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, Placement={"AvailabilityZone": ZONE}
    )["Instances"]
    yield launched["InstanceId"]
    ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])
    ec2.deregister_image(ImageId=image)
    ec2.delete_snapshot(SnapshotId=snapshot)


def attached(instance: str) -> dict[str, Any]:
    """A request for a volume that is attached to the instance."""
    return {
        "DiskContainer": data_disk(),
        "Vmie": {
            "Tags": {"team": "data"},
            "CreateVolume": {"AvailabilityZone": ZONE, "VolumeType": "gp3"},
            "AttachVolume": {"InstanceId": instance, "Device": "/dev/sdf"},
        },
    }


@pytest.fixture
def detached(generous: Pipeline, instance: str) -> Iterator[None]:
    """What is attached to the instance beside its root goes after the test."""
    yield
    ec2 = generous.ec2
    for volume in ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])[
        "Volumes"
    ]:
        if volume["Attachments"][0]["Device"] != "/dev/xvda":
            ec2.detach_volume(VolumeId=volume["VolumeId"])


def test_a_disk_becomes_a_volume_that_is_attached_to_a_running_instance(
    generous: Pipeline, instance: str, detached: None
) -> None:
    upload_disks(generous)
    result = generous.ended(generous.ask("attached", attached(instance)))

    assert result["Status"] == "Succeeded", result
    (volume,) = generous.ec2.describe_volumes(VolumeIds=result["VolumeIds"])["Volumes"]
    assert (volume["AvailabilityZone"], volume["VolumeType"], volume["SnapshotId"]) == (
        ZONE,
        "gp3",
        result["SnapshotIds"][0],
    )
    assert [(each["InstanceId"], each["Device"]) for each in volume["Attachments"]] == [
        (instance, "/dev/sdf")
    ]
    tags = {tag["Key"]: tag["Value"] for tag in volume["Tags"]}
    assert (tags["team"], tags["vmie:request-id"]) == ("data", result["RequestId"])
    assert holds(generous, result["SnapshotIds"][0], DATA_DISK)


@pytest.mark.parametrize("call", ["CreateVolume", "AttachVolume"])
def test_a_start_killed_after_its_call_makes_one_volume_and_attaches_it_once(
    generous: Pipeline, instance: str, detached: None, call: str
) -> None:
    upload_disks(generous)
    kill = generous.cloud.functions.kill_when("StartTask", "ec2", call)
    result = generous.ended(generous.ask(f"killed-after-{call}", attached(instance)))

    assert len(kill.happened) == 1
    assert result["Status"] == "Succeeded", result
    made = {each for each in resources_of(generous, result["RequestId"]) if each.startswith("vol-")}
    assert made == set(result["VolumeIds"])


def test_stopping_an_import_that_is_about_to_attach_its_volume_leaves_neither_volume_nor_snapshot(
    generous: Pipeline, instance: str, detached: None
) -> None:
    upload_disks(generous)
    generous.inject("AttachVolume", Role="StartTask", Delay=700)
    key = generous.ask("stopped-while-attaching", attached(instance))
    eventually(generous.no_fault_is_pending, "the call of AttachVolume", every=0.02)
    request = generous.request_of(key)
    generous.states.stop_execution(executionArn=request["ExecutionArn"], cause="not that one")

    result = generous.ended(key)

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "ExecutionStopped"), result
    eventually(lambda: not resources_of(generous, request["Id"]), "nothing of the request")


def test_an_image_is_made_of_own_snapshots_which_stay_when_it_fails(generous: Pipeline) -> None:
    upload_disks(generous)
    made = generous.ended(generous.ask("source-of-snapshots", {"DiskContainer": boot_disk()}))
    container = {"SnapshotId": made["SnapshotIds"][0]}
    documents = {
        "of-snapshot": {"DiskContainers": [container]},
        "registered-of-snapshot": {"DiskContainers": [container], "Vmie": {"Method": "snapshot"}},
    }
    keys = {name: generous.ask(name, each) for name, each in documents.items()}
    results = {name: generous.ended(key) for name, key in keys.items()}
    generous.inject("ImportImage", StatusMessage="ClientError: No valid partitions. Not a valid volume.")
    failed = generous.ended(generous.ask("fails-of-snapshot", documents["of-snapshot"]))

    assert {name: each["Status"] for name, each in results.items()} == dict.fromkeys(keys, "Succeeded")
    (image,) = generous.ec2.describe_images(ImageIds=[results["registered-of-snapshot"]["ImageId"]])["Images"]
    assert image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == container["SnapshotId"]
    assert failed["Status"] == "Failed", failed
    assert generous.ec2.describe_snapshots(SnapshotIds=made["SnapshotIds"])["Snapshots"]


def test_a_bucket_that_is_allowed_is_imported_from(generous: Pipeline) -> None:
    generous.s3.put_object(Bucket=SHARED_BUCKET, Key=BOOT, Body=DEMO_DISK.read_bytes())
    container = {"Format": "vmdk", "Url": f"s3://{SHARED_BUCKET}/{BOOT}"}

    result = generous.ended(generous.ask("shared", {"DiskContainers": [container]}))

    assert result["Status"] == "Succeeded", result
    assert result["Disks"][0]["Bucket"] == SHARED_BUCKET


REFUSED_KEYS = {
    "disabled": "KeyNotEnabled",
    "pending": "KeyNotEnabled",
    "missing": "KeyNotFound",
    "abroad": "KeyInOtherRegion",
}


def test_a_key_that_is_allowed_encrypts_and_one_that_cannot_be_used_is_named_before_anything_starts(
    generous: Pipeline, keys: dict[str, str]
) -> None:
    upload_disks(generous)
    asked = {
        name: generous.ask(
            f"key-{name}", {"DiskContainers": [boot_disk()], "Encrypted": True, "KmsKeyId": keys[name]}
        )
        for name in ("usable", *REFUSED_KEYS)
    }
    results = {name: generous.ended(key) for name, key in asked.items()}
    usable = results.pop("usable")

    assert usable["Status"] == "Succeeded", usable
    for snapshot in generous.ec2.describe_snapshots(SnapshotIds=usable["SnapshotIds"])["Snapshots"]:
        assert (snapshot["Encrypted"], snapshot["KmsKeyId"]) == (True, keys["usable"])
    assert {name: (each["Status"], each["Error"]["Code"]) for name, each in results.items()} == {
        name: ("Rejected", code) for name, code in REFUSED_KEYS.items()
    }
    assert not any("ImportTaskId" in each for each in results.values())


def by_hand(pipeline: Pipeline) -> dict[str, Callable[[], str]]:
    """Starts a task as a person would, by the operation."""
    role, bucket, ec2 = pipeline.service_role, pipeline.bucket, pipeline.ec2
    container = {"Format": "VMDK", "UserBucket": {"S3Bucket": bucket, "S3Key": BOOT}}
    return {
        "ImportImage": lambda: ec2.import_image(RoleName=role, DiskContainers=[container])["ImportTaskId"],
        "ImportSnapshot": lambda: ec2.import_snapshot(RoleName=role, DiskContainer=container)["ImportTaskId"],
    }


@pytest.mark.parametrize("operation", ["ImportImage", "ImportSnapshot"])
def test_a_task_started_by_hand_is_followed_to_its_end_and_its_results_are_tagged(
    generous: Pipeline, operation: str
) -> None:
    upload_disks(generous)
    with tasks_last(3600):  # One that has ended cannot be adopted.
        task_id = by_hand(generous)[operation]()
    result = generous.ended(
        generous.ask(f"adopts-{operation}", {"Vmie": {"ImportTaskId": task_id, "Tags": {"team": "web"}}})
    )

    assert (result["Status"], result["Operation"], result["ImportTaskId"]) == (
        "Succeeded",
        operation,
        task_id,
    ), result
    (snapshot,) = generous.ec2.describe_snapshots(SnapshotIds=result["SnapshotIds"])["Snapshots"]
    assert {"Key": "team", "Value": "web"} in snapshot["Tags"]


def test_deleting_the_request_that_adopted_a_task_cancels_it(generous: Pipeline) -> None:
    upload_disks(generous)
    with tasks_last(1_000_000):
        task_id = by_hand(generous)["ImportSnapshot"]()
    key = generous.ask("adopts-and-is-deleted", {"Vmie": {"ImportTaskId": task_id}})
    generous.running(key)
    generous.s3.delete_object(Bucket=generous.bucket, Key=key)

    result = generous.ended(key)

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "RequestDeleted"), result
    (task,) = generous.ec2.describe_import_snapshot_tasks(ImportTaskIds=[task_id])["ImportSnapshotTasks"]
    assert task["SnapshotTaskDetail"]["Status"] == "deleted"
