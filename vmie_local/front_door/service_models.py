"""botocore's service models: what operations there are and what their parameters look like."""

from __future__ import annotations

import functools
import threading

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel

_BOTOCORE_NAMES: dict[str, tuple[str, ...]] = {
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "eventbridge": ("events",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}
"""Signing names that differ from botocore's name of the service, or that several services share."""

_IAM_PREFIXES = {
    "cloudwatch": "cloudwatch",
    "dynamodbstreams": "dynamodb",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "stepfunctions": "states",
}
"""Services whose IAM prefix is not their signing name."""

_TARGET_PREFIXES = {
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "AWSEvents": "events",
    "AWSStepFunctions": "stepfunctions",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "DynamoDB_20120810": "dynamodb",
    "Logs_20140328": "logs",
    "TrentService": "kms",
}
"""What `X-Amz-Target` says where there is no signature."""

_lock = threading.Lock()
_session = botocore.session.Session()


def iam_prefix(model: ServiceModel) -> str:
    """The prefix of the service's IAM actions, which is also how handlers name the service."""
    return _IAM_PREFIXES.get(model.service_name) or str(model.signing_name)


def candidates(signing_name: str) -> tuple[ServiceModel, ...]:
    """The models of the services that sign with this name; none where botocore does not know it."""
    found = (service_model(name) for name in _BOTOCORE_NAMES.get(signing_name, (signing_name,)))
    return tuple(model for model in found if model is not None)


def has_operation(service: str, operation: str) -> bool:
    """Whether a service, named by its IAM prefix, has an operation."""
    names = [name for name, prefix in _IAM_PREFIXES.items() if prefix == service] + [service]
    models = (service_model(name) for name in names)
    return any(model is not None and operation in model.operation_names for model in models)


def by_target(target: str) -> ServiceModel | None:
    """The model of the service that an unsigned call's `X-Amz-Target` names."""
    name = _TARGET_PREFIXES.get(target.rpartition(".")[0])
    return service_model(name) if name else None


@functools.cache
def _load(name: str) -> ServiceModel | None:
    try:
        return _session.get_service_model(name)
    except UnknownServiceError:
        return None


def service_model(name: str) -> ServiceModel | None:
    """botocore's model of a service, loaded once, or None if there is no such service."""
    with _lock:  # functools.cache lets two threads load the same model, and EC2's takes 65 MB
        return _load(name)
