"""Delivering to targets, with the permissions that EventBridge would have.

Queues, topics, functions and log groups admit EventBridge by their resource policies, which the local AWS
does not check; state machines and event buses are called with the target's role.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmie_local.server import LocalAws


class Targets:
    """Sends to what `PutTargets` may name."""

    def __init__(self, cloud: LocalAws) -> None:
        """Prepare; clients are made when first needed."""
        self._cloud = cloud
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._lock = threading.Lock()

    def send(self, target: dict[str, Any], event: dict[str, Any], body: str) -> None:
        """Deliver once.

        Args:
            target: The target as `PutTargets` took it.
            event: The event that matched.
            body: What the target receives.

        Raises:
            ClientError: If the service refuses.
            ValueError: If the local AWS cannot deliver to such a target.
        """
        arn = target["Arn"]
        match arn.split(":")[2]:
            case "sqs":
                self._to_queue(arn, body, (target.get("SqsParameters") or {}).get("MessageGroupId"))
            case "sns":
                self._client("sns", arn).publish(TopicArn=arn, Message=body)
            case "lambda":
                client = self._client("lambda", arn)
                client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
            case "states":
                client = self._client("stepfunctions", arn, target.get("RoleArn"))
                name = f"{event['id']}_{uuid.uuid4()}"[:80]
                client.start_execution(stateMachineArn=arn, name=name, input=body)
            case "events":
                self._to_bus(arn, event, target.get("RoleArn"))
            case "logs":
                self._to_log_group(arn, body)
            case _:
                raise ValueError(f"The local AWS cannot deliver events to {arn}.")

    def dead_letter(self, arn: str, body: str, attributes: dict[str, str]) -> None:
        """Put an event that could not be delivered into a queue."""
        values = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self._sqs(arn).send_message(QueueUrl=self._url(arn), MessageBody=body, MessageAttributes=values)

    def _to_queue(self, arn: str, body: str, group: str | None) -> None:
        extra = {"MessageGroupId": group} if group else {}
        self._sqs(arn).send_message(QueueUrl=self._url(arn), MessageBody=body, **extra)

    def _to_bus(self, arn: str, event: dict[str, Any], role_arn: str | None) -> None:
        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event["resources"],
            "EventBusName": arn,
        }
        answer = self._client("events", arn, role_arn).put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise ValueError(f"{arn}: {answer['Entries'][0]['ErrorMessage']}")

    def _to_log_group(self, arn: str, body: str) -> None:
        group = arn.split(":log-group:")[1].split(":")[0]
        client, stream = self._client("logs", arn), str(uuid.uuid4())
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        entry = {"timestamp": int(time.time() * 1000), "message": body}
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[entry])

    def _sqs(self, arn: str) -> Any:
        return self._client("sqs", arn)

    def _url(self, arn: str) -> str:
        _, _, _, _, account, name = arn.split(":", 5)
        return f"{self._cloud.endpoint}/{account}/{name}"

    def _client(self, service: str, arn: str, role_arn: str | None = None) -> Any:
        key = service, arn.split(":")[3], role_arn
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._cloud.client(service, region=key[1], role_arn=role_arn)
            return self._clients[key]
