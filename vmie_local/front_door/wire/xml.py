"""XML bodies, read and written as botocore's shapes say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from botocore.model import ListShape, MapShape, Shape, StructureShape

from vmie_local.front_door.wire import values

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

Element = ElementTree.Element


def parse_document(body: bytes, shape: Shape) -> Any:
    """A request's XML document as the shape says.

    Raises:
        ValueError: If it is no well-formed XML.
    """
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - see the import
    except ElementTree.ParseError as error:
        raise ValueError(f"The XML you provided was not well-formed: {error}") from error
    return _parse([root], shape)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _parse(nodes: list[Element], shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        flattened = shape.serialization.get("flattened")
        items = nodes if flattened else [child for node in nodes for child in node]
        return [_parse([item], shape.member) for item in items]
    node = nodes[0]
    if isinstance(shape, MapShape):
        entries = nodes if shape.serialization.get("flattened") else list(node)
        key_name = str(shape.key.serialization.get("name", "key"))
        value_name = str(shape.value.serialization.get("name", "value"))
        found = {}
        for entry in entries:
            parts = {_local(child): child for child in entry}
            if key_name in parts and value_name in parts:
                found[parts[key_name].text or ""] = _parse([parts[value_name]], shape.value)
        return found
    if isinstance(shape, StructureShape):
        return _parse_structure(node, shape)
    return values.from_text(node.text or "", shape)


def _parse_structure(node: Element, shape: StructureShape) -> dict[str, Any]:
    children: dict[str, list[Element]] = {}
    for child in node:
        children.setdefault(_local(child), []).append(child)
    attributes = {name.rpartition("}")[2]: value for name, value in node.attrib.items()}
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        key = element_name(member, name)
        if member.serialization.get("xmlAttribute"):
            if (value := attributes.get(key.rpartition(":")[2])) is not None:
                found[name] = value
        elif key in children:
            found[name] = _parse(children[key], member)
    return found


def element_name(shape: Shape, member_name: str) -> str:
    """The name of a member's element; a flattened list's elements carry the name of its items."""
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        inner = shape.member.serialization.get("name")
        if inner is not None:
            return str(inner)
    return str(shape.serialization.get("name", member_name))


def render_members(members: Mapping[str, Any], shape: StructureShape, *, list_item: str) -> str:
    """The elements of a structure's members, headers and the like left out.

    Args:
        members: Output members; those that are None are left out.
        shape: The structure's shape.
        list_item: What items of a list are called that have no name of their own.
    """
    parts = []
    for name, member in shape.members.items():
        value = members.get(name)
        if value is None or member.serialization.get("location") or member.serialization.get("xmlAttribute"):
            continue
        parts.append(render_element(element_name(member, name), value, member, list_item=list_item))
    return "".join(parts)


def render_element(name: str, value: Any, shape: Shape, *, list_item: str) -> str:
    """One element with its content; for a flattened list, one per item."""
    if isinstance(shape, ListShape):
        if shape.serialization.get("flattened"):
            return "".join(render_element(name, item, shape.member, list_item=list_item) for item in value)
        inner = str(shape.member.serialization.get("name", list_item))
        items = "".join(render_element(inner, item, shape.member, list_item=list_item) for item in value)
        return f"<{name}>{items}</{name}>"
    if isinstance(shape, MapShape):
        return _render_map(name, value, shape, list_item=list_item)
    if isinstance(shape, StructureShape):
        inner = render_members(value, shape, list_item=list_item)
        return f"<{name}{_attributes(value, shape)}>{inner}</{name}>"
    return f"<{name}>{escape(values.to_text(value, shape, 'iso8601'))}</{name}>"


def _render_map(name: str, value: Mapping[str, Any], shape: MapShape, *, list_item: str) -> str:
    key_name = str(shape.key.serialization.get("name", "key"))
    value_name = str(shape.value.serialization.get("name", "value"))
    flattened = shape.serialization.get("flattened")
    entry = name if flattened else "entry"
    entries = "".join(
        f"<{entry}><{key_name}>{escape(str(key))}</{key_name}>"
        f"{render_element(value_name, item, shape.value, list_item=list_item)}</{entry}>"
        for key, item in value.items()
    )
    return entries if flattened else f"<{name}>{entries}</{name}>"


def _attributes(members: Mapping[str, Any], shape: StructureShape) -> str:
    written = ""
    namespace = shape.serialization.get("xmlNamespace")
    if isinstance(namespace, Mapping):
        prefix = f":{namespace['prefix']}" if namespace.get("prefix") else ""
        written += f" xmlns{prefix}={quoteattr(str(namespace['uri']))}"
    for name, member in shape.members.items():
        if member.serialization.get("xmlAttribute") and members.get(name) is not None:
            written += f" {member.serialization.get('name', name)}={quoteattr(str(members[name]))}"
    return written
