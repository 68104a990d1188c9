"""Filters of a describe."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any

from vmie_local.vm_import import request_errors

TASK_STATES = ("active", "completed", "deleting", "deleted")


def check(filters: Sequence[Mapping[str, Any]]) -> None:
    """Refuse filters that the operation does not have.

    Raises:
        ApiError: If a filter's name or the value of a `task-state` is unknown.
    """
    for given in filters:
        name = given.get("Name", "null")
        if name == "task-state":
            for value in given.get("Values") or []:
                if value not in TASK_STATES:
                    raise request_errors.bad_value(f"Value ({value}) for parameter task-state is invalid.")
        elif name != "tag-key" and not name.startswith("tag:"):
            raise request_errors.unknown_filter(name)


def passes(filters: Sequence[Mapping[str, Any]], status: str, tags: Mapping[str, str]) -> bool:
    """Whether a task passes every filter; of a filter's values one is enough."""
    return all(_passes(given["Name"], given.get("Values") or [], status, tags) for given in filters)


def _passes(name: str, values: Sequence[str], status: str, tags: Mapping[str, str]) -> bool:
    if name == "task-state":
        return status in values
    if name == "tag-key":
        return any(_matches(value, key) for value in values for key in tags)
    key = name.removeprefix("tag:")
    return key in tags and any(_matches(value, tags[key]) for value in values)


def _matches(pattern: str, text: str) -> bool:
    """EC2's wildcards: `*` for any text, `?` for one character."""
    escaped = re.sub(r"\[", "[[]", pattern)
    return fnmatch.fnmatchcase(text, escaped)
