"""Every request is taken for the operation that the SDK meant."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from tests.unit.local.front_door.wire_requests import as_sent, http_request, identified, operation, service
from vmie_local.front_door.identify import identify
from vmie_local.front_door.signature import Signature, read_signature

# Twins that share one request: the newer name is what the API calls itself today.
RENAMED = {
    ("s3", "GetBucketLifecycle"): "GetBucketLifecycleConfiguration",
    ("s3", "GetBucketNotification"): "GetBucketNotificationConfiguration",
    ("s3", "PutBucketLifecycle"): "PutBucketLifecycleConfiguration",
    ("s3", "PutBucketNotification"): "PutBucketNotificationConfiguration",
    # Told apart by the host name alone, which a local endpoint does not have.
    ("s3", "ListDirectoryBuckets"): "ListBuckets",
}
SERVICES = [
    "cloudwatch",
    "dynamodb",
    "ebs",
    "iam",
    "lambda",
    "s3",
    "scheduler",
    "sqs",
    "stepfunctions",
    "sts",
]
MOMENT = "2026-11-20T10:00:00Z"
EVERY = [(name, operation_name) for name in SERVICES for operation_name in service(name).operation_names]


@pytest.mark.parametrize(("service_name", "name"), EVERY)
def test_every_operation_is_recognised_by_its_least_request(service_name: str, name: str) -> None:
    model = operation(service_name, name)

    found = identified(as_sent(model, _least(model)), model)

    assert found.operation_name == RENAMED.get((service_name, name), name)


def _least(model: OperationModel) -> dict[str, Any]:
    return _of(model.input_shape) if model.input_shape else {}


def _of(shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _of(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [_of(shape.member)]
    if isinstance(shape, MapShape):
        return {"key": _of(shape.value)}
    if enum := getattr(shape, "enum", None):
        return enum[0]
    scalars = {"integer": 1, "long": 1, "double": 1.0, "boolean": True, "blob": b"x", "timestamp": MOMENT}
    return scalars.get(shape.type_name, "name")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("images/web 1.vmdk", "/bucket/images/web%201.vmdk"),
        ("/leading//slashes/", "/bucket//leading//slashes/"),
        ("ümlaut?&=#.ova", "/bucket/%C3%BCmlaut%3F%26%3D%23.ova"),
        ("a%2Fb", "/bucket/a%252Fb"),
    ],
)
def test_keys_are_decoded_once(key: str, path: str) -> None:
    found = identify(http_request("GET", path), Signature("AKIAEXAMPLE", "us-east-1", "s3"))

    assert (found.operation_name, found.labels) == ("GetObject", {"Bucket": "bucket", "Key": key})


def test_copies_are_told_from_uploads():
    model = operation("s3", "PutObject")
    request = http_request("PUT", "/bucket/key", headers={"x-amz-copy-source": "/other/key"})

    assert identified(request, model).operation_name == "CopyObject"


def test_a_presigned_url_is_understood():
    request = http_request(
        "PUT",
        "/images/web.vmdk",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20261120%2Feu-west-1%2Fs3%2Faws4_request"
        "&X-Amz-Signature=0",
    )

    signature = read_signature(request)

    assert signature == Signature("AKIAEXAMPLE", "eu-west-1", "s3")
    assert identify(request, signature).operation_name == "PutObject"


def test_a_url_of_signature_version_2_is_understood():
    request = http_request("GET", "/images/web.vmdk", "AWSAccessKeyId=AKIAEXAMPLE&Signature=x&Expires=1")

    signature = read_signature(request)

    assert signature == Signature("AKIAEXAMPLE", None, "s3")
    assert identify(request, signature).operation_name == "GetObject"


def test_a_web_identity_needs_no_signature():
    request = http_request(
        "POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15",
    )

    found = identify(request, read_signature(request))

    assert (found.service, found.operation_name) == ("sts", "AssumeRoleWithWebIdentity")


@pytest.mark.parametrize(
    ("signing_name", "prefix", "headers"),
    [
        ("states", "states", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}),
        ("monitoring", "cloudwatch", {"X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics"}),
        ("dynamodb", "dynamodb", {"X-Amz-Target": "DynamoDBStreams_20120810.ListStreams"}),
        ("tagging", "tag", {"X-Amz-Target": "ResourceGroupsTaggingAPI_20170126.GetResources"}),
    ],
)
def test_services_go_by_their_iam_prefix(signing_name: str, prefix: str, headers: dict[str, str]) -> None:
    found = identify(
        http_request("POST", headers=headers), Signature("AKIAEXAMPLE", "us-east-1", signing_name)
    )

    assert (found.service, found.operation is not None) == (prefix, True)


def test_an_unknown_service_is_named_by_its_signature():
    request = http_request("POST", headers={"X-Amz-Target": "Nothing_2020.DoThis"})

    found = identify(request, Signature("AKIAEXAMPLE", "us-east-1", "no-such-service"))

    assert (found.service, found.operation_name, found.model) == ("no-such-service", "DoThis", None)


def test_an_unknown_path_of_a_known_service_is_named_by_itself():
    request = http_request("PATCH", "/2099-01-01/wishes")

    found = identify(request, Signature("AKIAEXAMPLE", "us-east-1", "lambda"))

    assert (found.service, found.operation) == ("lambda", None)
    assert found.operation_name == "PATCH /2099-01-01/wishes"
