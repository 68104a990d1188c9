"""REST with JSON or XML bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, ServiceModel

from vmie_local.front_door.api_call import ApiError
from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.wire import rest, xml
from vmie_local.front_door.wire.request_ids import request_id


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
        members = {"Code": error.code, "Message": error.message, **error.members}
        detail = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
        if model.service_name == "s3":
            body = f"<Error>{detail}<RequestId>{identifier}</RequestId><HostId>local</HostId></Error>"
        else:
            body = (
                f"<ErrorResponse><Error>{detail}</Error><RequestId>{identifier}</RequestId></ErrorResponse>"
            )
        headers = {"Content-Type": "application/xml", "x-amz-request-id": identifier}
        return HttpAnswer(error.status, headers, (xml.DECLARATION + body).encode())
