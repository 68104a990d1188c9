"""SQS queues and their policies."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation.api_arguments import text
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
# What each attribute becomes when an update drops it from the template.
_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}


def _create(request: Request) -> Created:
    wanted = request.properties
    fifo = text(wanted.get("FifoQueue", "false")) == "true"
    name = wanted.get("QueueName") or request.generated_name(80, suffix=".fifo" if fifo else "")
    attributes = {prop: text(wanted[prop]) for prop in _DEFAULTS if prop in wanted}
    if fifo:
        attributes["FifoQueue"] = "true"
    url = request.api(
        "sqs",
        "CreateQueue",
        QueueName=name,
        Attributes=attributes,
        tags=tags.as_map(wanted.get("Tags")) or None,
    )["QueueUrl"]
    return _described(request, url)


def _update(request: Request) -> Created:
    wanted, url = request.properties, request.physical_id
    attributes = {
        prop: text(wanted.get(prop, default)) for prop, default in _DEFAULTS.items() if request.changed(prop)
    }
    if attributes:
        request.api("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=attributes)
    if request.changed("Tags"):
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("sqs", "UntagQueue", QueueUrl=url, TagKeys=keys)
        if pairs := tags.as_map(wanted.get("Tags")):
            request.api("sqs", "TagQueue", QueueUrl=url, Tags=pairs)
    return _described(request, url)


def _described(request: Request, url: str) -> Created:
    answer = request.api("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
    arn: Any = answer["Attributes"]["QueueArn"]
    return Created(url, {"Arn": arn, "QueueName": arn.split(":")[-1], "QueueUrl": url})


def _delete(request: Request) -> None:
    request.tolerant(_GONE, "sqs", "DeleteQueue", QueueUrl=request.physical_id)


def _put_policy(request: Request) -> Created:
    for url in set(request.old_properties.get("Queues", [])) - set(request.properties["Queues"]):
        request.tolerant(_GONE, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    policy = text(request.properties["PolicyDocument"])
    for url in request.properties["Queues"]:
        request.api("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    return Created(request.physical_id or request.generated_name(80))


def _delete_policy(request: Request) -> None:
    for url in request.properties["Queues"]:
        request.tolerant(_GONE, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


TYPES = (
    ResourceType(
        name="AWS::SQS::Queue",
        honours=frozenset({"QueueName", "FifoQueue", "Tags", *_DEFAULTS}),
        # moto forgets which queues may name this one as their dead-letter queue, and asks nobody.
        inert=frozenset({"RedriveAllowPolicy"}),
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=frozenset({"QueueName", "FifoQueue"}),
        named_by="QueueName",
    ),
    ResourceType(
        name="AWS::SQS::QueuePolicy",
        honours=frozenset({"Queues", "PolicyDocument"}),
        create=_put_policy,
        update=_put_policy,
        delete=_delete_policy,
    ),
)
