"""The protocols by name, and which of them a request speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Protocol as Interface

from botocore.model import OperationModel, ServiceModel

from vmie_local.front_door.api_call import ApiError
from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.wire.json_protocols import CborProtocol, JsonProtocol
from vmie_local.front_door.wire.query_protocols import Ec2Protocol, QueryProtocol
from vmie_local.front_door.wire.rest_protocols import RestJsonProtocol, RestXmlProtocol


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
