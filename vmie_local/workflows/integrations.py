"""Calling services on behalf of Task states, with results and errors as Step Functions shows them.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from vmie_local.workflows.errors import RUNTIME, StateError
from vmie_local.workflows.resources import Resource, operation_of

# Names of services in the errors of optimised integrations, and of errors that their SDK does not model.
_OPTIMISED_ERRORS = {
    "lambda": ("Lambda", "AWSLambdaException"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDBException"),
    "events": ("EventBridge", "AmazonEventBridgeException"),
    "sns": ("SNS", "AmazonSNSException"),
    "sqs": ("SQS", "AmazonSQSException"),
    "stepfunctions": ("StepFunctions", "AWSStepFunctionsException"),
}

MakeClient = Callable[[str], Any]


def call_service(resource: Resource, arguments: Any, make_client: MakeClient) -> Any:
    """Make the call that a Task state's resource means.

    Args:
        resource: What to call.
        arguments: The evaluated arguments.
        make_client: Gives a boto3 client of a service with the state machine's role.

    Raises:
        StateError: If the service, or the function, answers with an error.
    """
    if resource.kind == "function":
        invoked = {"FunctionName": resource.resource, "Payload": arguments}
        return _invoke(resource, invoked, make_client)["Payload"]
    if not isinstance(arguments, dict):
        raise StateError(RUNTIME, f"The arguments of {resource.resource} must be an object.")
    if resource.kind == "optimised" and resource.service == "lambda":
        return _invoke(resource, arguments, make_client)
    answer = _request(resource, arguments, make_client)
    if resource.service == "events" and resource.kind == "optimised" and answer.get("FailedEntryCount"):
        raise StateError("EventBridge.FailedEntry", json.dumps(answer))
    return answer


def _invoke(resource: Resource, arguments: dict[str, Any], make_client: MakeClient) -> dict[str, Any]:
    request = dict(arguments)
    request["Payload"] = json.dumps(request.get("Payload", {}), ensure_ascii=False).encode()
    answer = _request(resource, request, make_client)
    text = answer.pop("Payload", "") or "null"
    if answer.pop("FunctionError", None):
        raise StateError(_error_type(text), text)
    try:
        answer["Payload"] = json.loads(text)
    except ValueError:
        answer["Payload"] = text
    answer.pop("LogResult", None)
    return answer


def _error_type(payload: str) -> str:
    try:
        document = json.loads(payload)
    except ValueError:
        return "Lambda.Unknown"
    return (
        str(document.get("errorType", "Lambda.Unknown")) if isinstance(document, dict) else "Lambda.Unknown"
    )


def _request(resource: Resource, arguments: dict[str, Any], make_client: MakeClient) -> dict[str, Any]:
    model = operation_of(resource.service, resource.operation)
    request = _to_botocore(arguments, model.input_shape, resource) if model.input_shape else {}
    client = make_client(resource.service)
    method = next(
        name for name, api in client.meta.method_to_api_mapping.items() if api == resource.operation
    )
    try:
        answer = getattr(client, method)(**request)
    except ClientError as error:
        raise _service_error(resource, error) from error
    except BotoCoreError as error:
        raise StateError(RUNTIME, f"{type(error).__name__}: {error}") from error
    metadata = answer.pop("ResponseMetadata")
    result: dict[str, Any] = _from_botocore(answer)
    if resource.kind == "optimised" and resource.service != "events":
        result["SdkHttpMetadata"] = {
            "AllHttpHeaders": {name: [value] for name, value in metadata["HTTPHeaders"].items()},
            "HttpHeaders": metadata["HTTPHeaders"],
            "HttpStatusCode": metadata["HTTPStatusCode"],
        }
        result["SdkResponseMetadata"] = {"RequestId": metadata.get("RequestId", "")}
    return result


def _to_botocore(value: Any, shape: Shape, resource: Resource) -> Any:
    """Arguments have PascalCase keys, and documents where the API wants their JSON."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {name.lower(): name for name in shape.members}
        converted = {}
        for key, item in value.items():
            member = members.get(key.lower())
            if member is None:
                cause = f"The field '{key}' is not supported by Step Functions in {resource.resource}."
                raise StateError(RUNTIME, cause)
            converted[member] = _to_botocore(item, shape.members[member], resource)
        return converted
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_botocore(item, shape.member, resource) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _to_botocore(item, shape.value, resource) for key, item in value.items()}
    if shape.type_name == "string" and isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if shape.type_name == "blob" and not isinstance(value, bytes):
        return value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return value


def _from_botocore(value: Any, *, cased: bool = True) -> Any:
    if isinstance(value, dict):
        return {_pascal(key) if cased else key: _from_botocore(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_botocore(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _service_error(resource: Resource, error: ClientError) -> StateError:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    metadata = error.response.get("ResponseMetadata", {})
    status, request_id = metadata.get("HTTPStatusCode"), metadata.get("RequestId", "")
    model = operation_of(resource.service, resource.operation).service_model
    codes = {str(shape.metadata.get("error", {}).get("code")): shape.name for shape in model.error_shapes}
    codes |= {shape.name: shape.name for shape in model.error_shapes}
    known = codes.get(code)
    if resource.kind == "sdk":
        service = _sdk_name(model.service_id)
        name = _exception(known) if known else f"{service}Exception"
    else:
        service, unknown = _OPTIMISED_ERRORS[resource.service]
        name = _exception(known) if known else unknown
    cause = f"{message} (Service: {service}, Status Code: {status}, Request ID: {request_id})"
    return StateError(f"{service}.{name}", cause)


def _exception(name: str) -> str:
    return name if name.endswith("Exception") else f"{name}Exception"


def _sdk_name(service_id: str) -> str:
    """The service's name in the AWS SDK for Java 2.x, such as `Ec2` or `DynamoDb`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|\d+|[a-z]+", str(service_id))
    return "".join(word.capitalize() for word in words)
