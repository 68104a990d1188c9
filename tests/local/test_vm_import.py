"""ImportImage and its relatives through boto3 and the AWS CLI, on a real disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local import vm_disks
from tests.local.vm_disks import digest, needs_disk_tools
from vmie_local import LocalAws

ROLE, BUCKET = "import-tests", "import-tests-images"
PATIENCE = 180  # real seconds; nothing is judged by it
FORMATS = ("vmdk", "vhd", "vhdx", "ova", "raw")

pytestmark = needs_disk_tools


@dataclass
class Imports:
    """A bucket with one disk in every format, and a role."""

    cloud: LocalAws
    raw: Path
    ec2: Any

    def start(self, key: str, declared: str, **parameters: Any) -> str:
        answer = self.ec2.import_image(
            RoleName=ROLE,
            DiskContainers=[{"Format": declared, "UserBucket": {"S3Bucket": BUCKET, "S3Key": key}}],
            **parameters,
        )
        return str(answer["ImportTaskId"])

    def describe(self, task_id: str) -> dict[str, Any]:
        (task,) = self.ec2.describe_import_image_tasks(ImportTaskIds=[task_id])["ImportImageTasks"]
        return dict(task)

    def finish(self, task_id: str, status: tuple[str, ...] = ("completed", "deleted")) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            task = self.describe(task_id)
            if task["Status"] in status:
                return task
            time.sleep(0.05)
        raise AssertionError(f"{task_id} did not end: {task}")


@pytest.fixture(scope="module")
def imports(cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Imports:
    folder = tmp_path_factory.mktemp("disks")
    raw = vm_disks.make_raw(folder)
    s3, iam = cloud.client("s3"), cloud.client("iam")
    s3.create_bucket(Bucket=BUCKET)
    for kind in FORMATS:
        path = raw if kind == "raw" else vm_disks.convert(raw, kind)
        s3.upload_file(str(path), BUCKET, f"disk.{kind}")
    vm_disks.service_role(iam, ROLE, BUCKET, cloud.settings.account)
    cloud.clock.sleep(cloud.vm_import.roles.propagation_seconds)
    return Imports(cloud, raw, cloud.client("ec2"))


@pytest.fixture(scope="module")
def imported(imports: Imports) -> dict[str, dict[str, Any]]:
    """The completed tasks of the disk in every format: five at once, which is the quota."""
    tags = [{"ResourceType": "import-image-task", "Tags": [{"Key": "made-by", "Value": "tests"}]}]
    tasks = {kind: imports.start(f"disk.{kind}", kind, TagSpecifications=tags) for kind in FORMATS}
    with pytest.raises(ClientError, match="ResourceCountLimitExceeded"):
        imports.start("disk.raw", "raw")
    return {kind: imports.finish(task_id) for kind, task_id in tasks.items()}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_snapshot_holds_the_disk_byte_for_byte(
    imports: Imports, imported: dict[str, dict[str, Any]], kind: str
) -> None:
    task = imported[kind]
    assert task["Status"] == "completed", task
    (detail,) = task["SnapshotDetails"]
    data, indexes = vm_disks.read_snapshot(imports.cloud.client("ebs"), detail["SnapshotId"])

    original = imports.raw.read_bytes()
    assert digest(data[: len(original)].ljust(len(original), b"\0")) == digest(original)
    assert not any(data[len(original) :])
    assert len(indexes) < len(original) // (512 << 10), "blocks of zeros are not stored"


@pytest.mark.parametrize("kind", FORMATS)
def test_the_ami_is_described_as_the_service_makes_it(
    imports: Imports, imported: dict[str, dict[str, Any]], kind: str
) -> None:
    task = imported[kind]
    (image,) = imports.ec2.describe_images(ImageIds=[task["ImageId"]], Owners=["self"])["Images"]

    assert image["Name"] == task["ImportTaskId"]
    assert image["Description"].startswith("AWS-VMImport service: Linux")
    assert (image["Architecture"], image["VirtualizationType"]) == ("x86_64", "hvm")
    assert (image["RootDeviceName"], image["BootMode"]) == ("/dev/sda1", "legacy-bios")
    assert (image["State"], image["PlatformDetails"]) == ("available", "Linux/UNIX")
    assert "Platform" not in image
    (mapping,) = image["BlockDeviceMappings"]
    assert mapping["Ebs"]["SnapshotId"] == task["SnapshotDetails"][0]["SnapshotId"]
    assert mapping["Ebs"]["VolumeSize"] == 1
    (snapshot,) = imports.ec2.describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])["Snapshots"]
    assert snapshot["Description"] == f"Created by AWS-VMImport service for {task['ImportTaskId']}"
    assert (snapshot["State"], snapshot["VolumeId"], snapshot["VolumeSize"]) == (
        "completed",
        "vol-ffffffff",
        1,
    )


def test_an_appliance_is_described_as_the_disk_in_it(imported: dict[str, dict[str, Any]]) -> None:
    assert [detail["Format"] for detail in imported["ova"]["SnapshotDetails"]] == ["VMDK"]


def test_no_image_or_snapshot_appears_that_nobody_imported(
    imports: Imports, imported: dict[str, dict[str, Any]]
) -> None:
    tasks = {task["ImportTaskId"]: task for task in imported.values()}
    images = imports.ec2.describe_images(Filters=[{"Name": "name", "Values": list(tasks)}])["Images"]
    found = [
        snapshot["SnapshotId"]
        for snapshot in imports.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        if any(task_id in snapshot["Description"] for task_id in tasks)
    ]

    assert len(images) == len(FORMATS)
    assert sorted(found) == sorted(
        detail["SnapshotId"] for task in tasks.values() for detail in task["SnapshotDetails"]
    )
    invented = [
        snapshot
        for snapshot in imports.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        if snapshot["Description"].startswith("Auto-created snapshot")
    ]
    assert invented == []


def test_an_instance_of_the_ami_has_the_disk(imports: Imports, imported: dict[str, dict[str, Any]]) -> None:
    task = imported["vhdx"]
    (instance,) = imports.ec2.run_instances(ImageId=task["ImageId"], MinCount=1, MaxCount=1)["Instances"]
    attached = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    (volume,) = imports.ec2.describe_volumes(Filters=attached)["Volumes"]

    assert (volume["SnapshotId"], volume["Size"]) == (task["SnapshotDetails"][0]["SnapshotId"], 1)
    imports.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_tags_stay_with_the_task_and_can_be_changed(
    imports: Imports, imported: dict[str, dict[str, Any]]
) -> None:
    task = imported["raw"]
    task_id = task["ImportTaskId"]
    imports.ec2.create_tags(Resources=[task_id], Tags=[{"Key": "color", "Value": "green"}])
    wanted = [{"Name": "resource-id", "Values": [task_id]}]
    tags = imports.ec2.describe_tags(Filters=wanted)["Tags"]

    assert {(tag["ResourceType"], tag["Key"], tag["Value"]) for tag in tags} == {
        ("import-image-task", "made-by", "tests"),
        ("import-image-task", "color", "green"),
    }
    assert {tag["Key"] for tag in imports.describe(task_id)["Tags"]} == {"made-by", "color"}
    by_tag = imports.ec2.describe_import_image_tasks(Filters=[{"Name": "tag:color", "Values": ["green"]}])
    assert [found["ImportTaskId"] for found in by_tag["ImportImageTasks"]] == [task_id]
    imports.ec2.delete_tags(Resources=[task_id], Tags=[{"Key": "color"}])
    assert {tag["Key"] for tag in imports.describe(task_id)["Tags"]} == {"made-by"}
    (image,) = imports.ec2.describe_images(ImageIds=[task["ImageId"]])["Images"]
    assert not image.get("Tags")


def test_tagging_a_task_that_does_not_exist_is_refused(imports: Imports) -> None:
    with pytest.raises(ClientError, match=r"InvalidConversionTaskId\.Malformed"):
        imports.ec2.create_tags(Resources=["import-ami-0000000000000000t"], Tags=[{"Key": "a", "Value": "b"}])


def test_a_snapshot_goes_with_its_blocks_once_the_ami_is_gone(imports: Imports) -> None:
    task = imports.finish(imports.start("disk.vmdk", "vmdk"))
    snapshot_id = task["SnapshotDetails"][0]["SnapshotId"]
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.InUse"):
        imports.ec2.delete_snapshot(SnapshotId=snapshot_id)
    imports.ec2.deregister_image(ImageId=task["ImageId"])
    imports.ec2.delete_snapshot(SnapshotId=snapshot_id)

    assert imports.cloud.vm_import.blocks.find(snapshot_id) is None
    assert not imports.cloud.vm_import.blocks.path(snapshot_id).exists()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        imports.cloud.client("ebs").list_snapshot_blocks(SnapshotId=snapshot_id)


def test_a_truncated_disk_fails_and_leaves_nothing(imports: Imports) -> None:
    whole = (imports.raw.parent / "disk.vmdk").read_bytes()
    imports.cloud.client("s3").put_object(Bucket=BUCKET, Key="cut.vmdk", Body=whole[: len(whole) // 2])
    task = imports.finish(imports.start("cut.vmdk", "vmdk"))

    assert (task["Status"], task["StatusMessage"]) == (
        "deleted",
        "ClientError: Uncompressed data has an invalid length",
    )
    assert "Progress" not in task
    described = imports.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert not [snapshot for snapshot in described if task["ImportTaskId"] in snapshot["Description"]]


def test_an_object_that_is_not_there_fails_the_task(imports: Imports) -> None:
    task = imports.finish(imports.start("nothing.vmdk", "vmdk"))

    assert task["StatusMessage"] == (
        "ClientError: Disk validation failed [We do not have access to the given resource. "
        "Reason 404 Not Found]"
    )


def test_a_fault_is_asked_for_over_http(imports: Imports) -> None:
    imports.cloud.front_door.faults.add(
        {"Operation": "ImportImage", "StatusMessage": "ClientError: Unknown OS", "Phase": "updating"}
    )
    task = imports.finish(imports.start("disk.vmdk", "vmdk"))

    assert (task["Status"], task["StatusMessage"]) == ("deleted", "ClientError: Unknown OS")


def test_a_cancelled_task_is_deleted(imports: Imports) -> None:
    imports.cloud.front_door.faults.add({"Operation": "ImportImage", "Phase": "validating", "Stall": True})
    task_id = imports.start("disk.vmdk", "vmdk")
    answer = imports.ec2.cancel_import_task(ImportTaskId=task_id, CancelReason="not wanted")

    assert (answer["PreviousState"], answer["State"]) == ("active", "deleting")
    assert imports.finish(task_id)["Status"] == "deleted"
    with pytest.raises(ClientError, match=r"The conversion task cannot be canceled\."):
        imports.ec2.cancel_import_task(ImportTaskId=task_id)


@pytest.fixture
def other_role(imports: Imports) -> Iterator[str]:
    iam, name = imports.cloud.client("iam"), "import-tests-other"
    vm_disks.service_role(iam, name, BUCKET, imports.cloud.settings.account)
    yield name
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def refusal(imports: Imports, role: str) -> str:
    with pytest.raises(ClientError) as caught:
        imports.ec2.import_image(
            RoleName=role,
            DiskContainers=[{"Format": "RAW", "UserBucket": {"S3Bucket": BUCKET, "S3Key": "disk.raw"}}],
        )
    return f"{caught.value.response['Error']['Code']}: {caught.value.response['Error']['Message']}"


def test_the_role_s_real_policies_decide(imports: Imports, other_role: str) -> None:
    iam, wait = imports.cloud.client("iam"), imports.cloud.vm_import.roles.propagation_seconds
    text = (
        f"InvalidParameter: The service role {other_role} provided does not exist or does not have "
        "sufficient permissions"
    )
    assert refusal(imports, "no-such-role") == text.replace(other_role, "no-such-role")
    vm_disks.put_policy(iam, other_role, BUCKET, s3_actions=("s3:GetBucketLocation", "s3:GetObject"))
    imports.cloud.clock.sleep(wait)
    assert refusal(imports, other_role) == text
    vm_disks.put_policy(iam, other_role, BUCKET)
    imports.cloud.clock.sleep(wait)
    trust = iam.get_role(RoleName=other_role)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "somebody"
    iam.update_assume_role_policy(RoleName=other_role, PolicyDocument=json.dumps(trust))
    imports.cloud.clock.sleep(wait)
    assert refusal(imports, other_role) == text
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "vmimport"
    iam.update_assume_role_policy(RoleName=other_role, PolicyDocument=json.dumps(trust))
    imports.cloud.clock.sleep(wait)
    answer = imports.ec2.import_image(
        RoleName=other_role,
        DiskContainers=[{"Format": "RAW", "Url": f"s3://{BUCKET}/disk.raw"}],
    )
    assert answer["SnapshotDetails"][0]["Url"] == f"s3://{BUCKET}/disk.raw"
    assert answer["SnapshotDetails"][0]["UserBucket"] == {"S3Bucket": BUCKET, "S3Key": "disk.raw"}
    imports.ec2.cancel_import_task(ImportTaskId=answer["ImportTaskId"])


def test_a_bucket_of_another_region_is_refused(imports: Imports) -> None:
    west = imports.cloud.client("ec2", region="eu-west-1")

    with pytest.raises(ClientError, match="The given S3 object is not local to the region"):
        west.import_image(
            RoleName=ROLE,
            DiskContainers=[{"Format": "RAW", "UserBucket": {"S3Bucket": BUCKET, "S3Key": "disk.raw"}}],
        )


def aws(cloud: LocalAws, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The AWS CLI of this environment."""
    command = [sys.executable, "-m", "awscli", "--output", "json", *arguments]
    environment = {**os.environ, **cloud.environ(), "AWS_PAGER": ""}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_the_aws_cli_imports_describes_and_cancels(imports: Imports, tmp_path: Path) -> None:
    imports.cloud.front_door.faults.add({"Operation": "ImportImage", "Phase": "validating", "Stall": True})
    containers = tmp_path / "containers.json"
    containers.write_text(
        json.dumps([{"Format": "vmdk", "UserBucket": {"S3Bucket": BUCKET, "S3Key": "disk.vmdk"}}])
    )
    started = aws(
        imports.cloud,
        "ec2",
        "import-image",
        "--description",
        "from the CLI",
        "--role-name",
        ROLE,
        "--disk-containers",
        f"file://{containers}",
    )
    assert started.returncode == 0, started.stderr
    task_id = json.loads(started.stdout)["ImportTaskId"]
    command = ("ec2", "describe-import-image-tasks", "--import-task-ids", task_id)
    shown = json.loads(aws(imports.cloud, *command).stdout)["ImportImageTasks"][0]
    assert (shown["Status"], shown["Description"]) == ("active", "from the CLI")
    cancelled = json.loads(
        aws(imports.cloud, "ec2", "cancel-import-task", "--import-task-id", task_id).stdout
    )
    assert cancelled == {"ImportTaskId": task_id, "PreviousState": "active", "State": "deleting"}


