"""CloudFormation templates: reading them and checking their anatomy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from vmie_local.cloudformation.errors import TemplateError

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Mappings",
        "Conditions",
        "Resources",
        "Outputs",
        "Rules",
    }
)
_RESOURCE_ATTRIBUTES = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}
)
# The CDK's own rule compares the bootstrap version; the CLI checks the same before it deploys.
_IGNORED_RULES = frozenset({"CheckBootstrapVersion"})
_DELETION_POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"})


@dataclass(frozen=True)
class ResourceTemplate:
    """One entry of `Resources`, with its intrinsic functions unresolved."""

    logical_id: str
    type: str
    properties: dict[str, Any]
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"


@dataclass(frozen=True)
class Template:
    """A parsed template."""

    text: str
    description: str
    parameters: dict[str, dict[str, Any]]
    mappings: dict[str, Any]
    conditions: dict[str, Any]
    resources: dict[str, ResourceTemplate]
    outputs: dict[str, dict[str, Any]]
    metadata: dict[str, Any] = field(default_factory=dict)


def parse(text: str) -> Template:
    """Read a template in JSON or YAML.

    Raises:
        TemplateError: If it is malformed or uses a section or an attribute that is not implemented.
    """
    body = _load(text)
    if unknown := sorted(set(body) - _SECTIONS):
        raise TemplateError(f"Template format error: the local CloudFormation does not implement {unknown}")
    if rules := sorted(set(body.get("Rules") or {}) - _IGNORED_RULES):
        raise TemplateError(
            f"Template format error: the local CloudFormation does not evaluate the Rules {rules}"
        )
    if not body.get("Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    return Template(
        text=text,
        description=str(body.get("Description") or ""),
        parameters=body.get("Parameters") or {},
        mappings=body.get("Mappings") or {},
        conditions=body.get("Conditions") or {},
        resources={name: _resource(name, entry) for name, entry in body["Resources"].items()},
        outputs=body.get("Outputs") or {},
        metadata=body.get("Metadata") or {},
    )


def _resource(name: str, entry: Any) -> ResourceTemplate:
    if not isinstance(entry, dict) or "Type" not in entry:
        raise TemplateError(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )
    if unknown := sorted(set(entry) - _RESOURCE_ATTRIBUTES):
        raise TemplateError(
            f"Template format error: [/Resources/{name}] the local CloudFormation does not implement "
            f"the resource attributes {unknown}"
        )
    depends_on = entry.get("DependsOn") or ()
    # Without a DeletionPolicy AWS::RDS and its like are snapshotted; no type of ours is.
    policies = [entry.get(key) or "Delete" for key in ("DeletionPolicy", "UpdateReplacePolicy")]
    for policy in policies:
        if policy not in _DELETION_POLICIES:
            raise TemplateError(
                f"Template format error: [/Resources/{name}] Unrecognized DeletionPolicy {policy}"
            )
    return ResourceTemplate(
        logical_id=name,
        type=entry["Type"],
        properties=entry.get("Properties") or {},
        depends_on=(depends_on,) if isinstance(depends_on, str) else tuple(depends_on),
        condition=entry.get("Condition"),
        deletion_policy=policies[0],
        update_replace_policy=policies[1],
    )


def _load(text: str) -> dict[str, Any]:
    try:
        body = yaml.load(text, Loader=_TemplateLoader)  # noqa: S506 - derived from SafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"Template format error: YAML not well-formed. {error}") from error
    if not isinstance(body, dict):
        raise TemplateError("Template format error: unsupported structure.")
    return body


class _TemplateLoader(yaml.SafeLoader):
    """YAML with the short forms of intrinsic functions, and dates kept as text."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has no fourth kind
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _short_form)
_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
