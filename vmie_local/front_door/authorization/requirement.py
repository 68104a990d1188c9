"""What a call needs: IAM actions on resources. The tables are made of the rows that this module builds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.front_door.api_call import ApiCall


@dataclass(frozen=True)
class Requirement:
    """One action on one resource; a call is allowed if all its requirements are met.

    Attributes:
        action: The IAM action, with its prefix.
        resource: The ARN, or `*` for an action that names no resource.
        context: The condition keys that only this requirement has.
    """

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)


Row = Callable[[ApiCall], Iterable[Requirement]]
"""Tells what a call of one operation needs."""

Table = Mapping[str, Row]
"""Operations of one service and their rows."""


def partition(region: str) -> str:
    """The partition of a Region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def arn(call: ApiCall, service: str, resource: str) -> str:
    """The ARN of a resource in the call's Region and account; what is an ARN already stays as it is."""
    if resource.startswith("arn:"):
        return resource
    return f"arn:{partition(call.region)}:{service}:{call.region}:{call.account}:{resource}"


def role_arn(call: ApiCall, name: str) -> str:
    """The ARN of a role by its name; the authorizer puts in the path of a role that has one."""
    if name.startswith("arn:"):
        return name
    return f"arn:{partition(call.region)}:iam::{call.account}:role/{name}"


def no_permission(_: ApiCall) -> Iterable[Requirement]:
    """The row of an operation that everybody may call."""
    return ()


def anywhere(action: str) -> Row:
    """The row of an action that names no resource: a policy must allow it on `*`."""

    def row(_: ApiCall) -> Iterable[Requirement]:
        return (Requirement(action, "*"),)

    return row


def on_member(action: str, member: str, kind: str = "", *, context: Mapping[str, Any] | None = None) -> Row:
    """The row of an action on the resource that one parameter names, by ARN or by name.

    Args:
        action: The IAM action; its prefix is the service of the ARN.
        member: The parameter.
        kind: What stands before the name in the ARN, such as `table/`. Default: nothing.
        context: Further condition keys. Default: none.
    """

    def row(call: ApiCall) -> Iterable[Requirement]:
        name = str(call.parameters.get(member, "*"))
        service = action.partition(":")[0]
        resource = name if name.startswith("arn:") else arn(call, service, f"{kind}{name}")
        return (Requirement(action, resource, context or {}),)

    return row


def all_of(*rows: Row) -> Row:
    """The row of an operation that needs everything that several rows need."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        return tuple(requirement for one in rows for requirement in one(call))

    return row


def tag_context(tags: Iterable[Mapping[str, Any]] | Mapping[str, str] | None) -> dict[str, Any]:
    """The condition keys that the tags of a request give.

    Args:
        tags: `[{"Key": …, "Value": …}]` with any spelling of the two names, or `{key: value}`.
    """
    pairs: dict[str, str] = {}
    if isinstance(tags, Mapping):
        pairs = {str(key): str(value) for key, value in tags.items()}
    else:
        for tag in tags or ():
            folded = {name.lower().removeprefix("tag"): value for name, value in tag.items()}
            pairs[str(folded.get("key", ""))] = str(folded.get("value", ""))
    if not pairs:
        return {}
    return {"aws:TagKeys": list(pairs), **{f"aws:RequestTag/{key}": value for key, value in pairs.items()}}
