"""The exporting half of a deployed pipeline as the tests use it."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.local.pipeline.harness import TERMINAL, Pipeline, eventually
from tests.local.pipeline.leavings import leavings

PROBE = "vmimportexport_write_verification"


class ExportPipeline(Pipeline):
    """One deployed stack, seen from its export bucket."""

    @property
    def bucket(self) -> str:
        return self.outputs["ExportBucketName"]

    @property
    def state_machine(self) -> str:
        return self.outputs["ExportStateMachineArn"]

    def ask(self, name: str, document: Any) -> str:
        """Drop a request file; its key."""
        key = f"requests/{name}.json"
        self.upload(key, json.dumps(document).encode())
        return key

    def export(self, name: str, document: Any) -> dict[str, Any]:
        """The terminal result of a request file."""
        return self.ended(self.ask(name, document))

    def started(self, document: Any) -> dict[str, Any]:
        """The terminal result of an execution that was started with a request."""
        arn = self.states.start_execution(stateMachineArn=self.state_machine, input=json.dumps(document))[
            "executionArn"
        ]

        def look() -> dict[str, Any] | None:
            for item in self.requests():
                if item.get("ExecutionArn") == arn and "OpenState" not in item:
                    return self.document(f"results/by-id/{item['Id']}.json")
            return None

        return eventually(look, f"a terminal result of {arn}")

    def ended_entry(self, key: str, number: int) -> dict[str, Any]:
        """The terminal result of one entry of a fleet."""
        address = f"results/{key}/{number}.json"

        def look() -> dict[str, Any] | None:
            found = self.document(address)
            return found if found and found["Status"] in TERMINAL else None

        return eventually(look, f"a terminal result at {address}; now {self.document(address)}")

    def running(self, key: str) -> dict[str, Any]:
        """The request of a key, once its EC2 task runs."""

        def look() -> dict[str, Any] | None:
            return next(
                (item for item in self.requests() if item.get("Key") == key and "TaskId" in item), None
            )

        return eventually(look, f"a running task for {key!r}; now {self.result(key)}")

    def tasks(self) -> list[dict[str, Any]]:
        """The export tasks of this pipeline, of both kinds, with a `Status` each."""
        pages = self.ec2.get_paginator("describe_export_image_tasks").paginate()
        images = [task for page in pages for task in page["ExportImageTasks"]]
        states = {"cancelling": "deleting", "cancelled": "deleted"}
        instances = [
            {**task, "Status": states.get(task["State"], task["State"])}
            for task in self.ec2.describe_export_tasks()["ExportTasks"]
            if "InstanceExportDetails" in task
        ]
        ours = {"Key": "vmie:workflow", "Value": self.table}
        return [task for task in (*images, *instances) if ours in task.get("Tags", [])]

    def written(self, task_id: str) -> list[str]:
        """The objects and unfinished uploads that bear a task's id, and the service's probe."""
        objects = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        uploads = self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        keys = [found["Key"] for found in (*objects, *uploads)]
        return [key for key in keys if task_id in key or key == PROBE]

    def settled(self) -> bool:
        """Nothing runs, waits or is held; the AMI that an export names was there before."""
        return not set(leavings(self)) - {"orphans"}

    def import_image(self, name: str, **parameters: Any) -> str:
        """An AMI of the demo disk, as the other half of the pipeline makes it; its id."""
        source = Pipeline(self.cloud, self.outputs)
        key = f"requests/{name}.json"
        source.upload(f"disks/{name}.vmdk")
        container = {"Format": "vmdk", "UserBucket": {"S3Key": f"disks/{name}.vmdk"}}
        source.upload(key, json.dumps({"DiskContainers": [container], **parameters}).encode())
        result = source.ended(key)
        assert result["Status"] == "Succeeded", result
        return str(result["ImageId"])

    def launch(self, image_id: str, **parameters: Any) -> str:
        """A running instance of an AMI; its id."""
        answer = self.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, **parameters)
        instance_id = str(answer["Instances"][0]["InstanceId"])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 1})
        return instance_id

    def size_of(self, uri: str) -> int | None:
        """The bytes of an object; None where there is none."""
        key = uri.removeprefix(f"s3://{self.bucket}/")
        try:
            return int(self.s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"])
        except ClientError:
            return None

    def set_ownership(self, ownership: str) -> None:
        """Change the bucket's object ownership, as somebody does by hand."""
        rules = {"Rules": [{"ObjectOwnership": ownership}]}
        self.s3.put_bucket_ownership_controls(Bucket=self.bucket, OwnershipControls=rules)


def of_image(image_id: str, disk_image_format: str = "VMDK", **more: Any) -> dict[str, Any]:
    """A request for an AMI."""
    return {"ImageId": image_id, "DiskImageFormat": disk_image_format, **more}


def of_instance(instance_id: str, **options: Any) -> dict[str, Any]:
    """A request for an instance, as an appliance."""
    return {
        "InstanceId": instance_id,
        "TargetEnvironment": "vmware",
        "ExportToS3Task": {"ContainerFormat": "ova", "DiskImageFormat": "VMDK"},
        "Vmie": options,
    }
