"""Roles, functions, queues and state machines for tests, made with boto3 as a user would."""

from __future__ import annotations

import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from vmie_local import LocalAws

T = TypeVar("T")
PATIENCE = 60  # real seconds; generous, because machines are noisy and nothing is judged by it


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Whatever `look` returns first that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"Did not happen within {seconds} s: {what}")


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def zipped(source: str) -> bytes:
    """A deployment package with `main.py`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("main.py", textwrap.dedent(source))
    return packed.getvalue()


class Making:
    """Makes resources of one local AWS."""

    def __init__(self, cloud: LocalAws) -> None:
        self.cloud = cloud
        names = ("iam", "lambda", "s3", "sqs", "sns", "events", "stepfunctions", "logs", "dynamodb")
        clients = {name: cloud.client(name) for name in names}
        self.iam, self.s3, self.sqs, self.sns = (clients[name] for name in ("iam", "s3", "sqs", "sns"))
        self.functions, self.events, self.logs = (clients[name] for name in ("lambda", "events", "logs"))
        self.states, self.dynamodb = clients["stepfunctions"], clients["dynamodb"]

    def role(self, actions: Sequence[str] = (), service: str = "lambda") -> str:
        """The ARN of a role that may do these actions on everything."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": f"{service}.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        name = unique("role")
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return str(arn)

    def function(self, source: str, actions: Sequence[str] = (), name: str = "", **options: Any) -> str:
        """The name of a function whose handler is `main.handler`."""
        name = unique(name or "function")
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.14",
            Architectures=["arm64"],
            Role=self.role(actions),
            Handler="main.handler",
            Code={"ZipFile": zipped(source)},
            **{"Timeout": 30, **options},
        )
        return name

    def invoke(self, name: str, payload: Any = None, **options: Any) -> tuple[Any, str | None]:
        """The answer of a function, and `Unhandled` if it is an error."""
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(payload), **options)
        return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError")

    def queue(self, **attributes: str) -> tuple[str, str]:
        """URL and ARN of a queue."""
        suffix = ".fifo" if attributes.get("FifoQueue") == "true" else ""
        url = self.sqs.create_queue(QueueName=unique("queue") + suffix, Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, arn["Attributes"]["QueueArn"]

    def receive(self, url: str, number: int = 1) -> list[dict[str, Any]]:
        """So many messages, taken out of a queue."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            more = self.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])
            for message in more:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.extend(more)
            return len(found) >= number

        eventually(look, f"{number} messages in {url}")
        return found

    def empty(self, url: str) -> bool:
        """Whether a queue holds no message, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        held = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return all(int(held[name]) == 0 for name in names)

    def bucket(self, **versioning: str) -> str:
        """A bucket that tells EventBridge what happens to its objects."""
        name = unique("bucket")
        self.s3.create_bucket(Bucket=name)
        if versioning:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
        self.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        return name

    def rule(self, pattern: dict[str, Any] | str, *targets: dict[str, Any], bus: str = "default") -> str:
        """A rule with these targets; a text is a schedule."""
        name = unique("rule")
        wanted = {"ScheduleExpression": pattern} if isinstance(pattern, str) else {}
        if not isinstance(pattern, str):
            wanted["EventPattern"] = json.dumps(pattern)
        self.events.put_rule(Name=name, EventBusName=bus, **wanted)
        numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
        self.events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)
        return name

    def machine(self, states: dict[str, Any], actions: Sequence[str] = (), **more: Any) -> str:
        """The ARN of a JSONata state machine that begins with its first state."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **more}
        return str(
            self.states.create_state_machine(
                name=unique("machine"),
                definition=json.dumps(definition),
                roleArn=self.role(actions, "states"),
            )["stateMachineArn"]
        )

    def run(self, machine: str, data: Any = None, **options: Any) -> dict[str, Any]:
        """Run a state machine to its end."""
        started = self.states.start_execution(
            stateMachineArn=machine, input=json.dumps({} if data is None else data), **options
        )
        return self.ended(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """An execution, described when it has ended."""

        def look() -> dict[str, Any] | None:
            described: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        return eventually(look, f"end of {execution}")
