"""Deleting resources, the dependent ones first."""

from __future__ import annotations

import logging

from vmie_local.cloudformation.resource_handler import ResourceHandler
from vmie_local.cloudformation.stack import Resource, Stack, now

_log = logging.getLogger(__name__)


def delete_stack(stack: Stack, handler: ResourceHandler) -> None:
    """Delete a stack's resources, the dependent ones first; afterwards it has a final status."""
    stack.become("DELETE_IN_PROGRESS", "User Initiated")
    try:
        left = delete_all(stack, handler, list(stack.resources.values()))
    except Exception as error:  # noqa: BLE001 - a stack must not stay in progress for ever
        _log.exception("The deletion of stack %s broke", stack.name)
        stack.become("DELETE_FAILED", f"{type(error).__name__}: {error}")
        return
    if left:
        stack.become("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(left)}]. ")
        return
    with stack.lock:
        stack.outputs.clear()
        stack.deleted_at = now()
    stack.become("DELETE_COMPLETE")


def delete_all(
    stack: Stack, handler: ResourceHandler, resources: list[Resource], *, creation_failed: bool = False
) -> list[str]:
    """Delete resources in order; return the logical ids of those that are still there.

    What a resource that would not go depends on is left alone: it is still needed.
    """
    left: list[Resource] = []
    for one in deletion_order(resources):
        needed = any(one.logical_id in stubborn.dependencies for stubborn in left)
        policy = one.deletion_policy
        if creation_failed and policy == "RetainExceptOnCreate":
            policy = "Delete"
        if needed or not handler.delete(one, policy):
            left.append(one)
            continue
        with stack.lock:
            stack.resources.pop(one.logical_id, None)
    return [one.logical_id for one in left if one.status == "DELETE_FAILED"]


def deletion_order(resources: list[Resource]) -> list[Resource]:
    """Resources so that each comes before what it depends on, otherwise the newest first."""
    ordered: list[Resource] = []
    waiting = list(reversed(resources))
    while waiting:
        free = [one for one in waiting if not any(one.logical_id in other.dependencies for other in waiting)]
        # Two generations of one resource may name each other; any order serves them.
        ordered += free or waiting[:1]
        waiting = [one for one in waiting if not any(one is done for done in ordered)]
    return ordered
