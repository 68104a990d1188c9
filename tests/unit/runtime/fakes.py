"""The AWS around the runtime, in memory: what the steps, the intake and the reconciler call."""

# ruff: noqa: ARG002 - the parameters are AWS's own

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.runtime.fake_dynamodb import FakeDynamoDB, refusal


class Refusals:
    """Errors that the next calls of an operation end with."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Exception]] = {}

    def add(self, operation: str, *errors: Exception) -> None:
        """Let the next calls fail, in this order."""
        self._waiting.setdefault(operation, []).extend(errors)

    def raise_next(self, operation: str) -> None:
        """Fail if it was asked for."""
        if self._waiting.get(operation):
            raise self._waiting[operation].pop(0)


class FakeEC2:
    """Import tasks, images and snapshots.

    Attributes:
        tasks: The tasks by id, as DescribeImportImageTasks shows them.
        images: The images by id, as DescribeImages shows them.
        snapshots: The ids of the snapshots.
        tags: What was tagged, by resource.
        cancelled: The tasks that were cancelled, with the reason.
        state_after_cancel: What a cancelled task's Status becomes at once.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.snapshots: set[str] = set()
        self.tags: dict[str, dict[str, str]] = {}
        self.cancelled: dict[str, str] = {}
        self.imports: list[dict[str, Any]] = []
        self.state_after_cancel = "deleted"
        self.refusals = Refusals()

    def add_task(
        self, task_id: str, *, tags: dict[str, str] | None = None, **described: Any
    ) -> dict[str, Any]:
        """A task; `described` are further keys of its description."""
        self.tasks[task_id] = {
            "ImportTaskId": task_id,
            "Status": "active",
            "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
            **described,
        }
        return self.tasks[task_id]

    def complete(self, task_id: str, image_id: str, *snapshot_ids: str) -> None:
        """Let a task end with an image."""
        task = self.tasks[task_id]
        task.pop("StatusMessage", None)
        task.update(
            Status="completed",
            ImageId=image_id,
            SnapshotDetails=[{"SnapshotId": snapshot_id} for snapshot_id in snapshot_ids],
        )
        mappings = [{"Ebs": {"SnapshotId": snapshot_id}} for snapshot_id in snapshot_ids]
        self.images[image_id] = {"ImageId": image_id, "BlockDeviceMappings": mappings}
        self.snapshots |= set(snapshot_ids)

    def import_image(self, **parameters: Any) -> dict[str, Any]:
        self.refusals.raise_next("ImportImage")
        self.imports.append(parameters)
        (specification,) = parameters["TagSpecifications"]
        tags = {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
        return self.add_task(f"import-ami-{len(self.imports)}", tags=tags, StatusMessage="pending")

    def describe_import_image_tasks(self, *, ImportTaskIds: list[str]) -> dict[str, Any]:
        self.refusals.raise_next("DescribeImportImageTasks")
        (task_id,) = ImportTaskIds
        if task_id not in self.tasks:
            raise refusal("InvalidConversionTaskId.Malformed", "DescribeImportImageTasks")
        return {"ImportImageTasks": [self.tasks[task_id]]}

    def get_paginator(self, operation: str) -> FakeEC2:
        assert operation == "describe_import_image_tasks"
        return self

    def paginate(self, *, Filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        states = {value for each in Filters for value in each["Values"]}
        found = [task for task in self.tasks.values() if not states or task["Status"] in states]
        return [{"ImportImageTasks": [task]} for task in found]

    def cancel_import_task(self, *, ImportTaskId: str, CancelReason: str) -> None:
        self.refusals.raise_next("CancelImportTask")
        self.cancelled[ImportTaskId] = CancelReason
        self.tasks[ImportTaskId]["Status"] = self.state_after_cancel

    def describe_images(self, *, ImageIds: list[str]) -> dict[str, Any]:
        (image_id,) = ImageIds
        if image_id not in self.images:
            raise refusal("InvalidAMIID.NotFound", "DescribeImages")
        return {"Images": [self.images[image_id]]}

    def create_tags(self, *, Resources: list[str], Tags: list[dict[str, str]]) -> None:
        self.refusals.raise_next("CreateTags")
        for resource in Resources:
            if resource.startswith("snap-") and resource not in self.snapshots:
                raise refusal("InvalidSnapshot.NotFound", "CreateTags")
            self.tags.setdefault(resource, {}).update({tag["Key"]: tag["Value"] for tag in Tags})

    def deregister_image(self, *, ImageId: str) -> None:
        self.images.pop(ImageId)

    def delete_snapshot(self, *, SnapshotId: str) -> None:
        self.refusals.raise_next("DeleteSnapshot")
        if "vmie:workflow" not in self.tags.get(
            SnapshotId, {}
        ):  # The role's condition; what is gone has no tag.
            raise refusal("UnauthorizedOperation", "DeleteSnapshot")
        if SnapshotId not in self.snapshots:
            raise refusal("InvalidSnapshot.NotFound", "DeleteSnapshot")
        self.snapshots.remove(SnapshotId)


class FakeS3:
    """Objects by key, each with the version and the tags that it has.

    Attributes:
        heads: What HeadObject answers, by key.
        documents: What was written, by key.
        history: Keys in the order in which they were written.
    """

    def __init__(self) -> None:
        self.heads: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, Any] = {}
        self.history: list[str] = []
        self.tags: dict[str, list[dict[str, str]]] = {}
        self.bodies: dict[str, bytes] = {}
        self.refusals = Refusals()

    def add(self, key: str, *, version: str | None = "v1", etag: str = "e1", body: bytes = b"disk") -> None:
        """An object that EC2 would read."""
        self.bodies[key] = body
        self.heads[key] = {
            "ETag": f'"{etag}"',
            "ContentLength": len(body),
            **({"VersionId": version} if version is not None else {}),
        }

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self.refusals.raise_next("HeadObject")
        if Key not in self.heads:
            raise refusal("404", "HeadObject", status=404)
        return self.heads[Key]

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str, Range: str) -> dict[str, Any]:
        self.refusals.raise_next("GetObject")
        first, last = Range.removeprefix("bytes=").split("-")
        return {"Body": io.BytesIO(self.bodies[Key][int(first) : int(last) + 1])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.refusals.raise_next("PutObject")
        self.documents[Key] = json.loads(Body)
        self.history.append(Key)

    def get_object_tagging(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self.refusals.raise_next("GetObjectTagging")
        return {"TagSet": list(self.tags.get(Key, []))}

    def put_object_tagging(self, *, Bucket: str, Key: str, Tagging: dict[str, Any]) -> None:
        self.tags[Key] = Tagging["TagSet"]


class FakeEvents:
    """An event bus.

    Attributes:
        sent: Detail-type and detail of every event.
        failed_entries: Error codes of the next entries.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.failed_entries: list[str] = []
        self.refusals = Refusals()

    @property
    def kinds(self) -> list[str]:
        """The last words of the detail-types."""
        return [kind.rsplit(" ", 1)[1] for kind, _ in self.sent]

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.refusals.raise_next("PutEvents")
        if self.failed_entries:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.failed_entries.pop(0)}]}
        (entry,) = Entries
        self.sent.append((entry["DetailType"], json.loads(entry["Detail"])))
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class FakeSNS:
    """A topic."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.refusals = Refusals()

    def publish(self, **message: Any) -> None:
        self.refusals.raise_next("Publish")
        self.sent.append(message)


class FakeStates:
    """Executions of one state machine, by name.

    Attributes:
        executions: Status, error and cause by name.
        refused: Errors of the next starts.
    """

    def __init__(self) -> None:
        self.executions: dict[str, dict[str, str]] = {}
        self.refusals = Refusals()

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:
        self.refusals.raise_next("StartExecution")
        if name in self.executions and self.executions[name]["status"] != "RUNNING":
            raise refusal("ExecutionAlreadyExists", "StartExecution")
        self.executions.setdefault(name, {"status": "RUNNING"})

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:
        name = executionArn.rsplit(":", 1)[1]
        if name not in self.executions:
            raise refusal("ExecutionDoesNotExist", "DescribeExecution")
        return self.executions[name]

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> None:
        name = executionArn.rsplit(":", 1)[1]
        self.executions[name] = {"status": "ABORTED", "error": error, "cause": cause}


@dataclass
class FakeSSM:
    """The pause parameter."""

    value: str = "false"

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        return {"Parameter": {"Value": self.value}}


@dataclass
class FakeLambda:
    """Counts the invocations."""

    payloads: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:
        self.payloads.append(json.loads(Payload))


@dataclass
class FakeAws:
    """Everything that a function may call."""

    dynamodb: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    ec2: FakeEC2 = field(default_factory=FakeEC2)
    s3: FakeS3 = field(default_factory=FakeS3)
    events: FakeEvents = field(default_factory=FakeEvents)
    sns: FakeSNS = field(default_factory=FakeSNS)
    stepfunctions: FakeStates = field(default_factory=FakeStates)
    ssm: FakeSSM = field(default_factory=FakeSSM)
    functions: FakeLambda = field(default_factory=FakeLambda)

    def client(self, service: str) -> Any:
        """The fake in place of `boto3.client(service)`."""
        return self.functions if service == "lambda" else getattr(self, service)


def throttled(operation: str = "Call") -> ClientError:
    """What AWS answers a caller in a hurry."""
    return refusal("ThrottlingException", operation, message="Rate exceeded")
