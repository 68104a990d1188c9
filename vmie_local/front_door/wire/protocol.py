"""The protocols by name, and which of them a request speaks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from typing import Protocol as Interface
from xml.sax.saxutils import escape

from botocore.model import OperationModel, ServiceModel, StructureShape

from vmie_local.front_door.api_call import ApiError
from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.wire import cbor, json_values, query, rest, xml

XML_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Protocol(Interface):
    """One wire protocol."""

    def parse(
        self, request: HttpRequest, operation: OperationModel, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        """The parameters of a request. Raises `ValueError` where it is malformed."""

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """An answer with these output members."""

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:
        """An error answer."""


def request_id() -> str:
    """A new request id."""
    return str(uuid.uuid4())


class QueryProtocol:
    """`Action=…` forms, answered in XML: IAM, STS, SNS, CloudFormation."""

    ec2 = False

    def parse(
        self,
        request: HttpRequest,
        operation: OperationModel,
        labels: Mapping[str, str],  # noqa: ARG002 - the path says nothing here
    ) -> dict[str, Any]:
        """The parameters of a form or of a query string."""
        shape = operation.input_shape
        if shape is None:
            return {}
        parameters: dict[str, Any] = query.parse(query.tree(request.form), shape, ec2=self.ec2)
        return parameters

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """`<OperationResponse><OperationResult>…`."""
        shape, content = operation.output_shape, ""
        if isinstance(shape, StructureShape):
            content = xml.render_members(members, shape, list_item="member")
            if wrapper := shape.serialization.get("resultWrapper"):
                content = f"<{wrapper}>{content}</{wrapper}>"
        identifier = request_id()
        content += f"<ResponseMetadata><RequestId>{identifier}</RequestId></ResponseMetadata>"
        return _xml_answer(operation, content, identifier)

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:
        """`<ErrorResponse><Error>…`."""
        identifier = request_id()
        namespace = model.metadata.get("xmlNamespace", "")
        sender = "Receiver" if error.status >= 500 else "Sender"
        body = (
            f'{XML_HEADER}<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{identifier}</RequestId></ErrorResponse>"
        )
        return HttpAnswer(error.status, _xml_headers(identifier), body.encode())


class Ec2Protocol(QueryProtocol):
    """EC2's dialect of the query protocol."""

    ec2 = True

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """`<OperationResponse><requestId>…</requestId>…`."""
        shape, identifier = operation.output_shape, request_id()
        content = f"<requestId>{identifier}</requestId>"
        if isinstance(shape, StructureShape):
            content += xml.render_members(members, shape, list_item="item")
        return _xml_answer(operation, content, identifier)

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:  # noqa: ARG002 - no namespace here
        """`<Response><Errors><Error>…`."""
        identifier = request_id()
        body = (
            f"{XML_HEADER}<Response><Errors><Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></Errors>"
            f"<RequestID>{identifier}</RequestID></Response>"
        )
        return HttpAnswer(error.status, _xml_headers(identifier), body.encode())


class JsonProtocol:
    """`X-Amz-Target` with a JSON body: DynamoDB, Step Functions, SSM, KMS, SQS."""

    def parse(
        self,
        request: HttpRequest,
        operation: OperationModel,
        labels: Mapping[str, str],  # noqa: ARG002 - the path says nothing here
    ) -> dict[str, Any]:
        """The members of the JSON document."""
        body = request.body()
        shape = operation.input_shape
        if shape is None or not body.strip():
            return {}
        parameters: dict[str, Any] = json_values.parse(json.loads(body), shape)
        return parameters

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """The output as one JSON document."""
        shape = operation.output_shape
        content = json_values.render(members, shape) if shape is not None else {}
        return HttpAnswer(200, _json_headers(operation.service_model), json.dumps(content).encode())

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:
        """A document with `__type` and `message`."""
        headers = _json_headers(model) | {"x-amzn-ErrorType": error.code}
        if model.metadata.get("awsQueryCompatible") is not None:
            kind = "Receiver" if error.status >= 500 else "Sender"
            headers["x-amzn-query-error"] = f"{error.code};{kind}"
        content = {"__type": error.code, "message": error.message, "Message": error.message}
        return HttpAnswer(error.status, headers, json.dumps(content).encode())