def test_the_aws_cli_pages_through_tasks(imports: Imports, imported: dict[str, dict[str, Any]]) -> None:
    known = {task["ImportTaskId"] for task in imported.values()}
    command = ("ec2", "describe-import-image-tasks", "--max-items", "2", "--page-size", "2")
    first = json.loads(aws(imports.cloud, *command).stdout)
    assert len(first["ImportImageTasks"]) == 2
    second = json.loads(aws(imports.cloud, *command, "--starting-token", first["NextToken"]).stdout)
    seen = [task["ImportTaskId"] for page in (first, second) for task in page["ImportImageTasks"]]

    assert len(set(seen)) == 4
    pages = imports.ec2.get_paginator("describe_import_image_tasks").paginate(
        PaginationConfig={"PageSize": 2}, Filters=[{"Name": "task-state", "Values": ["completed"]}]
    )
    assert known <= {task["ImportTaskId"] for page in pages for task in page["ImportImageTasks"]}


def test_the_aws_cli_reads_the_service_s_words(imports: Imports) -> None:
    said = aws(
        imports.cloud, "ec2", "import-image", "--architecture", "arm64", "--disk-containers", "Url=s3://a/b"
    )

    assert said.returncode != 0
    assert "(InvalidParameter)" in said.stderr
    assert "Parameter architecture=arm64 has an invalid format" in said.stderr


def test_nothing_is_left_in_the_scratch_folder(imports: Imports, imported: dict[str, dict[str, Any]]) -> None:
    scratch = imports.cloud.data_dir / "vm-import"

    for task in imported.values():
        assert not (scratch / task["ImportTaskId"]).exists()
