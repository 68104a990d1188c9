"""Values in the case that EC2 writes them in: the calls that come after ImportImage take no other."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.shape import Shape


def canonical(value: Any, shape: Shape) -> Any:
    """A value whose enumerations, as far as they are taken in any case, are spelt as the shape spells them.

    Args:
        value: Any JSON value; what does not fit the shape is left as it is.
        shape: What it should look like.
    """
    if isinstance(value, dict):
        return {
            name: canonical(child, member) if (member := shape.members.get(name, shape.element)) else child
            for name, child in value.items()
        }
    if isinstance(value, list) and shape.element is not None:
        return [canonical(child, shape.element) for child in value]
    if isinstance(value, str) and shape.any_case:
        return next((each for each in shape.values if each.casefold() == value.casefold()), value)
    return value