class CborProtocol:
    """Smithy's RPC v2 over CBOR: CloudWatch and the tagging API in current SDKs."""

    _headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}

    def parse(
        self,
        request: HttpRequest,
        operation: OperationModel,
        labels: Mapping[str, str],  # noqa: ARG002 - the path names the operation only
    ) -> dict[str, Any]:
        """The members of the CBOR document."""
        body = request.body()
        shape = operation.input_shape
        if shape is None or not body:
            return {}
        parameters: dict[str, Any] = json_values.parse(cbor.decode(body), shape)
        return parameters

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """The output as one CBOR document."""
        shape = operation.output_shape
        content = json_values.render(members, shape, cbor=True) if shape is not None else {}
        return HttpAnswer(200, self._headers | {"x-amzn-RequestId": request_id()}, cbor.encode(content))

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:  # noqa: ARG002 - no namespace here
        """A document with `__type` and `message`."""
        content = {"__type": error.code, "message": error.message}
        return HttpAnswer(
            error.status, self._headers | {"x-amzn-RequestId": request_id()}, cbor.encode(content)
        )


class RestJsonProtocol:
    """REST with JSON bodies: Lambda, EBS direct, EventBridge Scheduler."""

    def parse(
        self, request: HttpRequest, operation: OperationModel, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        """Members of path, query string, headers and JSON body."""
        parameters: dict[str, Any] = rest.parse(request, operation, labels, as_xml=False)
        return parameters

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """Headers and a JSON body, or a raw payload."""
        answer = rest.render(operation, members, as_xml=False)
        return HttpAnswer(answer.status, {"x-amzn-RequestId": request_id(), **answer.headers}, answer.body)

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:  # noqa: ARG002 - no namespace here
        """`X-Amzn-Errortype` and a document with the message."""
        headers = {
            "Content-Type": "application/json",
            "X-Amzn-Errortype": error.code,
            "x-amzn-RequestId": request_id(),
        }
        content = {"message": error.message, "Message": error.message, **error.members}
        return HttpAnswer(error.status, headers, json.dumps(content).encode())


class RestXmlProtocol:
    """REST with XML bodies: S3."""

    def parse(
        self, request: HttpRequest, operation: OperationModel, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        """Members of path, query string, headers and XML body."""
        parameters: dict[str, Any] = rest.parse(request, operation, labels, as_xml=True)
        return parameters

    def render(self, operation: OperationModel, members: Mapping[str, Any]) -> HttpAnswer:
        """Headers and an XML body, or a raw payload."""
        answer = rest.render(operation, members, as_xml=True)
        return HttpAnswer(answer.status, {"x-amz-request-id": request_id(), **answer.headers}, answer.body)

    def error(self, model: ServiceModel, error: ApiError) -> HttpAnswer:
        """S3's bare `<Error>`, elsewhere one inside an `<ErrorResponse>`."""
        identifier = request_id()
        detail = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        if model.service_name == "s3":
            body = f"<Error>{detail}<RequestId>{identifier}</RequestId><HostId>local</HostId></Error>"
        else:
            body = (
                f"<ErrorResponse><Error>{detail}</Error><RequestId>{identifier}</RequestId></ErrorResponse>"
            )
        headers = {"Content-Type": "application/xml", "x-amz-request-id": identifier}
        return HttpAnswer(error.status, headers, (XML_HEADER + body).encode())


def _xml_answer(operation: OperationModel, content: str, identifier: str) -> HttpAnswer:
    name = f"{operation.name}Response"
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    body = f'{XML_HEADER}<{name} xmlns="{namespace}">{content}</{name}>'
    return HttpAnswer(200, _xml_headers(identifier), body.encode())


def _xml_headers(identifier: str) -> dict[str, str]:
    return {"Content-Type": "text/xml;charset=UTF-8", "x-amzn-RequestId": identifier}


def _json_headers(model: ServiceModel) -> dict[str, str]:
    version = model.metadata.get("jsonVersion", "1.0")
    return {"Content-Type": f"application/x-amz-json-{version}", "x-amzn-RequestId": request_id()}


_PROTOCOLS: dict[str, Protocol] = {
    "query": QueryProtocol(),
    "ec2": Ec2Protocol(),
    "json": JsonProtocol(),
    "smithy-rpc-v2-cbor": CborProtocol(),
    "rest-json": RestJsonProtocol(),
    "rest-xml": RestXmlProtocol(),
}


def protocol_of(request: HttpRequest, model: ServiceModel) -> Protocol:
    """The protocol that a request to a service speaks: a service may have several."""
    declared = str(model.metadata.get("protocol"))
    if declared.startswith("rest-") or declared == "ec2":
        return _PROTOCOLS[declared]
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return _PROTOCOLS["smithy-rpc-v2-cbor"]
    if "x-amz-target" in request.headers:
        return _PROTOCOLS["json"]
    return _PROTOCOLS["query"]
