"""Tags: CloudFormation's list of `Key` and `Value` in the forms that services want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_map(tags: Any) -> dict[str, str]:
    """Tags as a map, whichever form the property has."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or []}


def as_list(tags: Any) -> list[dict[str, str]]:
    """Tags as a list of `Key` and `Value`."""
    return [{"Key": key, "Value": value} for key, value in as_map(tags).items()]


def gone(old: Any, new: Any) -> list[str]:
    """The keys that the new tags no longer have."""
    return sorted(set(as_map(old)) - set(as_map(new)))
