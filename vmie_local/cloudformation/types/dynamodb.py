"""DynamoDB tables."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation.api_arguments import truth
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags
from vmie_local.cloudformation.types.dynamodb_global import as_table

_GONE = ("ResourceNotFoundException",)
_PASSED = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
)
# What moto forgets: limits and prices that no local run meets.
_INERT = frozenset({"OnDemandThroughput", "TableClass"})
_OWN = (
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
    "StreamSpecification",
    "TableName",
    "Tags",
    "TimeToLiveSpecification",
)


def _create(request: Request, wanted: dict[str, Any]) -> Created:
    table = request.api(
        "dynamodb",
        "CreateTable",
        TableName=wanted.get("TableName") or request.generated_name(255),
        DeletionProtectionEnabled=wanted.get("DeletionProtectionEnabled"),
        SSESpecification=_encryption(wanted),
        StreamSpecification=_stream(wanted),
        Tags=tags.as_list(wanted.get("Tags")) or None,
        **{name: wanted[name] for name in _PASSED if name in wanted},
    )["TableDescription"]
    name = table["TableName"]
    request.made(name)
    _set_later(request, name, {}, wanted)
    return _described(request, name)


def _update(request: Request, old: dict[str, Any], new: dict[str, Any]) -> Created:
    name = request.physical_id
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    simple: dict[str, Any] = {
        key: new.get(key) for key in ("BillingMode", "ProvisionedThroughput") if key in changed
    }
    if "DeletionProtectionEnabled" in changed:
        simple["DeletionProtectionEnabled"] = new.get("DeletionProtectionEnabled", False)
    if "SSESpecification" in changed:
        simple["SSESpecification"] = _encryption(new) or {"Enabled": False}
    if simple:
        request.api("dynamodb", "UpdateTable", TableName=name, **simple)
    if "StreamSpecification" in changed:
        if "StreamSpecification" in old:
            disabled = {"StreamEnabled": False}
            request.api("dynamodb", "UpdateTable", TableName=name, StreamSpecification=disabled)
        if "StreamSpecification" in new:
            request.api("dynamodb", "UpdateTable", TableName=name, StreamSpecification=_stream(new))
    _update_indexes(request, name, old, new)
    _set_later(request, name, old, new)
    created = _described(request, name)
    if "Tags" in changed:
        arn = created.attributes["Arn"]
        if keys := tags.gone(old.get("Tags"), new.get("Tags")):
            request.api("dynamodb", "UntagResource", ResourceArn=arn, TagKeys=keys)
        request.api("dynamodb", "TagResource", ResourceArn=arn, Tags=tags.as_list(new.get("Tags")))
    return created


def _update_indexes(request: Request, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """One index per call, as UpdateTable wants it; a changed index is made anew."""
    before, after = (
        {index["IndexName"]: index for index in one.get("GlobalSecondaryIndexes") or []} for one in (old, new)
    )
    definitions = new["AttributeDefinitions"]
    for index in before:
        if before[index] != after.get(index):
            update = [{"Delete": {"IndexName": index}}]
            request.api("dynamodb", "UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=update)
    for index, wanted in after.items():
        if before.get(index) != wanted:
            request.api(
                "dynamodb",
                "UpdateTable",
                TableName=name,
                AttributeDefinitions=definitions,
                GlobalSecondaryIndexUpdates=[{"Create": wanted}],
            )


def _set_later(request: Request, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """What CreateTable does not take."""
    if old.get("TimeToLiveSpecification") != new.get("TimeToLiveSpecification"):
        wanted = new.get("TimeToLiveSpecification") or {**old["TimeToLiveSpecification"], "Enabled": False}
        request.api("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=wanted)
    if old.get("PointInTimeRecoverySpecification") != new.get("PointInTimeRecoverySpecification"):
        wanted = new.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
        request.api(
            "dynamodb", "UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=wanted
        )


def _encryption(properties: dict[str, Any]) -> dict[str, Any] | None:
    wanted = properties.get("SSESpecification")
    if wanted is None:
        return None
    return {("Enabled" if name == "SSEEnabled" else name): value for name, value in wanted.items()}


def _stream(properties: dict[str, Any]) -> dict[str, Any] | None:
    wanted = properties.get("StreamSpecification")
    return {"StreamEnabled": True, **wanted} if wanted else None


def _described(request: Request, name: str) -> Created:
    table = request.api("dynamodb", "DescribeTable", TableName=name)["Table"]
    attributes = {"Arn": table["TableArn"]}
    if stream := table.get("LatestStreamArn"):
        attributes["StreamArn"] = stream
    if table_id := table.get("TableId"):
        attributes["TableId"] = table_id
    return Created(name, attributes)


def _delete(request: Request) -> None:
    request.tolerant(_GONE, "dynamodb", "DeleteTable", TableName=request.physical_id)


def _global(request: Request, properties: dict[str, Any]) -> dict[str, Any]:
    return as_table(properties, request.region, truth)


TYPES = (
    ResourceType(
        name="AWS::DynamoDB::Table",
        honours=frozenset({*_PASSED, *_OWN}),
        inert=_INERT,
        create=lambda request: _create(request, request.properties),
        update=lambda request: _update(request, request.old_properties, request.properties),
        delete=_delete,
        replaced_by=frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"}),
        named_by="TableName",
    ),
    ResourceType(
        name="AWS::DynamoDB::GlobalTable",
        honours=frozenset(
            {
                "AttributeDefinitions",
                "BillingMode",
                "GlobalSecondaryIndexes",
                "KeySchema",
                "LocalSecondaryIndexes",
                "Replicas",
                "SSESpecification",
                "StreamSpecification",
                "TableName",
                "TimeToLiveSpecification",
            }
        ),
        inert=frozenset({"WriteOnDemandThroughputSettings"}),
        create=lambda request: _create(request, _global(request, request.properties)),
        update=lambda request: _update(
            request, _global(request, request.old_properties), _global(request, request.properties)
        ),
        delete=_delete,
        replaced_by=frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"}),
        named_by="TableName",
    ),
)
