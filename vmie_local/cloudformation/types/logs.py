"""CloudWatch Logs."""

from __future__ import annotations

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("ResourceNotFoundException",)


def _create_group(request: Request) -> Created:
    wanted = request.properties
    name = wanted.get("LogGroupName") or request.generated_name(512)
    request.api(
        "logs",
        "CreateLogGroup",
        logGroupName=name,
        kmsKeyId=wanted.get("KmsKeyId"),
        logGroupClass=wanted.get("LogGroupClass"),
        tags=tags.as_map(wanted.get("Tags")) or None,
    )
    request.made(name)
    _retain(request, name)
    return _described(request, name)


def _update_group(request: Request) -> Created:
    wanted, name = request.properties, request.physical_id
    _retain(request, name)
    if request.changed("KmsKeyId"):
        if key := wanted.get("KmsKeyId"):
            request.api("logs", "AssociateKmsKey", logGroupName=name, kmsKeyId=key)
        else:
            request.api("logs", "DisassociateKmsKey", logGroupName=name)
    created = _described(request, name)
    if request.changed("Tags"):
        arn = created.attributes["Arn"].removesuffix(":*")
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("logs", "UntagResource", resourceArn=arn, tagKeys=keys)
        if pairs := tags.as_map(wanted.get("Tags")):
            request.api("logs", "TagResource", resourceArn=arn, tags=pairs)
    return created


def _retain(request: Request, name: str) -> None:
    if not request.changed("RetentionInDays"):
        return
    if days := request.properties.get("RetentionInDays"):
        request.api("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
    else:
        request.api("logs", "DeleteRetentionPolicy", logGroupName=name)


def _described(request: Request, name: str) -> Created:
    return Created(name, {"Arn": request.arn("logs", f"log-group:{name}:*")})


def _delete_group(request: Request) -> None:
    request.tolerant(_GONE, "logs", "DeleteLogGroup", logGroupName=request.physical_id)


def _put_policy(request: Request) -> Created:
    name = request.properties["PolicyName"]
    document = request.properties["PolicyDocument"]
    request.api("logs", "PutResourcePolicy", policyName=name, policyDocument=document)
    return Created(name)


def _delete_policy(request: Request) -> None:
    request.tolerant(_GONE, "logs", "DeleteResourcePolicy", policyName=request.physical_id)


def _put_filter(request: Request) -> Created:
    wanted = request.properties
    name = request.physical_id or wanted.get("FilterName") or request.generated_name(512)
    request.api(
        "logs",
        "PutMetricFilter",
        logGroupName=wanted["LogGroupName"],
        filterName=name,
        filterPattern=wanted["FilterPattern"],
        metricTransformations=wanted["MetricTransformations"],
    )
    return Created(name)


def _delete_filter(request: Request) -> None:
    group = request.properties["LogGroupName"]
    request.tolerant(_GONE, "logs", "DeleteMetricFilter", logGroupName=group, filterName=request.physical_id)


TYPES = (
    ResourceType(
        name="AWS::Logs::LogGroup",
        honours=frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "Tags"}),
        create=_create_group,
        update=_update_group,
        delete=_delete_group,
        replaced_by=frozenset({"LogGroupName", "LogGroupClass"}),
        named_by="LogGroupName",
    ),
    ResourceType(
        name="AWS::Logs::ResourcePolicy",
        honours=frozenset({"PolicyName", "PolicyDocument"}),
        create=_put_policy,
        update=_put_policy,
        delete=_delete_policy,
        replaced_by=frozenset({"PolicyName"}),
        named_by="PolicyName",
    ),
    # Created and shown; no metric comes out of it locally.
    ResourceType(
        name="AWS::Logs::MetricFilter",
        honours=frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"}),
        create=_put_filter,
        update=_put_filter,
        delete=_delete_filter,
        replaced_by=frozenset({"FilterName", "LogGroupName"}),
        named_by="FilterName",
    ),
)
