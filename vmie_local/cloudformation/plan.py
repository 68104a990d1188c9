"""What a deployment has to do to each resource, and how a change set shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vmie_local.cloudformation.dependencies import creation_order, dependencies
from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.intrinsics import Evaluator
from vmie_local.cloudformation.resource_handler import ResourceHandler
from vmie_local.cloudformation.scope import PreviewScope
from vmie_local.cloudformation.stack import Resource, Stack
from vmie_local.cloudformation.template import ResourceTemplate, Template

Action = Literal["keep", "create", "update", "replace"]


def present(template: Template, evaluator: Evaluator) -> dict[str, ResourceTemplate]:
    """The resources whose condition holds, in the order of their creation."""
    for one in template.resources.values():
        if missing := sorted(set(one.depends_on) - set(template.resources)):
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies {missing} in the Resources block"
            )
    held = {
        name: one
        for name, one in template.resources.items()
        if one.condition is None or evaluator.condition(one.condition)
    }
    return {name: held[name] for name in creation_order(held)}


def wanted(
    template: ResourceTemplate,
    held: Mapping[str, ResourceTemplate],
    evaluator: Evaluator,
    handler: ResourceHandler,
    tags: Mapping[str, str],
) -> Resource:
    """The resource as the template wants it, its properties resolved and the stack's tags added."""
    properties = evaluator.resolve(template.properties)
    if tags and "Tags" in (row := handler.row(template.type)).honours:
        merge = _mapped_tags if row.tags_are_a_map else _listed_tags
        properties = {**properties, "Tags": merge(properties.get("Tags"), tags)}
    return Resource(
        logical_id=template.logical_id,
        type=template.type,
        physical_id="",
        properties=properties,
        attributes={},
        dependencies=dependencies(template, held),
        deletion_policy=template.deletion_policy,
        update_replace_policy=template.update_replace_policy,
    )


def decide(handler: ResourceHandler, old: Resource | None, new: Resource) -> Action:
    """What to do to a resource.

    Raises:
        TemplateError: If its type changed, which CloudFormation refuses.
    """
    if old is None:
        return "create"
    if old.type != new.type:
        raise TemplateError(
            "Update of resource type is not permitted. The new template modifies resource type of the "
            f"following resources: [{new.logical_id}]"
        )
    if old.properties == new.properties:
        return "keep"
    return "replace" if handler.row(new.type).replaces(old.properties, new.properties) else "update"


@dataclass(frozen=True)
class Preview:
    """What a change set found: its changes, and whether anything at all would change."""

    changes: list[dict[str, Any]]
    anything: bool


def preview(
    stack: Stack, template: Template, scope: PreviewScope, handler: ResourceHandler, tags: Mapping[str, str]
) -> Preview:
    """Go through a deployment without doing anything.

    Raises:
        TemplateError: If the template cannot be deployed.
        UnsupportedError: If it has a type or a property that is not implemented.
    """
    evaluator = Evaluator(template, scope)
    held = present(template, evaluator)
    changes = []
    for name, one in held.items():
        new = wanted(one, held, evaluator, handler, tags)
        row = handler.row(new.type)
        row.check(name, new.properties)
        old = stack.resources.get(name)
        action = decide(handler, old, new)
        if action in ("create", "replace"):
            scope.unknown.add(name)
        elif action == "update" and row.attributes_may_change:
            scope.unknown_attributes.add(name)
        if action != "keep":
            changes.append(_change(action, old, new))
    changes += [_removal(old) for name, old in stack.resources.items() if name not in held]
    before = stack.template
    same = before is not None and (
        (before.outputs, before.metadata, before.description)
        == (template.outputs, template.metadata, template.description)
        and _policies(before) == _policies(template)
        and stack.tags == dict(tags)
        and not _outputs_differ(stack, template, evaluator)
    )
    return Preview(changes, bool(changes) or not same)


def _policies(template: Template) -> dict[str, tuple[str, str]]:
    return {
        name: (one.deletion_policy, one.update_replace_policy) for name, one in template.resources.items()
    }


def _outputs_differ(stack: Stack, template: Template, evaluator: Evaluator) -> bool:
    for name, output in template.outputs.items():
        if (condition := output.get("Condition")) and not evaluator.condition(condition):
            continue
        value = str(evaluator.resolve(output["Value"]))
        if name not in stack.outputs or stack.outputs[name].value != value:
            return True
    return False


def _change(action: Action, old: Resource | None, new: Resource) -> dict[str, Any]:
    after = json.dumps({"Properties": new.properties}, default=str)
    if old is None:
        return _entry("Add", new, Scope=[], Details=[], AfterContext=after)
    names = sorted(
        name
        for name in {*old.properties, *new.properties}
        if old.properties.get(name) != new.properties.get(name)
    )
    details = [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": name,
                "RequiresRecreation": "Always" if action == "replace" else "Never",
                "Path": f"/Properties/{name}",
                "BeforeValue": json.dumps(old.properties.get(name), default=str),
                "AfterValue": json.dumps(new.properties.get(name), default=str),
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for name in names
    ]
    return _entry(
        "Modify",
        new,
        PhysicalResourceId=old.physical_id,
        Replacement="True" if action == "replace" else "False",
        Scope=["Properties"],
        Details=details,
        BeforeContext=json.dumps({"Properties": old.properties}, default=str),
        AfterContext=after,
    )


def _removal(old: Resource) -> dict[str, Any]:
    before = json.dumps({"Properties": old.properties}, default=str)
    policy = "Retain" if old.deletion_policy.startswith("Retain") else "Delete"
    return _entry(
        "Remove",
        old,
        PhysicalResourceId=old.physical_id,
        PolicyAction=policy,
        Scope=[],
        Details=[],
        BeforeContext=before,
    )


def _entry(action: str, resource: Resource, **more: Any) -> dict[str, Any]:
    named = {"LogicalResourceId": resource.logical_id, "ResourceType": resource.type}
    return {"Type": "Resource", "ResourceChange": {"Action": action, **named, **more}}


def _mapped_tags(own: dict[str, Any] | None, tags: Mapping[str, str]) -> dict[str, Any]:
    return {**tags, **(own or {})}


def _listed_tags(own: list[dict[str, Any]] | None, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    known = {tag.get("Key") for tag in own or []}
    return [*(own or []), *({"Key": key, "Value": value} for key, value in tags.items() if key not in known)]
