"""Clients of AWS and what their errors mean to a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from vmie_runtime.errors import CallUnanswered, TransientServiceError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_events import EventBridgeClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_stepfunctions import SFNClient
    from types_boto3_sts import STSClient

    from vmie_runtime.checks.keys import KmsClient

# The state machine retries with patience; inside a call only a blip is worth waiting for.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    user_agent_extra="vmie-constructs",
)
# Refused before anything was done.
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottling",
        "KMSThrottlingException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_TRANSIENT_CODES = _THROTTLED | {
    "InternalError",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "Unavailable",
}


@overload
def client(service: Literal["dynamodb"]) -> DynamoDBClient: ...
@overload
def client(service: Literal["ec2"]) -> EC2Client: ...
@overload
def client(service: Literal["events"]) -> EventBridgeClient: ...
@overload
def client(service: Literal["iam"]) -> IAMClient: ...
@overload
def client(service: Literal["kms"]) -> KmsClient: ...
@overload
def client(service: Literal["lambda"]) -> LambdaClient: ...
@overload
def client(service: Literal["s3"]) -> S3Client: ...
@overload
def client(service: Literal["sns"]) -> SNSClient: ...
@overload
def client(service: Literal["sqs"]) -> SQSClient: ...
@overload
def client(service: Literal["ssm"]) -> SSMClient: ...
@overload
def client(service: Literal["stepfunctions"]) -> SFNClient: ...
@overload
def client(service: Literal["sts"]) -> STSClient: ...
def client(service: str) -> Any:
    """The function's one client of a service."""
    return _client(service)


def ec2_called_once() -> EC2Client:
    """A client of EC2 that makes each call once: botocore would repeat one without a token blindly."""
    client: EC2Client = _client("ec2", attempts=1)
    return client


@cache
def _client(service: str, attempts: int = 4) -> Any:
    return boto3.client(
        cast(Any, service),
        config=_CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": attempts})),
    )


def error_code(error: ClientError) -> str:
    """The error code of an AWS answer."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """The message of an AWS answer."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_transient(error: ClientError) -> bool:
    """Tell whether the same call may succeed later."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return error_code(error) in _TRANSIENT_CODES or status >= 500


@contextmanager
def transient_errors_named() -> Iterator[None]:
    """Turn every transient failure of a call into `TransientServiceError`; leave the others as they are."""
    try:
        yield
    except ClientError as error:
        if is_transient(error):
            raise TransientServiceError(f"{error.operation_name}: {error_code(error)}") from error
        raise
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise TransientServiceError(f"No answer from AWS: {type(error).__name__}") from error


@contextmanager
def unanswered_call_named() -> Iterator[None]:
    """Tell a call that AWS refused from one that it may have carried out, although no answer says so.

    Raises:
        CallUnanswered: In place of a `TransientServiceError` that leaves it open.
    """
    try:
        yield
    except TransientServiceError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and error_code(cause) in _THROTTLED:
            raise
        raise CallUnanswered(str(error)) from error
