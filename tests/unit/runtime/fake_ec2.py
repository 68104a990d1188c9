"""EC2 in memory, as far as an import uses it; what it is called with is held against botocore's shapes."""

# ruff: noqa: ARG002 - the parameters are EC2's own

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.refusals import Refusals

_NOT_FOUND = {
    "ami": "InvalidAMIID.NotFound",
    "snap": "InvalidSnapshot.NotFound",
    "vol": "InvalidVolume.NotFound",
    "import": "InvalidConversionTaskId.Malformed",
}
_WORKFLOW = "vmie:workflow"


@cache
def _ec2_model() -> Any:
    return botocore.session.get_session().get_service_model("ec2")


class FakeEC2:
    """Import tasks, images, snapshots and volumes.

    Attributes:
        tasks: The import tasks by id, as their Describe shows them, but for the tags.
        images: The images by id, as DescribeImages shows them, but for the tags.
        snapshots: The ids of the snapshots.
        encrypted_snapshots: Those of them that are encrypted.
        volumes: The volumes by id, as DescribeVolumes shows them, but for the tags.
        instances: The ids of the instances.
        tags: What was tagged, by resource.
        calls: Every call that changes something, with its parameters.
        cancelled: The tasks that were cancelled, with the reason.
        state_after_cancel: What a cancelled task's Status becomes at once.
        encrypts_by_default: The account's setting.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.snapshots: set[str] = set()
        self.encrypted_snapshots: set[str] = set()
        self.volumes: dict[str, dict[str, Any]] = {}
        self.instances: set[str] = set()
        self.tags: dict[str, dict[str, str]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.cancelled: dict[str, str] = {}
        self.state_after_cancel = "deleted"
        self.encrypts_by_default = False
        self.refusals = Refusals()
        self._by_token: dict[str, tuple[dict[str, Any], str]] = {}

    # What tests make of it.

    def add_task(
        self, task_id: str, *, tags: dict[str, str] | None = None, **described: Any
    ) -> dict[str, Any]:
        """A task that runs; `described` are further keys of its description."""
        self.tags[task_id] = dict(tags or {})
        self.tasks[task_id] = {"ImportTaskId": task_id, "Status": "active", **described}
        return self.tasks[task_id]

    def add_image(self, image_id: str, *snapshot_ids: str, **described: Any) -> None:
        """An image that can be launched, over snapshots."""
        mappings = [{"Ebs": {"SnapshotId": snapshot_id}} for snapshot_id in snapshot_ids]
        self.images[image_id] = {
            "ImageId": image_id,
            "State": "available",
            "BlockDeviceMappings": mappings,
            **described,
        }
        self.snapshots |= set(snapshot_ids)

    def complete(self, task_id: str, *made: str) -> None:
        """Let a task end with its image, if it makes one, and its snapshots."""
        task = self.tasks[task_id]
        task.pop("StatusMessage", None)
        task["Status"] = "completed"
        if task_id.startswith("import-snap"):
            (task["SnapshotId"],) = made
            self.snapshots.add(made[0])
            return
        image_id, *snapshot_ids = made
        details = [{"SnapshotId": snapshot_id} for snapshot_id in snapshot_ids]
        task.update(ImageId=image_id, SnapshotDetails=details)
        self.add_image(image_id, *snapshot_ids)

    def called(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of every call of an operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    @property
    def imports(self) -> list[dict[str, Any]]:
        """The parameters of every call of ImportImage."""
        return self.called("ImportImage")

    # Import tasks.

    def import_image(self, **parameters: Any) -> dict[str, Any]:
        return {"ImportTaskId": self._once("ImportImage", parameters, "import-ami-", self._started)}

    def import_snapshot(self, **parameters: Any) -> dict[str, Any]:
        return {"ImportTaskId": self._once("ImportSnapshot", parameters, "import-snap-", self._started)}

    def _started(self, task_id: str, parameters: dict[str, Any]) -> None:
        self.add_task(task_id, StatusMessage="pending")

    def describe_import_image_tasks(self, *, ImportTaskIds: list[str]) -> dict[str, Any]:
        return {"ImportImageTasks": self._described("DescribeImportImageTasks", ImportTaskIds)}

    def describe_import_snapshot_tasks(self, *, ImportTaskIds: list[str]) -> dict[str, Any]:
        return {"ImportSnapshotTasks": self._described("DescribeImportSnapshotTasks", ImportTaskIds)}

    def _described(self, operation: str, task_ids: list[str]) -> list[dict[str, Any]]:
        self._check(operation, {"ImportTaskIds": task_ids})
        (task_id,) = task_ids
        if task_id not in self.tasks:
            raise refusal("InvalidConversionTaskId.Malformed", operation)
        return [self._shown(task_id)]

    def _shown(self, task_id: str) -> dict[str, Any]:
        task = {**self.tasks[task_id], "Tags": self._tags_of(task_id)}
        if not task_id.startswith("import-snap"):
            return task
        outside = ("ImportTaskId", "Tags", "Description")
        return {
            **{name: task.pop(name) for name in outside if name in task},
            "SnapshotTaskDetail": task,
        }

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(self, operation)

    def cancel_import_task(self, **parameters: Any) -> None:
        self._call("CancelImportTask", parameters)
        self.cancelled[parameters["ImportTaskId"]] = parameters["CancelReason"]
        self.tasks[parameters["ImportTaskId"]]["Status"] = self.state_after_cancel

    # Images.

    def register_image(self, **parameters: Any) -> dict[str, Any]:
        return {"ImageId": self._named_image("RegisterImage", parameters, parameters["BlockDeviceMappings"])}

    def copy_image(self, **parameters: Any) -> dict[str, Any]:
        if parameters["SourceImageId"] not in self.images:
            raise refusal("InvalidAMIID.NotFound", "CopyImage")
        return {"ImageId": self._once("CopyImage", parameters, "ami-copy-", self._copied)}

    def create_image(self, **parameters: Any) -> dict[str, Any]:
        return {"ImageId": self._named_image("CreateImage", parameters, [])}

    def _copied(self, image_id: str, parameters: dict[str, Any]) -> None:
        snapshot_id = f"snap-of-{image_id}"
        self.add_image(image_id, snapshot_id, Name=parameters["Name"], State="pending")
        self.tags[snapshot_id] = self._asked_tags(parameters, "snapshot")

    def _named_image(self, operation: str, parameters: dict[str, Any], mappings: list[Any]) -> str:
        self._call(operation, parameters)
        if any(image.get("Name") == parameters["Name"] for image in self.images.values()):
            raise refusal("InvalidAMIName.Duplicate", operation)
        image_id = f"ami-new-{len(self.images)}"
        self.add_image(image_id, Name=parameters["Name"], State="pending", BlockDeviceMappings=mappings)
        self.tags[image_id] = self._asked_tags(parameters, "image")
        return image_id

    def describe_images(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeImages", parameters)
        missing = set(parameters.get("ImageIds", ())) - set(self.images)
        if missing:
            raise refusal("InvalidAMIID.NotFound", "DescribeImages")
        return {"Images": self._found(self.images, parameters.get("ImageIds"), parameters.get("Filters"))}

    def deregister_image(self, **parameters: Any) -> None:
        self._require_ours("DeregisterImage", parameters, parameters["ImageId"])
        del self.images[parameters["ImageId"]]

    # Snapshots and volumes.

    def delete_snapshot(self, **parameters: Any) -> None:
        snapshot_id = parameters["SnapshotId"]
        self._require_ours("DeleteSnapshot", parameters, snapshot_id)
        mappings = [each for image in self.images.values() for each in image["BlockDeviceMappings"]]
        if any(mapping["Ebs"].get("SnapshotId") == snapshot_id for mapping in mappings):
            raise refusal("InvalidSnapshot.InUse", "DeleteSnapshot")
        if snapshot_id not in self.snapshots:
            raise refusal("InvalidSnapshot.NotFound", "DeleteSnapshot")
        self.snapshots.remove(snapshot_id)

    def create_volume(self, **parameters: Any) -> dict[str, Any]:
        return {"VolumeId": self._once("CreateVolume", parameters, "vol-", self._volume_made)}

    def _volume_made(self, volume_id: str, parameters: dict[str, Any]) -> None:
        self.volumes[volume_id] = {"VolumeId": volume_id, "State": "creating", "Attachments": []}

    def attach_volume(self, **parameters: Any) -> None:
        self._call("AttachVolume", parameters)
        volume = self.volumes[parameters["VolumeId"]]
        if volume["Attachments"]:
            raise refusal("VolumeInUse", "AttachVolume")
        attachment = {"InstanceId": parameters["InstanceId"], "Device": parameters["Device"]}
        volume["Attachments"] = [{**attachment, "State": "attaching"}]
        volume["State"] = "in-use"

    def detach_volume(self, **parameters: Any) -> None:
        self._require_ours("DetachVolume", parameters, parameters["VolumeId"])
        self.volumes[parameters["VolumeId"]].update(Attachments=[], State="available")

    def delete_volume(self, **parameters: Any) -> None:
        self._require_ours("DeleteVolume", parameters, parameters["VolumeId"])
        if self.volumes[parameters["VolumeId"]]["Attachments"]:
            raise refusal("VolumeInUse", "DeleteVolume")
        del self.volumes[parameters["VolumeId"]]

    def describe_volumes(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeVolumes", parameters)
        if set(parameters.get("VolumeIds", ())) - set(self.volumes):
            raise refusal("InvalidVolume.NotFound", "DescribeVolumes")
        return {"Volumes": self._found(self.volumes, parameters.get("VolumeIds"), parameters.get("Filters"))}

    def describe_snapshots(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeSnapshots", parameters)
        self.refusals.raise_next("DescribeSnapshots")
        if set(parameters["SnapshotIds"]) - self.snapshots:
            raise refusal("InvalidSnapshot.NotFound", "DescribeSnapshots")
        return {
            "Snapshots": [
                {"SnapshotId": each, "Encrypted": each in self.encrypted_snapshots}
                for each in parameters["SnapshotIds"]
            ]
        }

    def terminate_instances(self, **parameters: Any) -> None:
        self._require_ours("TerminateInstances", parameters, parameters["InstanceIds"][0])
        self.instances -= set(parameters["InstanceIds"])

    # Tags and settings.

    def create_tags(self, **parameters: Any) -> None:
        self._call("CreateTags", parameters)
        known: set[str] = {*self.tasks, *self.images, *self.snapshots, *self.volumes, *self.instances}
        for resource in parameters["Resources"]:
            if resource not in known:
                raise refusal(
                    _NOT_FOUND.get(resource.split("-")[0], "InvalidInstanceID.NotFound"), "CreateTags"
                )
        for resource in parameters["Resources"]:
            tags = {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}
            self.tags.setdefault(resource, {}).update(tags)

    def get_ebs_encryption_by_default(self) -> dict[str, Any]:
        return {"EbsEncryptionByDefault": self.encrypts_by_default}

    def get_ebs_default_kms_key_id(self) -> dict[str, Any]:
        return {"KmsKeyId": "alias/aws/ebs"}

    def _check(self, operation: str, parameters: dict[str, Any]) -> None:
        self.refusals.raise_next(operation)
        shape = _ec2_model().operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"

    def _call(self, operation: str, parameters: dict[str, Any]) -> None:
        self._check(operation, parameters)
        self.calls.append((operation, parameters))

    def _once(self, operation: str, parameters: dict[str, Any], prefix: str, make: Any) -> str:
        """A call that a token makes idempotent."""
        self._call(operation, parameters)
        token = parameters["ClientToken"]
        if token in self._by_token:
            before, resource_id = self._by_token[token]
            if before != parameters:
                raise refusal("IdempotentParameterMismatch", operation)
            return resource_id
        resource_id = f"{prefix}{len(self._by_token)}"
        self._by_token[token] = (parameters, resource_id)
        make(resource_id, parameters)
        (first, *_) = parameters["TagSpecifications"]
        self.tags[resource_id] = {tag["Key"]: tag["Value"] for tag in first["Tags"]}
        return resource_id

    def _require_ours(self, operation: str, parameters: dict[str, Any], resource: str) -> None:
        """The functions' roles may remove only what carries the workflow's tag; what is gone has none."""
        self._call(operation, parameters)
        if _WORKFLOW not in self.tags.get(resource, {}):
            raise refusal("UnauthorizedOperation", operation, status=403)

    def _found(
        self, resources: dict[str, dict[str, Any]], ids: list[str] | None, filters: list[Any] | None
    ) -> list[dict[str, Any]]:
        found = resources if ids is None else ids
        shown = [{**resources[each], "Tags": self._tags_of(each)} for each in found]
        return [each for each in shown if all(_matches(each, wanted) for wanted in filters or [])]

    def _tags_of(self, resource: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self.tags.get(resource, {}).items()]

    def _asked_tags(self, parameters: dict[str, Any], resource_type: str) -> dict[str, str]:
        return {
            tag["Key"]: tag["Value"]
            for specification in parameters["TagSpecifications"]
            if specification["ResourceType"] == resource_type
            for tag in specification["Tags"]
        }


class _Pages:
    """The pages of one Describe operation, one task each."""

    def __init__(self, ec2: FakeEC2, operation: str) -> None:
        self._ec2, self._operation = ec2, operation

    def paginate(self, *, Filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        self._ec2.refusals.raise_next("Describe")
        kind, prefix = {
            "describe_import_image_tasks": ("ImportImageTasks", "import-ami"),
            "describe_import_snapshot_tasks": ("ImportSnapshotTasks", "import-snap"),
        }[self._operation]
        states = {value for each in Filters for value in each["Values"]}
        for task_id, task in list(self._ec2.tasks.items()):
            if task_id.startswith(prefix) and (not states or task["Status"] in states):
                yield {kind: [self._ec2._shown(task_id)]}


def _matches(resource: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if wanted["Name"].startswith("tag:"):
        tags = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
        return tags.get(wanted["Name"].removeprefix("tag:")) in wanted["Values"]
    assert wanted["Name"] == "name", f"The filter {wanted['Name']} is not known here."
    return any(resource.get("Name") == value.replace("\\", "") for value in wanted["Values"])
