"""REST messages: members in paths, query strings, headers and bodies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.wire import json_values, routes, values, xml


def parse(request: HttpRequest, operation: OperationModel, labels: Mapping[str, str], *, as_xml: bool) -> Any:
    """The parameters of a REST request; a streaming payload is left out and left unread.

    Raises:
        ValueError: If the body or a value is malformed.
    """
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    found: dict[str, Any] = {}
    path = routes.label_members(operation, labels)
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire_name = str(member.serialization.get("name", name))
        if location == "uri" and name in path:
            found[name] = values.from_text(path[name], member)
        elif location == "querystring":
            value = _from_query(request, wire_name, member)
            if value is not None:
                found[name] = value
        elif location == "header" and wire_name.lower() in request.headers:
            found[name] = _from_header(request.headers[wire_name.lower()], member)
        elif location == "headers":
            prefix = wire_name.lower()
            if given := {k[len(prefix) :]: v for k, v in request.headers.items() if k.startswith(prefix)}:
                found[name] = given
    found |= _parse_body(request, shape, as_xml=as_xml)
    return found


def _from_query(request: HttpRequest, name: str, member: Shape) -> Any:
    if isinstance(member, MapShape):
        return dict(request.query_pairs) or None
    if isinstance(member, ListShape):
        given = [values.from_text(value, member.member) for key, value in request.query_pairs if key == name]
        return given or None
    return values.from_text(request.query[name], member) if name in request.query else None


def _from_header(text: str, member: Shape) -> Any:
    if isinstance(member, ListShape):
        return [values.from_text(part.strip(), member.member) for part in text.split(",")]
    return values.from_text(text, member, jsonvalue=bool(member.serialization.get("jsonvalue")))


def _parse_body(request: HttpRequest, shape: StructureShape, *, as_xml: bool) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    if payload is None:
        if all(member.serialization.get("location") for member in shape.members.values()):
            return {}
        return _document(request.body(), shape, as_xml=as_xml) or {}
    member = shape.members[payload]
    if member.serialization.get("streaming"):
        return {}
    body = request.body()
    if not body:
        return {}
    if isinstance(member, StructureShape | ListShape | MapShape):
        return {payload: _document(body, member, as_xml=as_xml)}
    return {payload: body if member.type_name == "blob" else body.decode()}


def _document(body: bytes, shape: Shape, *, as_xml: bool) -> Any:
    if not body.strip():
        return None
    if as_xml:
        return xml.parse_document(body, shape)
    return json_values.parse(json.loads(body), shape)


def render(operation: OperationModel, members: Mapping[str, Any], *, as_xml: bool) -> HttpAnswer:
    """A REST answer: members go where the output shape puts them."""
    status = int(operation.http.get("responseCode", 200))
    shape = operation.output_shape
    if not isinstance(shape, StructureShape):
        return HttpAnswer(status)
    headers: dict[str, str] = {}
    for name, member in shape.members.items():
        value = members.get(name)
        location = member.serialization.get("location")
        if value is None or location is None:
            continue
        wire_name = str(member.serialization.get("name", name))
        if location == "statusCode":
            status = int(value)
        elif location == "header":
            headers[wire_name] = _header(value, member)
        elif location == "headers":
            headers |= {wire_name + str(key): str(item) for key, item in value.items()}
    body, content_type = _body(operation, shape, members, as_xml=as_xml)
    if content_type and "Content-Type" not in headers:
        headers["Content-Type"] = content_type
    return HttpAnswer(status, headers, body)


def _header(value: Any, member: Shape) -> str:
    if isinstance(member, ListShape):
        return ", ".join(values.to_text(item, member.member, "rfc822") for item in value)
    return values.to_text(value, member, "rfc822")


def _body(
    operation: OperationModel, shape: StructureShape, members: Mapping[str, Any], *, as_xml: bool
) -> tuple[bytes | Iterable[bytes], str]:
    payload = shape.serialization.get("payload")
    if payload is not None:
        value, member = members.get(payload), shape.members[payload]
        if member.type_name in ("blob", "string"):
            if value is None:
                return b"", ""
            if isinstance(value, str | bytes | bytearray):
                return values.to_bytes(value), "application/octet-stream"
            return value, "application/octet-stream"
        if value is None:
            return b"", ""
        name = str(member.serialization.get("name", member.name))
        return _render_document(operation, name, value, member, as_xml=as_xml)
    in_body = [name for name, member in shape.members.items() if not member.serialization.get("location")]
    if not in_body:
        return b"", ""
    name = str(shape.serialization.get("name", f"{operation.name}Result"))
    return _render_document(operation, name, members, shape, as_xml=as_xml)


def _render_document(
    operation: OperationModel, name: str, value: Any, shape: Shape, *, as_xml: bool
) -> tuple[bytes, str]:
    if not as_xml:
        return json.dumps(json_values.render(value, shape)).encode(), "application/json"
    content = xml.render_element(name, value, shape, list_item="member")
    namespace = operation.service_model.metadata.get(
        "xmlNamespace", "http://s3.amazonaws.com/doc/2006-03-01/"
    )
    opening = f"<{name}"
    content = content.replace(opening, f'{opening} xmlns="{namespace}"', 1)
    return (xml.DECLARATION + content).encode(), "application/xml"
