"""EC2's conversion tasks in memory, and an S3 that signs but is never asked."""

# ruff: noqa: ARG002 - the parameters are AWS's own

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fake_ec2 import FakeEC2

ZONE = "us-east-1a"


class ConversionEC2(FakeEC2):
    """Conversion tasks beside everything else.

    Attributes:
        conversions: The tasks by id, as DescribeConversionTasks shows them.
        instance_states: The state of every instance.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conversions: dict[str, dict[str, Any]] = {}
        self.instance_states: dict[str, str] = {}

    def import_instance(self, **parameters: Any) -> dict[str, Any]:
        self._call("ImportInstance", parameters)
        instance_id = f"i-{len(self.conversions)}"
        self.instances.add(instance_id)
        self.instance_states[instance_id] = "pending"
        (disk,) = parameters["DiskImages"]
        detail = {
            "Description": parameters["Description"],
            "InstanceId": instance_id,
            "Volumes": [{"Image": disk["Image"], "Status": "active", "Volume": {"Size": 1}}],
        }
        return self._begun("import-i-", {"ImportInstance": detail})

    def import_volume(self, **parameters: Any) -> dict[str, Any]:
        self._call("ImportVolume", parameters)
        detail = {
            "Description": parameters["Description"],
            "Image": parameters["Image"],
            "Volume": {"Size": 1},
        }
        return self._begun("import-vol-", {"ImportVolume": detail})

    def _begun(self, prefix: str, detail: dict[str, Any]) -> dict[str, Any]:
        task_id = f"{prefix}{len(self.conversions)}"
        task = {"ConversionTaskId": task_id, "State": "active", "StatusMessage": "Pending", **detail}
        self.conversions[task_id] = task
        return {"ConversionTask": task}

    def converted(self, task_id: str, volume_id: str) -> None:
        """Let a task end; its instance stops."""
        task = self.conversions[task_id]
        detail = task.get("ImportInstance")
        disk = detail["Volumes"][0] if detail else task["ImportVolume"]
        disk["Volume"]["Id"] = volume_id
        self.volumes[volume_id] = {"VolumeId": volume_id, "State": "available", "Attachments": []}
        task["State"] = "completed"
        del task["StatusMessage"]
        if detail:
            self.instance_states[detail["InstanceId"]] = "stopped"

    def describe_conversion_tasks(self, **parameters: Any) -> dict[str, Any]:
        self._check("DescribeConversionTasks", parameters)
        asked = parameters.get("ConversionTaskIds", list(self.conversions))
        if set(asked) - set(self.conversions):
            raise refusal("InvalidConversionTaskId.Malformed", "DescribeConversionTasks")
        return {"ConversionTasks": [self.conversions[each] for each in asked]}

    def cancel_conversion_task(self, **parameters: Any) -> None:
        self._call("CancelConversionTask", parameters)
        self.cancelled[parameters["ConversionTaskId"]] = parameters["ReasonMessage"]
        self.conversions[parameters["ConversionTaskId"]]["State"] = "cancelled"

    def describe_instances(self, *, InstanceIds: list[str]) -> dict[str, Any]:
        self._check("DescribeInstances", {"InstanceIds": InstanceIds})
        (instance_id,) = InstanceIds
        if instance_id not in self.instance_states:
            raise refusal("InvalidInstanceID.NotFound", "DescribeInstances")
        shown = {
            "InstanceId": instance_id,
            "State": {"Name": self.instance_states[instance_id]},
            "Placement": {"AvailabilityZone": ZONE},
        }
        return {"Reservations": [{"Instances": [shown]}]}

    def terminate_instances(self, **parameters: Any) -> None:
        super().terminate_instances(**parameters)
        for instance_id in parameters["InstanceIds"]:
            self.instance_states[instance_id] = "terminated"


class SigningS3:
    """Signs URLs as boto3 does, and remembers what is put.

    Attributes:
        objects: What was put, by key.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._client = boto3.client(
            "s3",
            region_name="us-east-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(signature_version="s3v4"),
        )

    def generate_presigned_url(self, operation: str, **arguments: Any) -> str:
        url: str = self._client.generate_presigned_url(operation, **arguments)
        return url

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.objects[Key] = Body

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self.objects.pop(Key, None)
