"""ImportSnapshot through boto3, and ImportImage of own snapshots, on a real disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local import vm_disks
from tests.local.making import eventually
from tests.local.vm_disks import digest, needs_disk_tools
from vmie_local import LocalAws

ROLE, BUCKET = "snapshot-tests", "snapshot-tests-disks"
FORMATS = ("vmdk", "vhd", "vhdx", "raw")
QUICK = {"Delay": 0.2, "MaxAttempts": 300}
"""A waiter that looks often, for a minute."""

pytestmark = needs_disk_tools


@dataclass
class Disks:
    """A bucket with one disk in every format, and a role."""

    cloud: LocalAws
    raw: Path
    ec2: Any

    def start(self, kind: str, **parameters: Any) -> str:
        container = {"Format": kind, "UserBucket": {"S3Bucket": BUCKET, "S3Key": f"disk.{kind}"}}
        given = {"RoleName": ROLE, "DiskContainer": container, **parameters}
        return str(self.ec2.import_snapshot(**given)["ImportTaskId"])

    def describe(self, task_id: str) -> dict[str, Any]:
        (task,) = self.ec2.describe_import_snapshot_tasks(ImportTaskIds=[task_id])["ImportSnapshotTasks"]
        return dict(task["SnapshotTaskDetail"])

    def finish(self, task_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            detail = self.describe(task_id)
            return detail if detail["Status"] in ("completed", "deleted") else None

        return eventually(look, f"end of {task_id}")

    def is_the_disk(self, snapshot_id: str, region: str | None = None) -> bool:
        """Whether a snapshot holds the disk and nothing else."""
        data, _ = vm_disks.read_snapshot(self.cloud.client("ebs", region=region), snapshot_id)
        original = self.raw.read_bytes()
        return digest(data.rstrip(b"\0")) == digest(original.rstrip(b"\0"))


@pytest.fixture(scope="module")
def disks(cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Disks:
    raw = vm_disks.make_raw(tmp_path_factory.mktemp("disks"))
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for kind in FORMATS:
        path = raw if kind == "raw" else vm_disks.convert(raw, kind)
        s3.upload_file(str(path), BUCKET, f"disk.{kind}")
    vm_disks.service_role(cloud.client("iam"), ROLE, BUCKET, cloud.settings.account)
    cloud.clock.sleep(cloud.vm_import.roles.propagation_seconds)
    return Disks(cloud, raw, cloud.client("ec2"))


@pytest.fixture(scope="module")
def imported(disks: Disks) -> dict[str, dict[str, Any]]:
    """The ended tasks of the disk in every format, and one by a presigned URL: five, which is the quota."""
    link = disks.cloud.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "disk.vhdx"}
    )
    tasks = {kind: disks.start(kind) for kind in FORMATS}
    tasks["url"] = disks.start("vhdx", DiskContainer={"Format": "VHDX", "Url": link})
    with pytest.raises(ClientError, match="ResourceCountLimitExceeded"):
        disks.start("raw")
    with pytest.raises(ClientError, match="ResourceCountLimitExceeded"):
        disks.ec2.import_image(
            RoleName=ROLE,
            DiskContainers=[{"Format": "RAW", "UserBucket": {"S3Bucket": BUCKET, "S3Key": "disk.raw"}}],
        )
    return {name: disks.finish(task_id) for name, task_id in tasks.items()}


def test_a_snapshot_of_every_format_holds_the_disk_byte_for_byte(
    disks: Disks, imported: dict[str, dict[str, Any]]
) -> None:
    assert {
        name: disks.is_the_disk(detail["SnapshotId"]) for name, detail in imported.items()
    } == dict.fromkeys(imported, True)


def test_the_snapshot_is_described_as_the_service_makes_it(
    disks: Disks, imported: dict[str, dict[str, Any]]
) -> None:
    detail = imported["vhd"]
    (snapshot,) = disks.ec2.describe_snapshots(SnapshotIds=[detail["SnapshotId"]])["Snapshots"]

    assert detail.keys() & {"Progress", "StatusMessage"} == set()
    assert snapshot["Description"].startswith("Created by AWS-VMImport service for import-snap-")
    assert (snapshot["VolumeId"], snapshot["VolumeSize"], snapshot["State"]) == (
        "vol-ffffffff",
        1,
        "completed",
    )


def test_a_url_is_shown_with_bucket_and_key(imported: dict[str, dict[str, Any]]) -> None:
    detail = imported["url"]

    assert detail["Url"].startswith("http://127.0.0.1:")
    assert detail["UserBucket"] == {"S3Bucket": BUCKET, "S3Key": "disk.vhdx"}


def test_the_waiter_sees_the_end_and_a_failure_tires_it(
    disks: Disks, imported: dict[str, dict[str, Any]]
) -> None:
    disks.cloud.front_door.faults.add({"Operation": "ImportSnapshot", "StatusMessage": "ClientError: no"})
    failing, good = disks.start("raw"), disks.start("raw")
    waiter = disks.ec2.get_waiter("snapshot_imported")
    waiter.wait(ImportTaskIds=[good], WaiterConfig=QUICK)

    assert disks.describe(good)["Status"] == "completed"
    assert disks.finish(failing)["StatusMessage"] == "ClientError: no"
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        waiter.wait(ImportTaskIds=[failing], WaiterConfig={"Delay": 0, "MaxAttempts": 2})


def test_both_paginators_go_through_every_task(disks: Disks, imported: dict[str, dict[str, Any]]) -> None:
    for operation, member in (
        ("describe_import_snapshot_tasks", "ImportSnapshotTasks"),
        ("describe_import_image_tasks", "ImportImageTasks"),
    ):
        pages = disks.ec2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2})
        shown = [task["ImportTaskId"] for page in pages for task in page[member]]
        whole = getattr(disks.ec2, operation)()[member]
        assert shown == [task["ImportTaskId"] for task in whole]
        assert len(shown) == len(set(shown))


def test_a_task_can_be_tagged_and_cancelled(disks: Disks) -> None:
    disks.cloud.front_door.faults.add({"Operation": "ImportSnapshot", "Phase": "validating", "Stall": True})
    task_id = disks.start("raw")
    disks.ec2.create_tags(Resources=[task_id], Tags=[{"Key": "team", "Value": "web"}])
    (task,) = disks.ec2.describe_import_snapshot_tasks(Filters=[{"Name": "tag:team", "Values": ["web"]}])[
        "ImportSnapshotTasks"
    ]
    answer = disks.ec2.cancel_import_task(ImportTaskId=task_id)

    assert (task["ImportTaskId"], task["Tags"]) == (task_id, [{"Key": "team", "Value": "web"}])
    assert (answer["PreviousState"], answer["State"]) == ("active", "deleting")
    assert disks.finish(task_id)["Status"] == "deleted"


def test_an_image_is_imported_from_own_snapshots(disks: Disks, imported: dict[str, dict[str, Any]]) -> None:
    snapshot_id = imported["vmdk"]["SnapshotId"]
    answer = disks.ec2.import_image(
        RoleName=ROLE, DiskContainers=[{"SnapshotId": snapshot_id}, {"SnapshotId": snapshot_id}]
    )

    def look() -> dict[str, Any] | None:
        (task,) = disks.ec2.describe_import_image_tasks(ImportTaskIds=[answer["ImportTaskId"]])[
            "ImportImageTasks"
        ]
        return task if task["Status"] != "active" else None

    task = eventually(look, "the image")
    (image,) = disks.ec2.describe_images(ImageIds=[task["ImageId"]])["Images"]
    mappings = image["BlockDeviceMappings"]
    assert [mapping["DeviceName"] for mapping in mappings] == ["/dev/sda1", "/dev/sdb"]
    assert all(disks.is_the_disk(mapping["Ebs"]["SnapshotId"]) for mapping in mappings)
    with pytest.raises(ClientError, match=r"MissingParameter.*platform"):
        disks.ec2.import_image(RoleName=ROLE, BootMode="uefi", DiskContainers=[{"SnapshotId": snapshot_id}])
