"""The Invoke operation.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from vmie_local.front_door import ApiCall, ApiError
from vmie_local.functions.function import FunctionVersion, NoSuchFunctionError
from vmie_local.functions.invocation import Invocation, Outcome, TooManyRequestsError, error_document

if TYPE_CHECKING:
    from vmie_local.functions import Functions

_MOST_REQUEST = 6_291_456
_MOST_EVENT = 1_048_576
_MOST_RESPONSE = 6_291_556
_LOG_TAIL = 4096


class InvokeApi:
    """Answers Invoke; every other operation of Lambda is moto's."""

    def __init__(self, functions: Functions) -> None:
        """Invoke with this part."""
        self._functions = functions

    def invoke(self, call: ApiCall) -> dict[str, Any]:
        """Run a function, or accept an event for it."""
        given = call.parameters
        function = self._function(call)
        kind = given.get("InvocationType", "RequestResponse")
        invocation = Invocation(
            _payload(given.get("Payload"), _MOST_EVENT if kind == "Event" else _MOST_REQUEST),
            trace_header=call.headers.get("x-amzn-trace-id", ""),
        )
        if kind == "DryRun":
            return {"StatusCode": 204}
        if kind == "Event":
            self._functions.invoke_later(function, invocation)
            return {"StatusCode": 202, "Payload": b""}
        try:
            outcome = self._functions.invoke(function, invocation)
        except TooManyRequestsError as error:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429) from error
        return _answer(function, outcome, tail=given.get("LogType") == "Tail")

    def _function(self, call: ApiCall) -> FunctionVersion:
        name, qualifier = call.parameters["FunctionName"], call.parameters.get("Qualifier")
        try:
            return self._functions.registry.find(call.account, call.region, name, qualifier)
        except NoSuchFunctionError as error:
            raise ApiError("ResourceNotFoundException", str(error), 404) from error


def _payload(body: bytes | None, most: int) -> bytes:
    payload = body or b"{}"
    if len(payload) > most:
        message = f"Request must be smaller than {most} bytes for the InvokeFunction operation"
        raise ApiError("RequestTooLargeException", message, 413)
    try:
        json.loads(payload)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise ApiError("InvalidRequestContentException", message) from error
    return payload


def _answer(function: FunctionVersion, outcome: Outcome, *, tail: bool) -> dict[str, Any]:
    payload, failed = outcome.payload, outcome.failed
    if len(payload) > _MOST_RESPONSE:
        message = f"Response payload size exceeded maximum allowed payload size ({_MOST_RESPONSE} bytes)."
        payload, failed = error_document("Function.ResponseSizeTooLarge", message), True
    answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": function.version, "Payload": payload}
    if failed:
        answer["FunctionError"] = "Unhandled"
    if tail:
        text = "\n".join(outcome.log).encode()[-_LOG_TAIL:]
        answer["LogResult"] = base64.b64encode(text).decode()
    return answer
