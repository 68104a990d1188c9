"""The query protocol and EC2's dialect of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, ServiceModel, StructureShape

from vmie_local.front_door.api_call import ApiError
from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.wire import query, xml
from vmie_local.front_door.wire.request_ids import request_id


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
            f'{xml.DECLARATION}<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>{_members(error)}</Error>"
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
            f"{xml.DECLARATION}<Response><Errors><Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message>{_members(error)}</Error></Errors>"
            f"<RequestID>{identifier}</RequestID></Response>"
        )
        return HttpAnswer(error.status, _xml_headers(identifier), body.encode())


def _members(error: ApiError) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in error.members.items())


def _xml_answer(operation: OperationModel, content: str, identifier: str) -> HttpAnswer:
    name = f"{operation.name}Response"
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    body = f'{xml.DECLARATION}<{name} xmlns="{namespace}">{content}</{name}>'
    return HttpAnswer(200, _xml_headers(identifier), body.encode())


def _xml_headers(identifier: str) -> dict[str, str]:
    return {"Content-Type": "text/xml;charset=UTF-8", "x-amzn-RequestId": identifier}
