"""CloudFormation's loosely typed property values, fitted to the parameters of an API operation."""

from __future__ import annotations

import json
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from vmie_local.cloudformation.errors import UnsupportedError


def fit(shape: Shape | None, value: Any, path: str) -> Any:
    """The value as an API parameter of that shape.

    Text becomes a number or a truth value where the shape wants one, a document becomes JSON where it wants
    text, and member names may begin in lower case, as some services have them.

    Args:
        shape: The parameter's shape in botocore's model.
        value: The property's value, every function resolved.
        path: Where the value stands, for the error.

    Raises:
        UnsupportedError: If the value has a member that the operation does not know, or the wrong kind.
    """
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        members = value if isinstance(value, list) else [value]
        return [fit(shape.member, one, f"{path}[{n}]") for n, one in enumerate(members)]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise UnsupportedError(f"{path} must be a map, not {value!r}")
        return {str(key): fit(shape.value, one, f"{path}.{key}") for key, one in value.items()}
    return _scalar(shape.type_name if shape else "string", value, path)


def text(value: Any) -> str:
    """A scalar, or a document as JSON, as text."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def truth(value: Any) -> bool:
    """A truth value, which templates also write as text.

    Raises:
        UnsupportedError: If the value is neither true nor false.
    """
    if (word := text(value).lower()) not in ("true", "false"):
        raise UnsupportedError(f"{value!r} is neither true nor false")
    return word == "true"


def _structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnsupportedError(f"{path} must be an object, not {value!r}")
    fitted = {}
    for name, member in value.items():
        known = next((one for one in (name, name[:1].lower() + name[1:]) if one in shape.members), None)
        if known is None:
            raise UnsupportedError(f"Encountered unsupported property {f'{path}.{name}' if path else name}")
        fitted[known] = fit(shape.members[known], member, f"{path}.{name}" if path else name)
    return fitted


def _scalar(kind: str, value: Any, path: str) -> Any:
    try:
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("double", "float"):
            return float(value)
        if kind == "boolean":
            return truth(value)
        return value if kind in ("blob", "timestamp") else text(value)
    except (TypeError, ValueError) as error:
        raise UnsupportedError(f"{path} must be of type {kind}, not {value!r}") from error
