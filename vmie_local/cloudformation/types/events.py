"""EventBridge rules and event buses."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("ResourceNotFoundException",)


def _put_rule(request: Request) -> Created:
    wanted = request.properties
    bus = wanted.get("EventBusName") or "default"
    name = request.physical_id.rpartition("|")[2] or wanted.get("Name") or request.generated_name(64)
    arn = request.api(
        "events",
        "PutRule",
        Name=name,
        EventBusName=bus,
        EventPattern=wanted.get("EventPattern"),
        ScheduleExpression=wanted.get("ScheduleExpression"),
        State=wanted.get("State", "ENABLED"),
        Description=wanted.get("Description", ""),
        RoleArn=wanted.get("RoleArn"),
        Tags=tags.as_list(wanted.get("Tags")) or None,
    )["RuleArn"]
    physical_id = name if bus == "default" else f"{bus}|{name}"
    request.made(physical_id)
    _put_targets(request, name, bus)
    return Created(physical_id, {"Arn": arn, "RuleName": name})


def _put_targets(request: Request, rule: str, bus: str) -> None:
    before, after = (_targets(one) for one in (request.old_properties, request.properties))
    if dropped := sorted(set(before) - set(after)):
        request.api("events", "RemoveTargets", Rule=rule, EventBusName=bus, Ids=dropped)
    if changed := [target for key, target in after.items() if before.get(key) != target]:
        answer = request.api("events", "PutTargets", Rule=rule, EventBusName=bus, Targets=changed)
        request.require(
            not answer.get("FailedEntryCount"), f"PutTargets failed: {answer.get('FailedEntries')}"
        )


def _targets(properties: dict[str, Any]) -> dict[str, Any]:
    return {target["Id"]: target for target in properties.get("Targets") or []}


def _delete_rule(request: Request) -> None:
    name = request.physical_id.rpartition("|")[2]
    bus = request.properties.get("EventBusName") or "default"
    found = request.tolerant(_GONE, "events", "ListTargetsByRule", Rule=name, EventBusName=bus)
    if found and (ids := [target["Id"] for target in found["Targets"]]):
        request.api("events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=ids)
    request.tolerant(_GONE, "events", "DeleteRule", Name=name, EventBusName=bus)


def _create_bus(request: Request) -> Created:
    wanted = request.properties
    request.api(
        "events",
        "CreateEventBus",
        Name=wanted["Name"],
        Description=wanted.get("Description"),
        Tags=tags.as_list(wanted.get("Tags")) or None,
    )
    return Created(
        wanted["Name"], {"Name": wanted["Name"], "Arn": request.arn("events", f"event-bus/{wanted['Name']}")}
    )


def _delete_bus(request: Request) -> None:
    request.tolerant(_GONE, "events", "DeleteEventBus", Name=request.physical_id)


TYPES = (
    ResourceType(
        name="AWS::Events::Rule",
        honours=frozenset(
            {
                "Description",
                "EventBusName",
                "EventPattern",
                "Name",
                "RoleArn",
                "ScheduleExpression",
                "State",
                "Tags",
                "Targets",
            }
        ),
        create=_put_rule,
        update=_put_rule,
        delete=_delete_rule,
        replaced_by=frozenset({"Name", "EventBusName"}),
        named_by="Name",
    ),
    ResourceType(
        name="AWS::Events::EventBus",
        honours=frozenset({"Name", "Description", "Tags"}),
        create=_create_bus,
        delete=_delete_bus,
        named_by="Name",
    ),
)
