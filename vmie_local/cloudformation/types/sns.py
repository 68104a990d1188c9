"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import json
from typing import Any

from vmie_local.cloudformation.api_arguments import text
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("NotFound",)
_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DisplayName": "",
    "KmsMasterKeyId": "",
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}
_OWNERS_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
_SUBSCRIPTION = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
)


_OWNERS_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


def _create_topic(request: Request) -> Created:
    wanted = request.properties
    fifo = text(wanted.get("FifoTopic", "false")) == "true"
    attributes = {name: text(wanted[name]) for name in _DEFAULTS if name in wanted}
    if fifo:
        attributes["FifoTopic"] = "true"
    arn = request.api(
        "sns",
        "CreateTopic",
        Name=wanted.get("TopicName") or request.generated_name(256, suffix=".fifo" if fifo else ""),
        Attributes=attributes,
        Tags=tags.as_list(wanted.get("Tags")) or None,
    )["TopicArn"]
    request.made(arn)
    _subscribe_inline(request, arn)
    return _described_topic(arn)


def _subscribe_inline(request: Request, arn: str) -> None:
    """Make the subscriptions that the topic itself lists what they should be."""
    before, after = (
        {(entry["Protocol"], entry["Endpoint"]) for entry in one.get("Subscription") or []}
        for one in (request.old_properties, request.properties)
    )
    for protocol, endpoint in sorted(after - before):
        request.api("sns", "Subscribe", TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
    if before - after:
        for one in request.api("sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"]:
            if (one["Protocol"], one["Endpoint"]) in before - after:
                request.tolerant(_GONE, "sns", "Unsubscribe", SubscriptionArn=one["SubscriptionArn"])


def _update_topic(request: Request) -> Created:
    wanted, arn = request.properties, request.physical_id
    for name, default in _DEFAULTS.items():
        if request.changed(name):
            request.api(
                "sns",
                "SetTopicAttributes",
                TopicArn=arn,
                AttributeName=name,
                AttributeValue=text(wanted.get(name, default)),
            )
    _subscribe_inline(request, arn)
    if request.changed("Tags"):
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("sns", "UntagResource", ResourceArn=arn, TagKeys=keys)
        request.api("sns", "TagResource", ResourceArn=arn, Tags=tags.as_list(wanted.get("Tags")))
    return _described_topic(arn)


def _described_topic(arn: str) -> Created:
    return Created(arn, {"TopicArn": arn, "TopicName": arn.split(":")[-1]})


def _delete_topic(request: Request) -> None:
    request.tolerant(_GONE, "sns", "DeleteTopic", TopicArn=request.physical_id)


def _put_policy(request: Request) -> Created:
    for arn in set(request.old_properties.get("Topics", [])) - set(request.properties["Topics"]):
        _set_default_policy(request, arn)
    policy = text(request.properties["PolicyDocument"])
    for arn in request.properties["Topics"]:
        request.api("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created(request.physical_id or request.generated_name(80))


def _delete_policy(request: Request) -> None:
    for arn in request.properties["Topics"]:
        _set_default_policy(request, arn)


def _set_default_policy(request: Request, arn: str) -> None:
    """A topic always has a policy: at first one for its owner."""
    policy = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
                "Resource": arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": request.account}},
            }
        ],
    }
    request.tolerant(
        _GONE,
        "sns",
        "SetTopicAttributes",
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=json.dumps(policy),
    )


def _subscribe(request: Request) -> Created:
    wanted = request.properties
    arn = request.api(
        "sns",
        "Subscribe",
        TopicArn=wanted["TopicArn"],
        Protocol=wanted["Protocol"],
        Endpoint=wanted.get("Endpoint"),
        Attributes={name: text(wanted[name]) for name in _SUBSCRIPTION if name in wanted},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(arn, {"Arn": arn})


def _update_subscription(request: Request) -> Created:
    arn = request.physical_id
    defaults: dict[str, Any] = {"RawMessageDelivery": "false", "FilterPolicy": "{}"}
    for name in _SUBSCRIPTION:
        if request.changed(name):
            value = text(request.properties.get(name, defaults.get(name, "")))
            request.api(
                "sns",
                "SetSubscriptionAttributes",
                SubscriptionArn=arn,
                AttributeName=name,
                AttributeValue=value,
            )
    return Created(arn, {"Arn": arn})


def _unsubscribe(request: Request) -> None:
    request.tolerant(_GONE, "sns", "Unsubscribe", SubscriptionArn=request.physical_id)


TYPES = (
    ResourceType(
        name="AWS::SNS::Topic",
        honours=frozenset({"TopicName", "FifoTopic", "Subscription", "Tags", *_DEFAULTS}),
        create=_create_topic,
        update=_update_topic,
        delete=_delete_topic,
        replaced_by=frozenset({"TopicName", "FifoTopic"}),
        named_by="TopicName",
    ),
    ResourceType(
        name="AWS::SNS::TopicPolicy",
        honours=frozenset({"Topics", "PolicyDocument"}),
        create=_put_policy,
        update=_put_policy,
        delete=_delete_policy,
    ),
    ResourceType(
        name="AWS::SNS::Subscription",
        honours=frozenset({"TopicArn", "Protocol", "Endpoint", *_SUBSCRIPTION}),
        create=_subscribe,
        update=_update_subscription,
        delete=_unsubscribe,
        replaced_by=frozenset({"TopicArn", "Protocol", "Endpoint"}),
    ),
)
