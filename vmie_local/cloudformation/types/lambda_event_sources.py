"""What invokes Lambda functions, and where asynchronous invocations end."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("ResourceNotFoundException",)
_MAPPING = frozenset(
    {
        "BatchSize",
        "Enabled",
        "FilterCriteria",
        "FunctionName",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "ScalingConfig",
    }
)
_INVOKE = frozenset(
    {"FunctionName", "Qualifier", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig"}
)


def _create_mapping(request: Request) -> Created:
    wanted = {**request.properties}
    given_tags = tags.as_map(wanted.pop("Tags", None))
    return _described(request.api("lambda", "CreateEventSourceMapping", **wanted, Tags=given_tags or None))


def _update_mapping(request: Request) -> Created:
    wanted: dict[str, Any] = {name: value for name, value in request.properties.items() if name in _MAPPING}
    defaults = {
        "Enabled": True,
        "FilterCriteria": {},
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "ScalingConfig": {},
    }
    dropped = {
        name: value for name, value in defaults.items() if request.changed(name) and name not in wanted
    }
    answer = request.api("lambda", "UpdateEventSourceMapping", UUID=request.physical_id, **wanted, **dropped)
    return _described(answer)


def _described(mapping: dict[str, Any]) -> Created:
    attributes = {"Id": mapping["UUID"]}
    if arn := mapping.get("EventSourceMappingArn"):
        attributes["EventSourceMappingArn"] = arn
    return Created(mapping["UUID"], attributes)


def _delete_mapping(request: Request) -> None:
    request.tolerant(_GONE, "lambda", "DeleteEventSourceMapping", UUID=request.physical_id)


def _put_invoke_config(request: Request) -> Created:
    request.api("lambda", "PutFunctionEventInvokeConfig", **request.properties)
    return Created(request.physical_id or request.generated_name(64))


def _delete_invoke_config(request: Request) -> None:
    request.tolerant(
        _GONE,
        "lambda",
        "DeleteFunctionEventInvokeConfig",
        FunctionName=request.properties["FunctionName"],
        Qualifier=request.properties["Qualifier"],
    )


TYPES = (
    ResourceType(
        name="AWS::Lambda::EventSourceMapping",
        honours=frozenset({"EventSourceArn", "StartingPosition", "Tags", *_MAPPING}),
        create=_create_mapping,
        update=_update_mapping,
        delete=_delete_mapping,
        replaced_by=frozenset({"EventSourceArn", "StartingPosition", "Tags"}),
    ),
    ResourceType(
        name="AWS::Lambda::EventInvokeConfig",
        honours=_INVOKE,
        create=_put_invoke_config,
        update=_put_invoke_config,
        delete=_delete_invoke_config,
        replaced_by=frozenset({"FunctionName", "Qualifier"}),
    ),
)
