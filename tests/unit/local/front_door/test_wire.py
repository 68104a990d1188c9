"""What botocore writes is understood, and what is answered botocore reads, in every protocol."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.local.front_door.shapes import structures
from tests.unit.local.front_door.wire_requests import (
    as_sent,
    http_request,
    identified,
    operation,
    protocol,
    read_back,
    understood,
)
from vmie_local.front_door.api_call import ApiError
from vmie_local.front_door.wire import protocol_of

OPERATIONS = [
    ("cloudformation", "CreateChangeSet", None),
    ("cloudwatch", "PutMetricData", None),
    ("cloudwatch", "GetMetricData", None),
    ("dynamodb", "Query", None),
    ("ebs", "CompleteSnapshot", None),
    ("ebs", "StartSnapshot", None),
    ("iam", "SimulatePrincipalPolicy", None),
    ("kms", "Encrypt", None),
    ("lambda", "CreateFunction", None),
    ("lambda", "Invoke", None),
    ("sns", "Publish", None),
    ("sqs", "SendMessageBatch", None),
    ("ssm", "PutParameter", None),
    ("stepfunctions", "StartExecution", None),
    ("sts", "AssumeRole", None),
    ("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "PutMetricData", "query"),
    ("cloudwatch", "GetMetricData", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "GetMetricData", "query"),
    ("cloudwatch", "DescribeAlarms", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "DescribeAlarms", "query"),
]
"""Operations, and a protocol where it is not the one that botocore chooses by itself."""
GENERATED = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize(("service", "name", "speaking"), OPERATIONS)
@GENERATED
@given(data=st.data())
def test_parameters_arrive_as_they_were_given(
    service: str, name: str, speaking: str | None, data: st.DataObject
) -> None:
    model = operation(service, name)
    parameters = data.draw(structures(model.input_shape))

    assert _without_nothing(understood(model, parameters, speaking)) == _without_nothing(parameters)


@pytest.mark.parametrize(("service", "name", "speaking"), OPERATIONS)
@GENERATED
@given(data=st.data())
def test_output_members_are_read_as_they_were_answered(
    service: str, name: str, speaking: str | None, data: st.DataObject
) -> None:
    model = operation(service, name)
    members = data.draw(structures(model.output_shape)) if model.output_shape else {}
    if name == "Invoke":
        members["StatusCode"] = 200  # it is the HTTP status, and botocore takes 300 and more for an error
    wire = protocol(model, speaking)

    read = read_back(model, wire.render(model, members), speaking)

    read.pop("ResponseMetadata")
    assert _without_nothing(read) == _without_nothing(members)


def _without_nothing(value: Any) -> Any:
    """Empty structures, lists and maps cannot be told from none in several protocols."""
    if isinstance(value, dict):
        found = {key: _without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in ({}, [], b"", None)}
    if isinstance(value, list):
        return [found for item in value if (found := _without_nothing(item)) not in ({}, [], None)]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, float):
        return pytest.approx(value)
    return value


@pytest.mark.parametrize(("service", "name", "speaking"), OPERATIONS)
def test_an_error_carries_code_message_and_status(service: str, name: str, speaking: str | None) -> None:
    model = operation(service, name)
    wire = protocol(model, speaking)

    answer = wire.error(model.service_model, ApiError("InvalidParameter", "No <disk> & no é.", 409))

    read = read_back(model, answer, speaking)
    assert read["Error"]["Code"] == "InvalidParameter"
    assert read["Error"]["Message"] == "No <disk> & no é."
    assert read["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_the_body_of_an_upload_is_left_unread():
    model = operation("s3", "PutObject")
    request = as_sent(model, {"Bucket": "images", "Key": "web.vmdk", "Body": b"disk"})
    found = identified(request, model)

    parameters = found.protocol.parse(request, found.operation, found.labels)

    assert parameters == {"Bucket": "images", "Key": "web.vmdk", "ContentLength": 4}
    assert request.environ["wsgi.input"].tell() == 0


def test_a_body_that_is_read_stays_readable_behind_the_door():
    request = http_request("PUT", body=b"block")

    assert (request.body(), request.body(), request.environ["wsgi.input"].read()) == (b"block",) * 3


def test_a_streaming_answer_is_not_read_into_memory():
    model = operation("ebs", "GetSnapshotBlock")
    chunks = iter([b"one", b"two"])

    answer = protocol(model).render(model, {"BlockData": chunks, "DataLength": 6})

    assert answer.body is chunks
    assert answer.headers["x-amz-Data-Length"] == "6"


@pytest.mark.parametrize(
    ("service", "name", "body"),
    [
        ("dynamodb", "PutItem", b"{"),
        ("dynamodb", "PutItem", b"[]"),
        ("s3", "PutBucketTagging", b"<Tagging"),
        ("cloudwatch", "PutMetricData", b"\xbf\x61"),
    ],
)
def test_a_malformed_body_is_refused_as_a_value_error(service: str, name: str, body: bytes) -> None:
    model = operation(service, name)
    headers = {
        "dynamodb": {"X-Amz-Target": f"DynamoDB_20120810.{name}"},
        "cloudwatch": {"smithy-protocol": "rpc-v2-cbor"},
    }.get(service, {})
    request = http_request("POST", body=body, headers=headers)

    with pytest.raises((ValueError, TypeError)):
        protocol_of(request, model.service_model).parse(request, model, {})


def test_moments_may_be_answered_as_numbers_and_texts():
    model = operation("stepfunctions", "DescribeExecution")
    wire = protocol(model)
    moment = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    for given_moment in (moment, moment.timestamp(), "2026-11-20T10:00:00.000Z"):
        read = read_back(model, wire.render(model, {"startDate": given_moment}))
        assert read["startDate"].astimezone(UTC) == moment
