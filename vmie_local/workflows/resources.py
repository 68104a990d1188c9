"""The `Resource` of a Task state: which service is called, how, and what is waited for.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel

_LAMBDA = re.compile(r"arn:[^:]+:lambda:[^:]+:\d+:function:[^:]+(:[^:]+)?")
_INTEGRATION = re.compile(
    r"arn:[^:]+:states:::(aws-sdk:)?([^:.]+):([^:.]+)(?:\.(sync:2|sync|waitForTaskToken))?"
)

# The optimised integrations that the local AWS offers: botocore's service, and what may be waited for.
_OPTIMISED: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("lambda", "invoke"): ("lambda", ("waitForTaskToken",)),
    ("dynamodb", "getItem"): ("dynamodb", ()),
    ("dynamodb", "putItem"): ("dynamodb", ()),
    ("dynamodb", "updateItem"): ("dynamodb", ()),
    ("dynamodb", "deleteItem"): ("dynamodb", ()),
    ("events", "putEvents"): ("events", ("waitForTaskToken",)),
    ("sns", "publish"): ("sns", ("waitForTaskToken",)),
    ("sqs", "sendMessage"): ("sqs", ("waitForTaskToken",)),
    ("states", "startExecution"): ("stepfunctions", ("sync", "sync:2", "waitForTaskToken")),
}
# Where the SDK integration's name is not botocore's.
_SDK_SERVICES = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
}


class ResourceError(ValueError):
    """A `Resource` that the local AWS cannot call."""


@dataclass(frozen=True)
class Resource:
    """What a Task state calls.

    Attributes:
        kind: `function` for a function's ARN, `optimised` or `sdk` for an integration.
        service: botocore's name of the service.
        operation: botocore's name of the operation.
        pattern: What is waited for besides the answer: `sync`, `sync:2`, `waitForTaskToken`, or nothing.
        resource_type: As histories name it: `lambda`, `aws-sdk:ec2`, …
        resource: As histories name it: `invoke`, `describeImages`, …, or the function's ARN.
    """

    kind: Literal["function", "optimised", "sdk"]
    service: str
    operation: str
    pattern: str
    resource_type: str
    resource: str


@cache
def read_resource(arn: str) -> Resource:
    """What an ARN in `Resource` means.

    Raises:
        ResourceError: If the local AWS cannot call it.
    """
    if _LAMBDA.fullmatch(arn):
        return Resource("function", "lambda", "Invoke", "", "lambda", arn)
    found = _INTEGRATION.fullmatch(arn)
    if found is None:
        raise ResourceError(f"The resource {arn} is no ARN of a function or of a service integration.")
    sdk, service, action, pattern = found.groups()
    if sdk:
        if pattern in ("sync", "sync:2"):
            raise ResourceError(f"SDK integrations do not wait for jobs: {arn}")
        model = operation_of(_SDK_SERVICES.get(service, service), action)
        name = _SDK_SERVICES.get(service, service)
        return Resource("sdk", name, model.name, pattern or "", f"aws-sdk:{service}", _with(action, pattern))
    known = _OPTIMISED.get((service, action))
    if known is None or (pattern and pattern not in known[1]):
        offered = ", ".join(f"{name}:{act}" for name, act in _OPTIMISED)
        raise ResourceError(f"The local AWS offers no integration {arn}; besides aws-sdk it has {offered}.")
    model = operation_of(known[0], action)
    return Resource("optimised", known[0], model.name, pattern or "", service, _with(action, pattern))


@cache
def operation_of(service: str, action: str) -> OperationModel:
    """botocore's model of an operation, found by its camel-case name.

    Raises:
        ResourceError: If there is none.
    """
    session: Any = botocore.session.get_session()
    try:
        model = session.get_service_model(service)
    except UnknownServiceError as error:
        raise ResourceError(f"There is no AWS service '{service}'.") from error
    for name in model.operation_names:
        if name.lower() == action.lower():
            operation: OperationModel = model.operation_model(name)
            return operation
    raise ResourceError(f"The service '{service}' has no operation '{action}'.")


def _with(action: str, pattern: str | None) -> str:
    return f"{action}.{pattern}" if pattern else action
