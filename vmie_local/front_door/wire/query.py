"""Parameters of the query protocols (`Action=…&Filter.1.Value.2=…`), EC2's dialect included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from vmie_local.front_door.wire import values

Tree = dict[str, Any]
"""Names split at their dots: `{"Filter": {"1": {"Name": {"": "task-state"}}}}`; "" holds a node's value."""


def tree(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Dotted names and their values as nested dictionaries."""
    root: Tree = {}
    for name, value in pairs:
        node = root
        for part in name.split("."):
            node = node.setdefault(part, {})
        node[""] = value
    return root


def parse(node: Tree, shape: Shape, *, ec2: bool) -> Any:
    """What a node of the tree holds, as the shape says.

    Args:
        node: From `tree`.
        shape: The shape of the value.
        ec2: Whether it is EC2's dialect, which has its own names and knows flattened lists only.

    Raises:
        ValueError: If a number, moment or blob is malformed.
    """
    if isinstance(shape, StructureShape):
        found = {}
        for name, member in shape.members.items():
            key = _name(member, name, ec2=ec2)
            child = node.get(key)
            if child is None and isinstance(member, ListShape) and not ec2:
                child = node.get(_flattened_name(member, key))
            if child is not None:
                found[name] = parse(child, member, ec2=ec2)
        return found
    if isinstance(shape, ListShape):
        items = node
        if not ec2 and not shape.serialization.get("flattened"):
            items = node.get(str(shape.member.serialization.get("name", "member")), {})
        return [parse(item, shape.member, ec2=ec2) for item in _numbered(items)]
    if isinstance(shape, MapShape):
        entries = node if shape.serialization.get("flattened") else node.get("entry", {})
        key_name = str(shape.key.serialization.get("name", "key"))
        value_name = str(shape.value.serialization.get("name", "value"))
        return {
            entry.get(key_name, {}).get("", ""): parse(entry.get(value_name, {"": ""}), shape.value, ec2=ec2)
            for entry in _numbered(entries)
        }
    return values.from_text(node.get("", ""), shape)


def _numbered(node: Tree) -> list[Tree]:
    return [node[key] for key in sorted((key for key in node if key.isdigit()), key=int)]


def _name(shape: Shape, member_name: str, *, ec2: bool) -> str:
    serialization = shape.serialization
    if not ec2:
        return str(serialization.get("name", member_name))
    if "queryName" in serialization:
        return str(serialization["queryName"])
    name = str(serialization.get("name", member_name))
    return name[:1].upper() + name[1:] if "name" in serialization else name


def _flattened_name(shape: ListShape, name: str) -> str:
    if shape.serialization.get("flattened"):
        return str(shape.member.serialization.get("name", name))
    return name
