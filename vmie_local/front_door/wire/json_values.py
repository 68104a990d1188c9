"""Values of the JSON and CBOR protocols, as botocore's shapes say."""

from __future__ import annotations

import base64
import math
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from vmie_local.front_door.wire import values


def parse(value: Any, shape: Shape) -> Any:
    """A decoded JSON value with botocore's member names and Python's types.

    Members that the shape does not know are kept as they came: moto may know them.

    Raises:
        TypeError: If an object or array is expected and something else is there.
        ValueError: If a moment or blob is malformed.
    """
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        return value if shape.is_document_type else _parse_structure(_object(value, shape), shape)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise TypeError(f"{shape.name} must be an array, not {type(value).__name__}.")
        return [parse(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: parse(item, shape.value) for key, item in _object(value, shape).items()}
    if shape.type_name == "timestamp" and isinstance(value, str | int | float):
        return values.parse_timestamp(value)
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def _object(value: Any, shape: Shape) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{shape.name} must be an object, not {type(value).__name__}.")
    return value


def _parse_structure(value: dict[str, Any], shape: StructureShape) -> dict[str, Any]:
    wire_names = {str(member.serialization.get("name", name)): name for name, member in shape.members.items()}
    found = {}
    for wire_name, item in value.items():
        name = wire_names.get(wire_name)
        if name is None:
            found[wire_name] = item
        elif item is not None:
            found[name] = parse(item, shape.members[name])
    return found


def render(value: Any, shape: Shape, *, cbor: bool = False) -> Any:
    """A value as JSON's or CBOR's types.

    Args:
        value: An output member.
        shape: Its shape.
        cbor: Keep moments and bytes, which CBOR can say and JSON cannot.
    """
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return value
        return {
            str(member.serialization.get("name", name)): render(value[name], member, cbor=cbor)
            for name, member in shape.members.items()
            if value.get(name) is not None and not member.serialization.get("location")
        }
    if isinstance(shape, ListShape):
        return [render(item, shape.member, cbor=cbor) for item in value]
    if isinstance(shape, MapShape):
        return {str(key): render(item, shape.value, cbor=cbor) for key, item in value.items()}
    return _render_scalar(value, shape, cbor=cbor)


def _render_scalar(value: Any, shape: Shape, *, cbor: bool) -> Any:
    kind = shape.type_name
    if kind == "timestamp":
        if cbor:
            return values.parse_timestamp(value) if isinstance(value, str | int | float) else value
        return values.format_timestamp(value, shape, "unixTimestamp")
    if kind == "blob":
        raw = values.to_bytes(value)
        return raw if cbor else base64.b64encode(raw).decode()
    if kind in ("float", "double") and not cbor and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
