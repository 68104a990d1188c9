"""Holding a document against a shape, in the words that users of the AWS CLI know."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vmie_runtime.request_documents.nearest import nearest, plain
from vmie_runtime.request_documents.problems import Code, Problems, shown
from vmie_runtime.request_documents.shape import Shape

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (str, int, float),
}
_BOUNDS = {"integer": 2**31, "long": 2**63}
_LISTED_VALUES = 24
_LAST_SECOND = 253_402_300_799  # The end of the year 9999.


def validate(value: Any, shape: Shape, path: str, problems: Problems, *, root: Shape | None = None) -> None:
    """Add to the problems whatever is wrong with a value.

    Args:
        value: Any JSON value.
        shape: What it must look like.
        path: Where it stands, such as `DiskContainers[0]`; empty for the whole request.
        problems: Takes what is found.
        root: The whole request's shape, to say where a key belongs that stands in the wrong place.
    """
    types = _PYTHON_TYPES[shape.type]
    # To Python a boolean is an int; to JSON, and to EC2, it is not.
    if not isinstance(value, types) or (isinstance(value, bool) and shape.type != "boolean"):
        named = ", ".join(f"<class '{each.__name__}'>" for each in types)
        told = shown(value, sensitive=shape.sensitive)
        problems.add(
            Code.INVALID_TYPE,
            path or "input",
            f"Invalid type for parameter {path or 'input'}, value: {told}, type: <class "
            f"'{_type_name(value)}'>, valid types: {named}",
        )
        return
    _CHECKS[shape.type](value, shape, path, problems, root or shape)


def _structure(value: dict[str, Any], shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    where = path or "input"
    for name in shape.required:
        if name not in value:
            place = f"{path}.{name}" if path else name
            problems.add(Code.MISSING_PARAMETER, place, f'Missing required parameter in {where}: "{name}"')
    for name, child in value.items():
        place = f"{path}.{name}" if path else name
        member = shape.members.get(name)
        if member is not None:
            validate(child, member, place, problems, root=root)
        elif problems.full:
            problems.add(Code.UNKNOWN_PARAMETER, "", "")
        else:
            problems.add(
                Code.UNKNOWN_PARAMETER,
                f"{path}.{shown(name)}".lstrip("."),
                f'Unknown parameter in {where}: "{shown(name)}"'
                # After a few of them the list is known, and ten thousand requests may have ten each.
                + (f", must be one of: {', '.join(shape.members)}" if problems.few else "")
                + (_hint(name, shape, root) if problems.few else ""),
            )


def _map(value: dict[str, Any], shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    assert shape.element is not None  # noqa: S101  # A map has an element by construction.
    for name, child in value.items():
        validate(child, shape.element, f"{path}.{shown(name)}", problems, root=root)


def _list(value: list[Any], shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    assert shape.element is not None  # noqa: S101  # A list has an element by construction.
    for index, child in enumerate(value):
        validate(child, shape.element, f"{path}[{index}]", problems, root=root)


def _string(value: str, shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    if shape.values and not _is_among(value, shape):
        listed = shape.values if len(shape.values) <= _LISTED_VALUES else ()
        near = nearest(value, shape.values) if problems.few else None
        problems.add(
            Code.INVALID_VALUE,
            path,
            f"Invalid value for parameter {path}, value: {shown(value)}, "
            + (f"must be one of: {', '.join(listed)}" if listed else "which EC2 does not know")
            + (f" ({shape.meaning})" if shape.meaning else "")
            + (f". Did you mean {near}?" if near else ""),
        )
        return
    wrong_length = f"Invalid length for parameter {path}, value: {len(value)}"
    if shape.minimum is not None and len(value) < shape.minimum:
        message = f"{wrong_length}, valid min length: {shape.minimum}"
    elif shape.maximum is not None and len(value) > shape.maximum:
        message = f"{wrong_length}, valid max length: {shape.maximum}"
    elif shape.pattern and not re.fullmatch(shape.pattern, value):
        told = shown(value, sensitive=shape.sensitive)
        message = f"Invalid value for parameter {path}, value: {told}, must be {shape.meaning}"
    else:
        return
    problems.add(Code.INVALID_VALUE, path, message)


def _number(value: float, shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    bound = _BOUNDS.get(shape.type)
    least = shape.minimum if shape.minimum is not None else -bound if bound else None
    most = shape.maximum if shape.maximum is not None else bound - 1 if bound else None
    if not math.isfinite(value):
        limit = "which is no number of JSON"
    elif least is not None and value < least:
        limit = f"valid min value: {least}"
    elif most is not None and value > most:
        limit = f"valid max value: {most}"
    else:
        return
    problems.add(
        Code.INVALID_VALUE, path, f"Invalid value for parameter {path}, value: {shown(value)}, {limit}"
    )


def _timestamp(value: str | float, shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return
    elif 0 <= value <= _LAST_SECOND:
        return
    problems.add(
        Code.INVALID_VALUE,
        path,
        f"Invalid value for parameter {path}, value: {shown(value)}, must be a time of ISO 8601 or seconds "
        "since 1970",
    )


def _boolean(value: bool, shape: Shape, path: str, problems: Problems, root: Shape) -> None:
    """Every boolean will do."""


_CHECKS: dict[str, Callable[[Any, Shape, str, Problems, Shape], None]] = {
    "structure": _structure,
    "map": _map,
    "list": _list,
    "string": _string,
    "integer": _number,
    "long": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _is_among(value: str, shape: Shape) -> bool:
    return value in shape.values or (
        shape.any_case and value.casefold() in {each.casefold() for each in shape.values}
    )


def _hint(name: str, shape: Shape, root: Shape) -> str:
    near = nearest(name, shape.members)
    if near is not None and plain(near) == plain(name):
        return f". Did you mean {near}?"
    places = [place for place in _places(name, root, "") if place is not None]
    if places:
        return f". It belongs in {places[0]}." if places[0] else ". It belongs at the top of the request."
    return f". Did you mean {near}?" if near else ""


def _places(name: str, shape: Shape, path: str) -> list[str]:
    """The paths of the structures, outermost first, that have a key."""
    found = [path] if name in shape.members else []
    for each, member in shape.members.items():
        found += _places(name, member, f"{path}.{each}".lstrip("."))
    if shape.element is not None:
        found += _places(name, shape.element, f"{path}[]")
    return found


def _type_name(value: Any) -> str:
    return "dict" if isinstance(value, dict) else type(value).__name__
