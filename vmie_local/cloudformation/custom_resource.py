"""Custom resources: a Lambda function does the work and answers on a URL of our own endpoint."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from vmie_local.cloudformation.api_arguments import text
from vmie_local.cloudformation.errors import RefusedError, ResourceFailedError
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType

PATH = "/_vmie/cloudformation/answers/"
_MAX_ANSWER = 4096
_DEFAULT_TIMEOUT = 3600.0


@dataclass
class _Waiting:
    """A request whose answer is awaited."""

    event: dict[str, Any]
    arrived: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] = field(default_factory=dict)


class CustomResources:
    """Sends requests to functions and waits for their answers."""

    def __init__(self, endpoint: Callable[[], str], wait: Callable[[threading.Event, float], bool]) -> None:
        """Begin with nobody waiting.

        Args:
            endpoint: The URL under which this process is reached.
            wait: Waits for an event, at most some seconds of the local AWS's clock.
        """
        self._endpoint, self._wait = endpoint, wait
        self._waiting: dict[str, _Waiting] = {}
        self._stopped = False

    def row(self, name: str) -> ResourceType | None:
        """The row of the table for `Custom::…` types and `AWS::CloudFormation::CustomResource`."""
        if name != "AWS::CloudFormation::CustomResource" and not name.startswith("Custom::"):
            return None
        return _CustomType(
            name=name,
            honours=frozenset({"ServiceToken", "ServiceTimeout"}),
            create=self._create,
            update=self._update,
            delete=self._delete,
            attributes_may_change=True,
        )

    def stop(self) -> None:
        """Give up every wait."""
        self._stopped = True
        for waiting in list(self._waiting.values()):
            waiting.arrived.set()

    def answered(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI: take the PUT of a function to its ResponseURL."""
        waiting = self._waiting.get(environ["PATH_INFO"].removeprefix(PATH))
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(min(length, _MAX_ANSWER + 1))
        status = HTTPStatus.OK
        if waiting is None or environ["REQUEST_METHOD"] != "PUT":
            status = HTTPStatus.FORBIDDEN
        else:
            waiting.answer = _read(body, waiting.event)
            waiting.arrived.set()
        start_response(f"{status.value} {status.phrase}", [("Content-Length", "0")])
        return [b""]

    def _create(self, request: Request) -> Created:
        answer = self._ask(request, "Create", {})
        # A failed creation is cleaned up under the id it answered, or one of CloudFormation's making.
        physical_id = answer.get("PhysicalResourceId") or request.generated_name(64)
        request.made(physical_id)
        return _created(answer, physical_id)

    def _update(self, request: Request) -> Created:
        if request.changed("ServiceToken"):
            raise RefusedError("Modifying service token is not allowed.")
        old = {"OldResourceProperties": _as_text(_visible(request.old_properties))}
        answer = self._ask(request, "Update", old)
        return _created(answer, answer.get("PhysicalResourceId") or request.physical_id)

    def _delete(self, request: Request) -> None:
        _created(self._ask(request, "Delete", {}), request.physical_id)

    def _ask(self, request: Request, kind: str, more: dict[str, Any]) -> dict[str, Any]:
        token = str(uuid.uuid4())
        function = text(request.properties.get("ServiceToken", ""))
        if ":lambda:" not in function:
            raise ResourceFailedError(
                f"ServiceToken {function!r} is no Lambda function; the local CloudFormation knows no other"
            )
        event = {
            "RequestType": kind,
            "ServiceToken": function,
            "ResponseURL": f"{self._endpoint()}{PATH}{token}",
            "StackId": request.stack_id,
            "RequestId": token,
            "LogicalResourceId": request.logical_id,
            "ResourceType": request.type,
            "ResourceProperties": _as_text(_visible(request.properties)),
            **more,
        }
        if kind != "Create":
            event["PhysicalResourceId"] = request.physical_id
        waiting = self._waiting[token] = _Waiting(event)
        try:
            self._invoke(request, function, event, waiting)
            seconds = float(request.properties.get("ServiceTimeout", _DEFAULT_TIMEOUT))
            if not self._wait(waiting.arrived, seconds):
                raise ResourceFailedError(
                    "CloudFormation did not receive a response from your Custom Resource within "
                    f"{seconds:g} seconds. Please check your logs for requestId [{token}]."
                )
        finally:
            del self._waiting[token]
        if self._stopped and not waiting.answer:
            raise ResourceFailedError("The local AWS was stopped.")
        return waiting.answer

    def _invoke(self, request: Request, function: str, event: dict[str, Any], waiting: _Waiting) -> None:
        """Call the function and see it fail at once.

        CloudFormation invokes asynchronously: a function that dies without an answer is tried twice more
        and then awaited for an hour. Nothing is learnt from that wait.
        """
        answer = request.api("lambda", "Invoke", FunctionName=function, Payload=json.dumps(event).encode())
        payload = answer["Payload"].read().decode()
        if answer.get("FunctionError") and not waiting.arrived.is_set():
            raise ResourceFailedError(
                f"The function {function} failed without answering: {payload}. On AWS it would be invoked "
                "twice more and awaited for an hour."
            )


@dataclass(frozen=True, kw_only=True)
class _CustomType(ResourceType):
    """A type whose properties are the function's own business."""

    def check(self, logical_id: str, properties: Any) -> None:
        """Ask for a ServiceToken; any other property goes to the function."""
        if "ServiceToken" not in properties:
            raise ResourceFailedError(f"{logical_id} ({self.name}) has no ServiceToken")


def _created(answer: dict[str, Any], physical_id: str) -> Created:
    if answer.get("Status") != "SUCCESS":
        raise ResourceFailedError(
            f"Received response status [{answer.get('Status')}] from custom resource. "
            f"Message returned: {answer.get('Reason') or 'no Reason'}"
        )
    return Created(physical_id, answer.get("Data") or {})


def _read(body: bytes, event: dict[str, Any]) -> dict[str, Any]:
    """The answer, or one that says why it is none."""
    if len(body) > _MAX_ANSWER:
        return {"Status": "FAILED", "Reason": "Response object is too long."}
    try:
        answer = json.loads(body)
    except ValueError:
        return {"Status": "FAILED", "Reason": "Invalid Response object: not JSON."}
    if not isinstance(answer, dict):
        return {"Status": "FAILED", "Reason": "Invalid Response object: not a JSON object."}
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        if answer.get(name) != event[name]:
            return {
                **answer,
                "Status": "FAILED",
                "Reason": f"Invalid Response object: Value of property {name} is wrong.",
            }
    if answer.get("Status") == "SUCCESS" and not answer.get("PhysicalResourceId"):
        return {"Status": "FAILED", "Reason": "Invalid PhysicalResourceId"}
    return answer


def _visible(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != "ServiceTimeout"}


def _as_text(value: Any) -> Any:
    """CloudFormation hands every scalar to a custom resource as text."""
    if isinstance(value, dict):
        return {key: _as_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return text(value)
