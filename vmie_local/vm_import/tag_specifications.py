"""The tags that a request gives to what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmie_local.vm_import import request_errors


def tags_for(kind: str, parameters: Mapping[str, Any], *, also: tuple[str, ...] = ()) -> dict[str, str]:
    """The tags for resources of one type.

    Args:
        kind: The resource type whose tags are wanted.
        parameters: Botocore's input members.
        also: Further types that the operation tags. Default: none.

    Raises:
        ApiError: If the request tags a type that the operation does not.
    """
    tags: dict[str, str] = {}
    for specification in parameters.get("TagSpecifications") or []:
        given = specification.get("ResourceType")
        if given != kind and given not in also:
            raise request_errors.bad_value(
                f"'{given}' is not a valid taggable resource type for this operation."
            )
        if given == kind:
            tags.update({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags") or []})
    return tags
