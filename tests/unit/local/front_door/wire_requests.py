"""Requests as botocore writes them and answers as botocore reads them, without a socket."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode

import botocore.session
from botocore import parsers, serialize
from botocore.model import OperationModel, ServiceModel

from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.identify import Identified, identify
from vmie_local.front_door.signature import Signature
from vmie_local.front_door.wire import Protocol, protocol_of

SESSION = botocore.session.Session()


@cache
def service(name: str) -> ServiceModel:
    return SESSION.get_service_model(name)


def operation(service_name: str, name: str) -> OperationModel:
    return service(service_name).operation_model(name)


def http_request(
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> HttpRequest:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": f"{path}?{query}" if query else path,
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return HttpRequest(environ)


def as_sent(model: OperationModel, parameters: Mapping[str, Any], speaking: str | None = None) -> HttpRequest:
    """The request that botocore writes for these parameters, in its own choice of protocol or in another."""
    serializer = serialize.create_serializer(
        speaking or model.service_model.resolved_protocol, include_validation=False
    )
    written = serializer.serialize_to_request(dict(parameters), model)
    body = written["body"]
    headers = {str(name): _text(value) for name, value in written["headers"].items()}
    if isinstance(body, dict):
        body = urlencode(body).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    elif isinstance(body, str):
        body = body.encode()
    elif hasattr(body, "read"):
        body = body.read()
    path, _, in_path = written["url_path"].partition("?")
    given = written["query_string"]
    query = "&".join(part for part in (in_path, urlencode(given, doseq=True) if given else "") if part)
    return http_request(written["method"], path, query, headers, bytes(body or b""))


def protocol(model: OperationModel, speaking: str | None = None) -> Protocol:
    """The protocol that botocore speaks with the service of an operation, or another one."""
    headers = {"json": {"X-Amz-Target": model.name}, "smithy-rpc-v2-cbor": {"smithy-protocol": "rpc-v2-cbor"}}
    spoken = headers.get(speaking or model.service_model.resolved_protocol, {})
    return protocol_of(http_request("POST", headers=spoken), model.service_model)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def identified(request: HttpRequest, model: OperationModel) -> Identified:
    signing_name = model.service_model.signing_name
    return identify(request, Signature("AKIAEXAMPLE", "us-east-1", signing_name))


def understood(
    model: OperationModel, parameters: Mapping[str, Any], speaking: str | None = None
) -> dict[str, Any]:
    """What the front door understands when botocore sends these parameters."""
    request = as_sent(model, parameters, speaking)
    found = identified(request, model)
    assert found.operation is not None, (request.method, request.path, found.operation_name)
    assert found.operation_name == model.name
    assert found.protocol is not None
    return found.protocol.parse(request, found.operation, found.labels)


def read_back(model: OperationModel, answer: HttpAnswer, speaking: str | None = None) -> dict[str, Any]:
    """What botocore reads from an answer."""
    body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    parser = parsers.create_parser(speaking or model.service_model.resolved_protocol)
    streamed = model.has_streaming_output and answer.status < 300
    response = {
        "status_code": answer.status,
        "headers": _Headers(answer.headers),
        "body": io.BytesIO(body) if streamed else body,
    }
    read = parser.parse(response, model.output_shape)
    return {name: value.read() if hasattr(value, "read") else value for name, value in read.items()}


class _Headers(dict[str, str]):
    """Headers whose names have no case, as urllib3's."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in given.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())
