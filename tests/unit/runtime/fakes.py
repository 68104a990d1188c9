"""The AWS around the runtime, in memory: what the steps, the intake and the reconciler call."""

# ruff: noqa: ARG002 - the parameters are AWS's own

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.runtime.fake_dynamodb import FakeDynamoDB, refusal
from tests.unit.runtime.fake_ec2 import FakeEC2
from tests.unit.runtime.refusals import Refusals

__all__ = ["FakeAws", "FakeEC2", "Refusals", "throttled"]


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

    def head_object(
        self, *, Bucket: str, Key: str, IfMatch: str = "", ChecksumMode: str = ""
    ) -> dict[str, Any]:
        self.refusals.raise_next("HeadObject")
        if Key not in self.heads:
            raise refusal("404", "HeadObject", status=404)
        return self.heads[Key]

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str = "", Range: str = "") -> dict[str, Any]:
        self.refusals.raise_next("GetObject")
        if Key not in self.heads:
            raise refusal("NoSuchKey", "GetObject", status=404)
        if IfMatch and self.heads[Key]["ETag"] != IfMatch:
            raise refusal("PreconditionFailed", "GetObject", status=412)
        first, last = (Range or "bytes=0-").removeprefix("bytes=").split("-")
        return {"Body": io.BytesIO(self.bodies[Key][int(first) : int(last) + 1 if last else None])}

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
        waiting_tokens: The tokens that executions wait with.
        resumed: The tokens that let one go on.
    """

    def __init__(self) -> None:
        self.executions: dict[str, dict[str, str]] = {}
        self.waiting_tokens: set[str] = set()
        self.resumed: list[str] = []
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

    def send_task_success(self, *, taskToken: str, output: str) -> None:
        self.refusals.raise_next("SendTaskSuccess")
        if taskToken not in self.waiting_tokens:
            raise refusal("TaskTimedOut", "SendTaskSuccess")
        self.waiting_tokens.remove(taskToken)
        self.resumed.append(taskToken)


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
class FakeSQS:
    """The intake's queue."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        self.messages.append(json.loads(MessageBody))


class FakeSTS:
    """An STS that is active in the Region."""

    def __init__(self) -> None:
        self.refusals = Refusals()

    def get_caller_identity(self) -> dict[str, Any]:
        self.refusals.raise_next("GetCallerIdentity")
        return {"Account": "123456789012"}


class FakeKMS:
    """Keys that can be used, unless a test says otherwise.

    Attributes:
        metadata: Further facts of every key.
    """

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}

    def describe_key(self, *, KeyId: str) -> dict[str, Any]:
        arn = KeyId if KeyId.startswith("arn:") else f"arn:aws:kms:us-east-1:123456789012:key/{KeyId}"
        metadata = {
            "AWSAccountId": "123456789012",
            "KeyId": KeyId,
            "Arn": arn,
            "CreationDate": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "Enabled": True,
            "KeyState": "Enabled",
            "KeyManager": "CUSTOMER",
            **self.metadata,
        }
        return {"KeyMetadata": metadata}

    def get_key_policy(self, *, KeyId: str, PolicyName: str) -> dict[str, Any]:
        own = "arn:aws:iam::123456789012:root"
        statement = {"Effect": "Allow", "Principal": {"AWS": own}, "Action": "kms:*", "Resource": "*"}
        return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


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
    sqs: FakeSQS = field(default_factory=FakeSQS)
    sts: FakeSTS = field(default_factory=FakeSTS)
    kms: FakeKMS = field(default_factory=FakeKMS)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def client(self, service: str, attempts: int = 4) -> Any:
        """The fake in place of `boto3.client(service)`; `asked` remembers how patient each was to be."""
        self.asked.append((service, attempts))
        return self.functions if service == "lambda" else getattr(self, service)


def throttled(operation: str = "Call") -> ClientError:
    """What AWS answers a caller in a hurry."""
    return refusal("ThrottlingException", operation, message="Rate exceeded")
