"""What roles were granted, and what of it they used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmie_local.front_door.authorization import Identity
from vmie_local.front_door.journal import Use
from vmie_local.iam_policy import Statement, grants_action, grants_resource


def report(
    identity: Identity | None, uses: Mapping[Use, int], unmodelled: set[str] | frozenset[str] = frozenset()
) -> dict[str, Any]:
    """One role's permissions against its calls.

    Args:
        identity: The role, or None if it is gone.
        uses: What it did, and how often.
        unmodelled: Condition keys of its policies that the local AWS could not answer.
    """
    statements = [
        statement
        for policy in (identity.policies if identity else ())
        for statement in policy.statements
        if statement.effect == "Allow"
    ]
    allowed = [use for use in uses if use.allowed]
    return {
        "Used": _listed(uses, allowed=True),
        "Denied": _listed(uses, allowed=False),
        "NeverUsed": [grant for statement in statements for grant in _never_used(statement, allowed)],
        "UnmodelledConditionKeys": sorted(unmodelled),
    }


def _listed(uses: Mapping[Use, int], *, allowed: bool) -> list[dict[str, Any]]:
    found = sorted((use.action, use.resource, count) for use, count in uses.items() if use.allowed is allowed)
    return [{"Action": action, "Resource": resource, "Count": count} for action, resource, count in found]


def _never_used(statement: Statement, allowed: list[Use]) -> list[dict[str, Any]]:
    """The actions of a statement that no call needed, and its resources that none touched."""
    name = {"Policy": statement.policy, "Statement": statement.sid or statement.index + 1}
    mine = [
        use
        for use in allowed
        if any(grants_action(action, use.action) for action in statement.actions or ())
        and any(grants_resource(resource, use.resource) for resource in statement.resources or ())
    ]
    actions = [
        {**name, "Action": action}
        for action in statement.actions or ()
        if not any(grants_action(action, use.action) for use in mine)
    ]
    resources = [
        {**name, "Resource": resource}
        for resource in statement.resources or ()
        if not any(grants_resource(resource, use.resource) for use in mine)
    ]
    return actions + resources
