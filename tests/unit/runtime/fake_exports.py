"""EC2 and S3 in memory, as far as an export uses them."""

# ruff: noqa: ARG002 - the parameters are AWS's own

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fake_ec2 import FakeEC2
from tests.unit.runtime.fakes import FakeS3

ACCOUNT = "123456789012"
AMI, INSTANCE, ROOT = "ami-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60718", "/dev/sda1"
LAUNCHED = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


class FakeExportEC2(FakeEC2):
    """Export tasks, and the images and instances that they are of.

    Attributes:
        exports: The export tasks by id, as their Describe shows them, but for the tags.
        machines: The instances by id, as DescribeInstances shows them.
        described_snapshots: The snapshots by id, as DescribeSnapshots shows them.
        refuses_to_cancel: Whether tasks send their last bytes, and so are not cancelled any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.exports: dict[str, dict[str, Any]] = {}
        self.machines: dict[str, dict[str, Any]] = {}
        self.described_snapshots: dict[str, dict[str, Any]] = {}
        self.refuses_to_cancel = False

    # What tests make of it.

    def add_exportable(
        self, image_id: str = AMI, *, snapshot: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        """An AMI of one snapshot that nothing keeps from being exported."""
        snapshot_id = f"snap-{image_id}"
        self.described_snapshots[snapshot_id] = {
            "SnapshotId": snapshot_id,
            "OwnerId": ACCOUNT,
            "VolumeSize": 8,
            "Encrypted": False,
            **(snapshot or {}),
        }
        mapping = {"DeviceName": ROOT, "Ebs": {"SnapshotId": snapshot_id, "VolumeSize": 8}}
        self.images[image_id] = {
            "ImageId": image_id,
            "OwnerId": ACCOUNT,
            "State": "available",
            "RootDeviceType": "ebs",
            "RootDeviceName": ROOT,
            "UsageOperation": "RunInstances",
            "BlockDeviceMappings": [mapping],
            **changes,
        }

    def add_instance(self, instance_id: str = INSTANCE, *, state: str = "stopped", **changes: Any) -> None:
        """An instance of `AMI` that nothing keeps from being exported."""
        self.machines[instance_id] = {
            "InstanceId": instance_id,
            "ImageId": AMI,
            "State": {"Name": state},
            "RootDeviceType": "ebs",
            "RootDeviceName": ROOT,
            "UsageOperation": "RunInstances",
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}],
            "BlockDeviceMappings": [],
            **changes,
        }
        self.attach(instance_id, "vol-1", ROOT, SnapshotId=f"snap-{AMI}")

    def attach(
        self, instance_id: str, volume_id: str, device: str, *, after: int = 0, **changes: Any
    ) -> None:
        """A volume at an instance, attached so many seconds after its launch."""
        self.volumes[volume_id] = {"VolumeId": volume_id, "Size": 8, "Encrypted": False, **changes}
        attached_at = LAUNCHED + dt.timedelta(seconds=after)
        mapping = {"DeviceName": device, "Ebs": {"VolumeId": volume_id, "AttachTime": attached_at}}
        self.machines[instance_id]["BlockDeviceMappings"].append(mapping)

    def end_export(self, task_id: str, state: str = "completed", **described: Any) -> None:
        """Let a task end, or stand otherwise."""
        name = "State" if "State" in self.exports[task_id] else "Status"
        self.exports[task_id].update({name: state, **described})

    # Export tasks.

    def export_image(self, **parameters: Any) -> dict[str, Any]:
        return {"ExportImageTaskId": self._once("ExportImage", parameters, "export-ami-", self._exporting)}

    def _exporting(self, task_id: str, parameters: dict[str, Any]) -> None:
        self.exports[task_id] = {
            "ExportImageTaskId": task_id,
            "ImageId": parameters["ImageId"],
            "S3ExportLocation": parameters["S3ExportLocation"],
            "Status": "active",
            "StatusMessage": "validating",
            "Progress": "0",
        }

    def describe_export_image_tasks(self, *, ExportImageTaskIds: list[str]) -> dict[str, Any]:
        self._check("DescribeExportImageTasks", {"ExportImageTaskIds": ExportImageTaskIds})
        (task_id,) = ExportImageTaskIds
        if task_id not in self.exports:
            raise refusal("InvalidExportTaskID.NotFound", "DescribeExportImageTasks")
        return {"ExportImageTasks": [self._export(task_id)]}

    def create_instance_export_task(self, **parameters: Any) -> dict[str, Any]:
        self._call("CreateInstanceExportTask", parameters)
        task_id = f"export-i-{len(self.exports)}"
        target = parameters["ExportToS3Task"]
        suffix = target.get("ContainerFormat") or target["DiskImageFormat"].lower()
        self.exports[task_id] = {
            "ExportTaskId": task_id,
            "State": "active",
            "ExportToS3Task": {
                "S3Bucket": target["S3Bucket"],
                "S3Key": f"{target['S3Prefix']}{task_id}.{suffix}",
            },
            "InstanceExportDetails": {"InstanceId": parameters["InstanceId"]},
        }
        self.tags[task_id] = self._asked_tags(parameters, "export-instance-task")
        return {"ExportTask": self._export(task_id)}

    def describe_export_tasks(self, *, ExportTaskIds: list[str] | None = None) -> dict[str, Any]:
        self._check("DescribeExportTasks", {"ExportTaskIds": ExportTaskIds or []})
        if ExportTaskIds and set(ExportTaskIds) - set(self.exports):
            raise refusal("InvalidExportTaskID.NotFound", "DescribeExportTasks")
        return {"ExportTasks": [self._export(each) for each in ExportTaskIds or self.exports]}

    def cancel_export_task(self, **parameters: Any) -> None:
        self._call("CancelExportTask", parameters)
        if self.refuses_to_cancel:
            raise refusal("IncorrectState", "CancelExportTask")
        task_id = parameters["ExportTaskId"]
        self.end_export(task_id, "cancelled" if "State" in self.exports[task_id] else "deleted")

    def get_paginator(self, operation: str) -> Any:
        if operation == "describe_export_image_tasks":
            return _Tasks(self)
        return super().get_paginator(operation)

    def _export(self, task_id: str) -> dict[str, Any]:
        return {**self.exports[task_id], "Tags": self._tags_of(task_id)}

    # What is exported.

    def describe_images(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeImages", parameters)
        missing = [each for each in parameters["ImageIds"] if each not in self.images]
        if missing:
            raise refusal("InvalidAMIID.NotFound", "DescribeImages")
        shown = [{**self.images[each], "Tags": self._tags_of(each)} for each in parameters["ImageIds"]]
        hidden = () if parameters.get("IncludeDisabled") else ("disabled",)
        return {"Images": [each for each in shown if each["State"] not in hidden]}

    def describe_snapshots(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeSnapshots", parameters)
        if set(parameters["SnapshotIds"]) - set(self.described_snapshots):
            raise refusal("InvalidSnapshot.NotFound", "DescribeSnapshots")
        return {"Snapshots": [self.described_snapshots[each] for each in parameters["SnapshotIds"]]}

    def describe_instances(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeInstances", parameters)
        if set(parameters["InstanceIds"]) - set(self.machines):
            raise refusal("InvalidInstanceID.NotFound", "DescribeInstances")
        return {"Reservations": [{"Instances": [self.machines[each]]} for each in parameters["InstanceIds"]]}


class _Tasks:
    """The pages of DescribeExportImageTasks, one task each."""

    def __init__(self, ec2: FakeExportEC2) -> None:
        self._ec2 = ec2

    def paginate(self) -> Iterator[dict[str, Any]]:
        self._ec2.refusals.raise_next("DescribeExportImageTasks")
        for task_id in list(self._ec2.exports):
            if task_id.startswith("export-ami"):
                yield {"ExportImageTasks": [self._ec2._export(task_id)]}


class FakeExportS3(FakeS3):
    """An export bucket with what was written to it.

    Attributes:
        owner: The account that it belongs to.
        location: Its `LocationConstraint`.
        algorithm: Its default encryption; None where it has none.
        ownership: Its object ownership; None where it has no rule.
        deleted: The keys that were deleted, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.owner = ACCOUNT
        self.location: str | None = None
        self.algorithm: str | None = "AES256"
        self.ownership: str | None = "BucketOwnerPreferred"
        self.deleted: list[str] = []

    def write(self, key: str, size: int, **head: Any) -> None:
        """What an export has written."""
        self.heads[key] = {"ETag": '"e1-2"', "ContentLength": size, **head}

    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str = "") -> dict[str, Any]:
        return super().head_object(Bucket=Bucket, Key=Key)

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self.refusals.raise_next("DeleteObject")
        self.deleted.append(Key)
        self.heads.pop(Key, None)

    def get_bucket_location(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self.refusals.raise_next("GetBucketLocation")
        if ExpectedBucketOwner not in ("", self.owner):
            raise refusal("AccessDenied", "GetBucketLocation", status=403)
        return {"LocationConstraint": self.location}

    def get_bucket_encryption(self, *, Bucket: str) -> dict[str, Any]:
        self.refusals.raise_next("GetBucketEncryption")
        if self.algorithm is None:
            raise refusal("ServerSideEncryptionConfigurationNotFoundError", "GetBucketEncryption", status=404)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": self.algorithm}}
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    def get_bucket_ownership_controls(self, *, Bucket: str) -> dict[str, Any]:
        self.refusals.raise_next("GetBucketOwnershipControls")
        if self.ownership is None:
            raise refusal("OwnershipControlsNotFoundError", "GetBucketOwnershipControls", status=404)
        return {"OwnershipControls": {"Rules": [{"ObjectOwnership": self.ownership}]}}
