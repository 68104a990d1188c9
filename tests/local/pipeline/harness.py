"""A deployed pipeline as the tests use it: upload, wait, look at everything that could be left behind."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from tests.local.pipeline.leavings import leavings
from vmie_local import LocalAws

DEMO_DISK = next(
    (Path(__file__).parents[3] / "examples" / "images").glob("demo-linux*.vmdk"),
    Path("examples/images/demo-linux.vmdk"),
)
T = TypeVar("T")
TERMINAL = {"Rejected", "Succeeded", "Failed", "Cancelled", "TimedOut"}
PATIENCE = 300  # real seconds; generous, because machines are noisy and nothing is judged by it


def eventually(
    look: Callable[[], T | None], what: str, seconds: float = PATIENCE, *, every: float = 0.2
) -> T:
    """Whatever `look` returns first that is not None or False."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(every)
    raise AssertionError(f"Did not happen within {seconds} s: {what}")


@dataclass
class Pipeline:
    """One deployed stack."""

    cloud: LocalAws
    outputs: dict[str, str]
    keys: list[str] = field(default_factory=list)

    @cached_property
    def s3(self) -> Any:
        return self.cloud.client("s3")

    @cached_property
    def ec2(self) -> Any:
        return self.cloud.client("ec2")

    @cached_property
    def states(self) -> Any:
        return self.cloud.client("stepfunctions")

    @cached_property
    def dynamodb(self) -> Any:
        return self.cloud.client("dynamodb")

    @property
    def bucket(self) -> str:
        return self.outputs["ImportBucketName"]

    @property
    def table(self) -> str:
        return self.outputs["RequestsTableName"]

    @property
    def state_machine(self) -> str:
        return self.outputs["ImportStateMachineArn"]

    @property
    def service_role(self) -> str:
        return self.outputs["VmImportRoleArn"].rsplit("/", 1)[1]

    def upload(self, key: str, body: bytes | None = None, **options: Any) -> str | None:
        """Drop an object (default: the demo disk); returns its version id."""
        content = DEMO_DISK.read_bytes() if body is None else body
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, **options).get("VersionId")

    def ask(self, name: str, document: Any) -> str:
        """Drop a request file; its key."""
        key = f"requests/{name}.json"
        self.upload(key, json.dumps(document).encode())
        return key

    def start(self, document: Any) -> str:
        """Start the state machine with a request; the execution's ARN."""
        answer = self.states.start_execution(stateMachineArn=self.state_machine, input=json.dumps(document))
        return str(answer["executionArn"])

    def document(self, address: str) -> dict[str, Any] | None:
        try:
            return json.loads(self.s3.get_object(Bucket=self.bucket, Key=address)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise

    def result(self, key: str) -> dict[str, Any] | None:
        """The newest result of a source key, whatever its status."""
        return self.document(f"results/{key}.json")

    def ended(self, key: str) -> dict[str, Any]:
        """The terminal result of a source key."""

        def look() -> dict[str, Any] | None:
            found = self.result(key)
            return found if found and found["Status"] in TERMINAL else None

        return eventually(look, f"a terminal result for {key!r}; now {self.result(key)}")

    def ended_version(self, key: str, version: str | None) -> dict[str, Any]:
        """The terminal result of one version of a key."""

        def look() -> dict[str, Any] | None:
            for item in self.requests():
                if item.get("Key") == key and item.get("VersionId") == version and "OpenState" not in item:
                    return self.document(f"results/by-id/{item['Id']}.json")
            return None

        return eventually(look, f"a terminal result for {key!r} {version}")

    def requests(self) -> list[dict[str, Any]]:
        """Every request in the table; fleets are none."""
        return [item for item in self.items() if "Status" in item]

    def items(self) -> list[dict[str, Any]]:
        deserialise = TypeDeserializer().deserialize
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return [
            {name: deserialise(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def request_of(self, key: str) -> dict[str, Any]:
        return eventually(
            lambda: next((item for item in self.requests() if item.get("Key") == key), None),
            f"a request for {key!r}",
        )

    def running(self, key: str) -> dict[str, Any]:
        """The request of a key, once its EC2 task runs."""

        def look() -> dict[str, Any] | None:
            return next(
                (item for item in self.requests() if item.get("Key") == key and "TaskId" in item), None
            )

        return eventually(look, f"a running task for {key!r}")

    def tasks(self) -> list[dict[str, Any]]:
        """The ImportImage tasks of this pipeline."""
        return self._tasks("describe_import_image_tasks", "ImportImageTasks")

    def snapshot_tasks(self) -> list[dict[str, Any]]:
        """The ImportSnapshot tasks of this pipeline."""
        return self._tasks("describe_import_snapshot_tasks", "ImportSnapshotTasks")

    def _tasks(self, operation: str, member: str) -> list[dict[str, Any]]:
        tag = {"Key": "vmie:workflow", "Value": self.table}
        pages = self.ec2.get_paginator(operation).paginate()
        return [task for page in pages for task in page[member] if tag in task.get("Tags", [])]

    def tasks_of(self, request_id: str) -> list[dict[str, Any]]:
        tag = {"Key": "vmie:request-id", "Value": request_id}
        return [task for task in (*self.tasks(), *self.snapshot_tasks()) if tag in task["Tags"]]

    def images(self) -> list[dict[str, Any]]:
        return self.ec2.describe_images(Owners=["self"])["Images"]

    def execution(self, result: dict[str, Any]) -> dict[str, Any]:
        """The ended execution of a result."""

        def look() -> dict[str, Any] | None:
            found = self.states.describe_execution(executionArn=result["ExecutionArn"])
            return found if found["status"] != "RUNNING" else None

        return eventually(look, f"the end of {result['ExecutionArn']}")

    def settled(self) -> bool:
        """Nothing runs, waits, is held or was left behind."""
        return not leavings(self)

    def inject(self, operation: str, *, service: str = "ec2", times: int = 1, **fault: Any) -> None:
        """Make calls or tasks fail; see the local AWS's documentation of `/_vmie/faults`."""
        self._control("POST", {"Service": service, "Operation": operation, "Times": times, **fault})

    def no_fault_is_pending(self) -> bool:
        """Tell whether every injected fault has happened."""
        with urllib.request.urlopen(f"{self.cloud.endpoint}/_vmie/faults") as answer:
            return not json.loads(answer.read())["Faults"]

    @contextmanager
    def without_rounds(self) -> Iterator[None]:
        """Neither the schedule nor the end of an execution wakes the reconcilers meanwhile."""
        self._switch_rounds("disable_rule")
        try:
            yield
        finally:
            self._switch_rounds("enable_rule")

    @contextmanager
    def with_rounds(self) -> Iterator[None]:
        """The reconcilers are woken meanwhile."""
        self._switch_rounds("enable_rule")
        try:
            yield
        finally:
            self._switch_rounds("disable_rule")

    def slow_down_rounds(self) -> None:
        """Let the scheduled rounds come every fifteen minutes: five last less than a second here.

        A busy machine would be busy with nothing else, and what wakes the reconcilers otherwise still does.
        """
        events = self.cloud.client("events")
        for rule in events.list_rules(NamePrefix=f"{self.table.partition('-')[0]}-")["Rules"]:
            if "Reconciler" in rule["Name"] and "ScheduleExpression" in rule:
                events.put_rule(Name=rule["Name"], ScheduleExpression="rate(15 minutes)")

    def _switch_rounds(self, operation: str) -> None:
        # A test may have destroyed the stack meanwhile: it has no rules then.
        events = self.cloud.client("events")
        for rule in events.list_rules(NamePrefix=f"{self.table.partition('-')[0]}-")["Rules"]:
            if "Reconciler" in rule["Name"]:
                getattr(events, operation)(Name=rule["Name"])

    def stop_unseen(self, key: str) -> dict[str, Any]:
        """Stop the execution of a running import and wait until its task has completed all the same."""
        request = self.running(key)
        self.states.stop_execution(executionArn=request["ExecutionArn"], cause="unseen")
        eventually(
            lambda: all(task["Status"] != "active" for task in self.tasks_of(request["Id"])),
            "the end of the task",
        )
        statuses = {task["Status"] for task in self.tasks_of(request["Id"])}
        assert statuses == {"completed"}, f"The stop did not stay unseen: {self.requests()}"
        return request

    def images_of(self, request_id: str) -> list[dict[str, Any]]:
        """The AMIs that a request's tasks made and that still exist, tagged or not."""
        made = {task["ImageId"] for task in self.tasks_of(request_id) if "ImageId" in task}
        return [image for image in self.images() if image["ImageId"] in made]

    def clear_faults(self) -> None:
        self._control("DELETE", None)

    def _control(self, method: str, body: dict[str, Any] | None) -> None:
        request = urllib.request.Request(
            f"{self.cloud.endpoint}/_vmie/faults",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()

    @contextmanager
    def listening(self) -> Iterator[Callable[[], list[dict[str, Any]]]]:
        """Collect the pipeline's events meanwhile; yields a function that returns those seen so far."""
        sqs, events = self.cloud.client("sqs"), self.cloud.client("events")
        queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="listener", EventPattern=json.dumps({"source": ["vmie"]}))
        events.put_targets(Rule="listener", Targets=[{"Id": "queue", "Arn": arn}])
        seen: list[dict[str, Any]] = []

        def collect() -> list[dict[str, Any]]:
            while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    seen.append(json.loads(message["Body"]))
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return seen

        try:
            yield collect
        finally:
            events.remove_targets(Rule="listener", Ids=["queue"])
            events.delete_rule(Name="listener")
            sqs.delete_queue(QueueUrl=queue)

    def pause(self) -> None:
        """Admit nothing more."""
        self._set_pause("true")

    def resume(self) -> None:
        """Admit again; the next scheduled round does."""
        self._set_pause("false")

    def _set_pause(self, value: str) -> None:
        name = self.outputs["PauseParameterName"]
        self.cloud.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def request_of_version(self, key: str, version: str | None) -> dict[str, Any]:
        return eventually(
            lambda: next(
                (
                    item
                    for item in self.requests()
                    if item.get("Key") == key and item.get("VersionId") == version
                ),
                None,
            ),
            f"a request for {key!r} {version}",
        )

    def calls(self, **filters: str) -> list[dict[str, Any]]:
        """The calls that the local AWS has seen, filtered by `service`, `operation` and the like."""
        query = urllib.parse.urlencode(filters)
        with urllib.request.urlopen(f"{self.cloud.endpoint}/_vmie/calls?{query}") as answer:
            found = json.loads(answer.read())
        return found["Calls"] if isinstance(found, dict) else found
