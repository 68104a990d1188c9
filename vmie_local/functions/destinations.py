"""Sending a body to the ARN of a queue, a topic, a function or an event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_local.functions.function import FunctionVersion

if TYPE_CHECKING:
    from vmie_local.server import LocalAws


def deliver(cloud: LocalAws, function: FunctionVersion, arn: str, body: str) -> None:
    """Deliver as the function's role, as Lambda does; identity policies apply.

    Raises:
        ValueError: If nothing can be delivered to such an ARN.
    """
    _, _, service, region, _, resource = arn.split(":", 5)

    def client(name: str) -> Any:
        return cloud.client(name, region=region, role_arn=function.role_arn)

    match service:
        case "sqs":
            queue = client("sqs")
            queue.send_message(QueueUrl=f"{cloud.endpoint}/{arn.split(':')[4]}/{resource}", MessageBody=body)
        case "sns":
            client("sns").publish(TopicArn=arn, Message=body)
        case "lambda":
            client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        case "events":
            entry = {
                "Source": "lambda",
                "DetailType": "Lambda Function Invocation Result",
                "Detail": body,
                "EventBusName": arn,
                "Resources": [function.invoked_arn],
            }
            client("events").put_events(Entries=[entry])
        case "s3":
            raise ValueError(f"The local AWS delivers no invocation records to buckets: {arn}")
        case _:
            raise ValueError(f"Lambda delivers to queues, topics, functions and event buses, not to {arn}")
