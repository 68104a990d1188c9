"""The export commands of the VM Import/Export user guide, as it prints them, run by the AWS CLI."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.local import exported_files, vm_disks
from tests.local.vm_disks import needs_disk_tools
from vmie_local import LocalAws
from vmie_local.vm_import.exports.grantees import grantees

BUCKET, PATIENCE = "amzn-s3-demo-bucket-exports", 120
GRANTEE = grantees()["us-east-1"]
FILE = {"ContainerFormat": "ova", "DiskImageFormat": "VMDK", "S3Bucket": BUCKET, "S3Prefix": "vms/"}

pytestmark = needs_disk_tools


@dataclass
class Guide:
    """A shell of somebody who follows the guide, with an AMI that was imported."""

    cloud: LocalAws
    folder: Path
    image: str
    volume: Path

    def run(self, command: str) -> Any:
        """What a command of the guide prints, from its JSON; None if it prints nothing."""
        arguments = shlex.split(command.replace("\\\n", " "))
        assert arguments[0] == "aws"
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *arguments[1:]],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **self.cloud.environ(), "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def wait(self, ended: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not ended():
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.fixture(scope="module")
def guide(cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Guide:
    folder = tmp_path_factory.mktemp("guide")
    raw = vm_disks.make_raw(folder)
    s3, ec2, iam = (cloud.client(name) for name in ("s3", "ec2", "iam"))
    s3.create_bucket(Bucket=BUCKET, ObjectOwnership="BucketOwnerPreferred")
    s3.upload_file(str(raw), BUCKET, "disk.raw")
    # The guide's commands name no role: it is `vmimport`.
    vm_disks.service_role(iam, "vmimport", BUCKET, cloud.settings.account)
    vm_disks.put_policy(iam, "vmimport", BUCKET, s3_actions=vm_disks.EXPORT_ACTIONS)
    cloud.clock.sleep(cloud.vm_import.roles.propagation_seconds)
    source = {"S3Bucket": BUCKET, "S3Key": "disk.raw"}
    snapshot_task = ec2.import_snapshot(DiskContainer={"Format": "RAW", "UserBucket": source})["ImportTaskId"]
    ec2.get_waiter("snapshot_imported").wait(ImportTaskIds=[snapshot_task], WaiterConfig={"Delay": 1})
    (task,) = ec2.describe_import_snapshot_tasks(ImportTaskIds=[snapshot_task])["ImportSnapshotTasks"]
    snapshot = {"SnapshotId": task["SnapshotTaskDetail"]["SnapshotId"]}
    image = ec2.register_image(
        Name="guide-export",
        RootDeviceName="/dev/sda1",
        VirtualizationType="hvm",
        Architecture="x86_64",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": snapshot}],
    )["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    return Guide(cloud, folder, image, exported_files.whole_volume(raw))


def test_an_ami_is_exported_watched_and_fetched(guide: Guide) -> None:
    started = guide.run(
        f"aws ec2 export-image --image-id {guide.image} --disk-image-format VMDK "
        f"--s3-export-location S3Bucket={BUCKET},S3Prefix=exports/"
    )
    task_id = started["ExportImageTaskId"]
    assert started == {
        "DiskImageFormat": "VMDK",
        "ExportImageTaskId": task_id,
        "ImageId": guide.image,
        "RoleName": "vmimport",
        "Progress": "0",
        "S3ExportLocation": {"S3Bucket": BUCKET, "S3Prefix": "exports/"},
        "Status": "active",
        "StatusMessage": "validating",
        "Tags": [],
    }

    def shown() -> dict[str, Any]:
        command = f"aws ec2 describe-export-image-tasks --export-image-task-ids {task_id}"
        (task,) = guide.run(command)["ExportImageTasks"]
        return dict(task)

    guide.wait(lambda: shown()["Status"] == "completed")
    assert shown() == {
        "ExportImageTaskId": task_id,
        "ImageId": guide.image,
        "S3ExportLocation": {"S3Bucket": BUCKET, "S3Prefix": "exports/"},
        "Status": "completed",
        "Tags": [],
    }
    guide.cloud.client("s3").download_file(
        BUCKET, f"exports/{task_id}.vmdk", str(guide.folder / "exported.vmdk")
    )
    said = exported_files.compare(guide.volume, guide.folder / "exported.vmdk", "VMDK")
    assert said == "Images are identical."


def test_an_instance_is_exported_once_the_bucket_s_acl_grants_it(guide: Guide) -> None:
    ec2 = guide.cloud.client("ec2")
    (instance,) = ec2.run_instances(ImageId=guide.image, MinCount=1, MaxCount=1)["Instances"]
    (guide.folder / "file.json").write_text(json.dumps(FILE))
    guide.run(
        f"aws s3api put-bucket-acl --bucket {BUCKET} --grant-write id={GRANTEE} --grant-read-acp id={GRANTEE}"
    )
    started = guide.run(
        f"aws ec2 create-instance-export-task --instance-id {instance['InstanceId']} "
        "--target-environment vmware --export-to-s3-task file://file.json"
    )["ExportTask"]
    task_id = started["ExportTaskId"]
    assert re.fullmatch("export-i-[0-9a-f]{17}", task_id)
    assert started["ExportToS3Task"] == {
        "ContainerFormat": "ova",
        "DiskImageFormat": "vmdk",
        "S3Bucket": BUCKET,
        "S3Key": f"vms/{task_id}.ova",
    }

    def shown() -> dict[str, Any]:
        command = f"aws ec2 describe-export-tasks --export-task-ids {task_id}"
        (task,) = guide.run(command)["ExportTasks"]
        return dict(task)

    guide.wait(lambda: shown()["State"] == "completed")
    assert shown()["InstanceExportDetails"] == {
        "InstanceId": instance["InstanceId"],
        "TargetEnvironment": "vmware",
    }
    listed = guide.run(f"aws s3api list-objects-v2 --bucket {BUCKET} --prefix vms/")["Contents"]
    assert [found["Key"] for found in listed] == [f"vms/{task_id}.ova"]


def test_an_export_is_cancelled(guide: Guide) -> None:
    # The CLI takes as long to start as a task does to end: so this one stands still.
    guide.cloud.front_door.faults.add({"Operation": "ExportImage", "Phase": "converting", "Stall": True})
    started = guide.run(
        f"aws ec2 export-image --image-id {guide.image} --disk-image-format RAW "
        f"--s3-export-location S3Bucket={BUCKET},S3Prefix=cancelled/"
    )
    assert started["Status"] == "active"
    assert guide.run(f"aws ec2 cancel-export-task --export-task-id {started['ExportImageTaskId']}") is None
    described = f"aws ec2 describe-export-image-tasks --export-image-task-ids {started['ExportImageTaskId']}"

    assert guide.run(described)["ExportImageTasks"][0]["Status"] in ("deleting", "deleted")
    listed = guide.run(f"aws s3api list-objects-v2 --bucket {BUCKET} --prefix cancelled/")
    assert "Contents" not in (listed or {})
