"""The commands of the VM Import/Export user guide, as they stand there, with the AWS CLI.

Their bucket and their role have the guide's own names, `amzn-s3-demo-import-bucket` and `vmimport`.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.local import vm_disks
from tests.local.making import eventually
from tests.local.vm_disks import needs_disk_tools
from vmie_local import LocalAws

BUCKET = "amzn-s3-demo-import-bucket"

pytestmark = needs_disk_tools


@dataclass
class Shell:
    """A folder in which the AWS CLI is called."""

    cloud: LocalAws
    folder: Path

    def aws(self, command: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *shlex.split(command)[1:]],
            cwd=self.folder,
            env={**os.environ, **self.cloud.environ(), "AWS_PAGER": "", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    def json(self, command: str) -> dict[str, Any]:
        """What a command prints, read."""
        printed: dict[str, Any] = json.loads(self.aws(command))
        return printed

    def write(self, name: str, content: Any) -> None:
        """A file beside the commands."""
        (self.folder / name).write_text(json.dumps(content))

    def completed(self, operation: str, member: str, task_id: str) -> None:
        """Wait, without the cost of a CLI process per look, until a task is completed."""
        describe = getattr(self.cloud.client("ec2"), operation)

        def look() -> bool:
            (task,) = describe(ImportTaskIds=[task_id])[member]
            return bool(task.get("SnapshotTaskDetail", task)["Status"] == "completed")

        eventually(look, f"completion of {task_id}")


@pytest.fixture(scope="module")
def shell(cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("guide")
    raw = vm_disks.make_raw(folder)
    s3, iam = cloud.client("s3"), cloud.client("iam")
    s3.create_bucket(Bucket=BUCKET)
    for kind in ("ova", "vmdk"):
        s3.upload_file(str(vm_disks.convert(raw, kind)), BUCKET, f"vms/my-server-vm.{kind}")
    vm_disks.service_role(iam, "vmimport", BUCKET, cloud.settings.account)
    cloud.clock.sleep(cloud.vm_import.roles.propagation_seconds)
    return Shell(cloud, folder)


@pytest.fixture(scope="module")
def image_task(shell: Shell) -> str:
    """The import of the guide's OVA."""
    shell.write(
        "containers.json",
        [{"Description": "My Server OVA", "Format": "ova", "Url": f"s3://{BUCKET}/vms/my-server-vm.ova"}],
    )
    answer = shell.json(
        'aws ec2 import-image --description "My server VM" --disk-containers "file://containers.json"'
    )
    assert (answer["Status"], answer["Description"]) == ("active", "My server VM")
    (detail,) = answer["SnapshotDetails"]
    assert (detail["Description"], detail["DiskImageSize"]) == ("My Server OVA", 0.0)
    assert detail["UserBucket"] == {"S3Bucket": BUCKET, "S3Key": "vms/my-server-vm.ova"}
    return str(answer["ImportTaskId"])


@pytest.fixture(scope="module")
def snapshot_task(shell: Shell) -> str:
    """The import of the guide's VMDK."""
    source = {"S3Bucket": BUCKET, "S3Key": "vms/my-server-vm.vmdk"}
    shell.write("container.json", {"Description": "My server VMDK", "Format": "VMDK", "UserBucket": source})
    answer = shell.json(
        'aws ec2 import-snapshot --description "My server VM" --disk-container "file://container.json"'
    )
    assert answer["Description"] == "My server VM"
    assert answer["SnapshotTaskDetail"]["Status"] == "active"
    assert answer["SnapshotTaskDetail"]["UserBucket"] == source
    return str(answer["ImportTaskId"])


def test_an_image_import_is_followed_to_its_ami(shell: Shell, image_task: str) -> None:
    command = f"aws ec2 describe-import-image-tasks --import-task-ids {image_task}"
    shell.completed("describe_import_image_tasks", "ImportImageTasks", image_task)
    (task,) = shell.json(command)["ImportImageTasks"]
    columns = "{Task:ImportTaskId,Status:Status,Image:ImageId}"
    table = shell.aws(f"{command} --query 'ImportImageTasks[].{columns}' --output table")

    assert (task["Status"], task["Platform"], task["LicenseType"]) == ("completed", "Linux", "BYOL")
    assert task.keys() & {"Progress", "StatusMessage"} == set()
    (detail,) = task["SnapshotDetails"]
    assert (detail["Format"], detail["DeviceName"], detail["Status"]) == ("VMDK", "/dev/sda1", "completed")
    assert detail["DiskImageSize"] > 1_000_000
    assert all(word in table for word in (image_task, task["ImageId"], "completed", "---"))


def test_a_snapshot_import_becomes_a_volume_of_an_instance(
    shell: Shell, snapshot_task: str, image_task: str
) -> None:
    command = f"aws ec2 describe-import-snapshot-tasks --import-task-ids {snapshot_task}"
    shell.completed("describe_import_snapshot_tasks", "ImportSnapshotTasks", snapshot_task)
    shell.completed("describe_import_image_tasks", "ImportImageTasks", image_task)
    (task,) = shell.json(command)["ImportSnapshotTasks"]
    snapshot_id = task["SnapshotTaskDetail"]["SnapshotId"]
    table = shell.aws(f"{command} --query 'ImportSnapshotTasks[].SnapshotTaskDetail' --output table")
    volume = shell.json(f"aws ec2 create-volume --availability-zone us-east-1a --snapshot-id {snapshot_id}")
    ec2 = shell.cloud.client("ec2")
    image_id = ec2.describe_import_image_tasks(ImportTaskIds=[image_task])["ImportImageTasks"][0]["ImageId"]
    (instance,) = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]])
    attachment = shell.json(
        f"aws ec2 attach-volume --volume-id {volume['VolumeId']} --instance-id {instance['InstanceId']} "
        "--device /dev/sdf"
    )

    assert all(word in table for word in (snapshot_id, "completed", "VMDK", "My server VM"))
    assert (volume["SnapshotId"], volume["Size"], volume["State"]) == (snapshot_id, 1, "creating")
    assert (attachment["State"], attachment["Device"]) == ("attaching", "/dev/sdf")
    assert attachment["InstanceId"] == instance["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_an_import_that_is_not_wanted_any_more_is_cancelled(shell: Shell) -> None:
    shell.cloud.front_door.faults.add({"Operation": "ImportImage", "Phase": "validating", "Stall": True})
    started = shell.json(
        "aws ec2 import-image --disk-containers "
        f"Format=vmdk,UserBucket={{S3Bucket={BUCKET},S3Key=vms/my-server-vm.vmdk}}"
    )
    task_id = started["ImportTaskId"]
    active = shell.aws(
        "aws ec2 describe-import-image-tasks --filters Name=task-state,Values=active "
        "--query 'ImportImageTasks[].ImportTaskId' --output text"
    )

    assert task_id in active.split()
    assert shell.json(f"aws ec2 cancel-import-task --import-task-id {task_id}") == {
        "ImportTaskId": task_id,
        "PreviousState": "active",
        "State": "deleting",
    }
