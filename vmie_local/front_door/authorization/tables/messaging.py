"""Amazon SQS, Amazon SNS and Amazon EventBridge."""

from __future__ import annotations

from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import (
    Requirement,
    Row,
    Table,
    anywhere,
    arn,
    on_member,
)


def _queue(action: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters.get("QueueUrl") or call.parameters.get("QueueName") or "*"
        name = str(given).rstrip("/").rpartition("/")[2]
        return (Requirement(f"sqs:{action}", arn(call, "sqs", name)),)

    return row


def _move(call: ApiCall) -> Iterable[Requirement]:
    source = str(call.parameters.get("SourceArn") or "*")
    for action in ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield Requirement(f"sqs:{action}", source)
    if destination := call.parameters.get("DestinationArn"):
        yield Requirement("sqs:SendMessage", str(destination))


SQS: Table = {
    "ChangeMessageVisibility": _queue("ChangeMessageVisibility"),
    "ChangeMessageVisibilityBatch": _queue("ChangeMessageVisibility"),
    "DeleteMessage": _queue("DeleteMessage"),
    "DeleteMessageBatch": _queue("DeleteMessage"),
    "GetQueueAttributes": _queue("GetQueueAttributes"),
    "GetQueueUrl": _queue("GetQueueUrl"),
    "ListMessageMoveTasks": on_member("sqs:ListMessageMoveTasks", "SourceArn"),
    "ListQueueTags": _queue("ListQueueTags"),
    "ListQueues": anywhere("sqs:ListQueues"),
    "PurgeQueue": _queue("PurgeQueue"),
    "ReceiveMessage": _queue("ReceiveMessage"),
    "SendMessage": _queue("SendMessage"),
    "SendMessageBatch": _queue("SendMessage"),
    "SetQueueAttributes": _queue("SetQueueAttributes"),
    "StartMessageMoveTask": _move,
}


def _publish(call: ApiCall) -> Iterable[Requirement]:
    given = call.parameters
    target = given.get("TopicArn") or given.get("TargetArn") or "*"  # a phone number has no ARN
    return (Requirement("sns:Publish", str(target)),)


SNS: Table = {
    "GetTopicAttributes": on_member("sns:GetTopicAttributes", "TopicArn"),
    "ListSubscriptionsByTopic": on_member("sns:ListSubscriptionsByTopic", "TopicArn"),
    "ListTopics": anywhere("sns:ListTopics"),
    "Publish": _publish,
    "PublishBatch": _publish,
    "SetTopicAttributes": on_member("sns:SetTopicAttributes", "TopicArn"),
    "Subscribe": on_member("sns:Subscribe", "TopicArn"),
}


def _put_events(call: ApiCall) -> Iterable[Requirement]:
    for entry in call.parameters.get("Entries", []):
        bus = str(entry.get("EventBusName") or "default")
        context = {"events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")}
        resource = bus if bus.startswith("arn:") else arn(call, "events", f"event-bus/{bus}")
        yield Requirement("events:PutEvents", resource, context)


def _rule(action: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters
        name = str(given.get("Rule") or given.get("Name") or "*")
        bus = str(given.get("EventBusName") or "default").rpartition("/")[2]
        path = name if bus == "default" else f"{bus}/{name}"
        return (Requirement(f"events:{action}", arn(call, "events", f"rule/{path}")),)

    return row


def _put_targets(call: ApiCall) -> Iterable[Requirement]:
    yield from _rule("PutTargets")(call)
    roles = (target.get("RoleArn") for target in call.parameters.get("Targets", []))
    for role in dict.fromkeys(role for role in roles if role):
        yield Requirement("iam:PassRole", str(role), {"iam:PassedToService": "events.amazonaws.com"})


EVENTS: Table = {
    "DeleteRule": _rule("DeleteRule"),
    "DescribeRule": _rule("DescribeRule"),
    "DisableRule": _rule("DisableRule"),
    "EnableRule": _rule("EnableRule"),
    "ListRules": anywhere("events:ListRules"),
    "ListTargetsByRule": _rule("ListTargetsByRule"),
    "PutEvents": _put_events,
    "PutRule": _rule("PutRule"),
    "PutTargets": _put_targets,
    "RemoveTargets": _rule("RemoveTargets"),
}
