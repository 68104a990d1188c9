"""JSON and CBOR documents over POST."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel, ServiceModel

from vmie_local.front_door.api_call import ApiError
from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.wire import cbor, json_values
from vmie_local.front_door.wire.request_ids import request_id


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
        content = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
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
        content = {"__type": error.code, "message": error.message, **error.members}
        return HttpAnswer(
            error.status, self._headers | {"x-amzn-RequestId": request_id()}, cbor.encode(content)
        )


def _json_headers(model: ServiceModel) -> dict[str, str]:
    version = model.metadata.get("jsonVersion", "1.0")
    return {"Content-Type": f"application/x-amz-json-{version}", "x-amzn-RequestId": request_id()}
