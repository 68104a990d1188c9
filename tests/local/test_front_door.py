"""The front door over HTTP: boto3 and the AWS CLI take its answers."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local.served_door import ANSWERS, Served, serve
from vmie_local.front_door import PASS, ApiCall


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve() as door:
        yield door


@pytest.mark.parametrize("protocol", ANSWERS)
def test_the_aws_cli_reads_every_protocol(served: Served, protocol: str):
    _, _, members, command = ANSWERS[protocol]

    answer = served.cli(*command)

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == members


@pytest.mark.parametrize(
    ("operation", "command"),
    [
        ("DescribeImportImageTasks", ["ec2", "describe-import-image-tasks", "--import-task-ids", "refuse"]),
        ("SimulatePrincipalPolicy", [*ANSWERS["query"][3][:-1], "arn:aws:iam::123456789012:role/refuse"]),
        ("DescribeExecution", ["stepfunctions", "describe-execution", "--execution-arn", "refuse"]),
        ("ListMetrics", ["cloudwatch", "list-metrics", "--namespace", "refuse"]),
        ("ListSnapshotBlocks", ["ebs", "list-snapshot-blocks", "--snapshot-id", "snap-refuse"]),
        ("GetBucketAcl", ["s3api", "get-bucket-acl", "--bucket", "refuse"]),
    ],
)
def test_the_aws_cli_reads_every_protocols_errors(served: Served, operation: str, command: list[str]):
    answer = served.cli(*command)

    expected = (
        f"An error occurred (InvalidParameter) when calling the {operation} operation: No <disk> & no image."
    )
    assert expected in answer.stderr
    assert answer.returncode != 0


def test_a_handler_learns_who_asks_what_where(served: Served):
    tasks = ["import-ami-1", "import-ami-2"]
    filters = [{"Name": "task-state", "Values": ["active", "completed"]}]

    served.client("ec2").describe_import_image_tasks(ImportTaskIds=tasks, Filters=filters)

    call = served.seen[-1]
    assert (call.service, call.operation, call.region) == ("ec2", "DescribeImportImageTasks", "us-east-1")
    assert call.parameters == {"ImportTaskIds": tasks, "Filters": filters}
    assert call.principal.is_administrator
    assert call.principal.arn == "arn:aws:iam::123456789012:root"


def test_what_has_no_handler_goes_to_the_application_behind(served: Served):
    answer = served.client("s3").put_object(Bucket="images", Key="web.vmdk", Body=b"disk")

    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-behind"] == "PUT /images/web.vmdk 4"


def test_a_handler_may_leave_a_call_to_the_application_behind(served: Served):
    served.door.register("s3", "HeadBucket", lambda _: PASS)

    answer = served.client("s3").head_bucket(Bucket="images")

    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-behind"] == "HEAD /images 0"


def test_a_body_that_a_handler_read_is_still_there_behind(served: Served):
    bodies: list[bytes] = []

    def read(call: ApiCall) -> Any:
        bodies.append(call.body())
        return PASS

    served.door.register("s3", "UploadPart", read)

    answer = served.client("s3", request_checksum_calculation="when_required").upload_part(
        Bucket="images", Key="web.vmdk", UploadId="u", PartNumber=1, Body=b"disk"
    )

    assert bodies == [b"disk"]
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-behind"] == "PUT /images/web.vmdk 4"


def test_a_handler_that_fails_is_an_internal_error(served: Served):
    def fail(_: ApiCall) -> Any:
        raise KeyError("disk")

    served.door.register("ec2", "ExportImage", fail)

    with pytest.raises(ClientError, match=r"\(InternalError\) .* KeyError: 'disk'") as caught:
        served.client("ec2").export_image(
            ImageId="ami-1", DiskImageFormat="VMDK", S3ExportLocation={"S3Bucket": "exports"}
        )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_blocks_travel_as_streams_both_ways(served: Served):
    block = os.urandom(524288)
    served.door.register(
        "ebs",
        "PutSnapshotBlock",
        lambda call: {"Checksum": str(call.body() == block), "ChecksumAlgorithm": "SHA256"},
    )
    served.door.register(
        "ebs", "GetSnapshotBlock", lambda _: {"BlockData": iter([block[:7], block[7:]]), "DataLength": 524288}
    )
    ebs = served.client("ebs")
    where = {"SnapshotId": "snap-12345678901234567", "BlockIndex": 7}

    put = ebs.put_snapshot_block(
        **where, BlockData=block, DataLength=524288, Checksum="x", ChecksumAlgorithm="SHA256"
    )
    got = ebs.get_snapshot_block(**where, BlockToken="t")

    assert put["Checksum"] == "True"
    assert (got["DataLength"], got["BlockData"].read()) == (524288, block)


def test_an_early_error_to_a_large_upload_reaches_the_caller(served: Served):
    fault = {
        "Service": "s3",
        "Operation": "PutObject",
        "Error": {"Code": "SlowDown", "Message": "Later.", "Status": 503},
    }
    assert served.control("POST", "faults", fault)[0] == 201

    with pytest.raises(ClientError, match=r"\(SlowDown\) .* Later\."):
        served.client("s3").put_object(Bucket="images", Key="web.vmdk", Body=b"0" * 20_000_000)


def test_a_fault_is_retried_by_the_sdk_and_seen_in_the_calls(served: Served):
    fault = {"Service": "states", "Operation": "DescribeExecution", "Times": 2}
    error = {"Code": "ThrottlingException", "Message": "Rate exceeded", "Status": 400}
    served.control("POST", "faults", fault | {"Error": error})
    served.control("DELETE", "calls")
    client = boto3.client(
        "stepfunctions",
        region_name="us-east-1",
        endpoint_url=served.endpoint,
        aws_access_key_id="AKIALOCALADMIN000000",
        aws_secret_access_key="x",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )

    assert client.describe_execution(executionArn="arn:x")["status"] == "RUNNING"

    calls = served.control("GET", "calls?Operation=DescribeExecution")[1]["Calls"]
    assert [call["ErrorCode"] for call in calls] == ["ThrottlingException", "ThrottlingException", None]


def test_a_presigned_url_works_without_headers(served: Served):
    for version in ("s3v4", "s3"):
        url = served.client("s3", signature_version=version).generate_presigned_url(
            "put_object", Params={"Bucket": "images", "Key": "a b/c.vmdk"}
        )
        request = urllib.request.Request(url, method="PUT", data=b"disk")
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["x-behind"] == "PUT /images/a b/c.vmdk 4"


def test_a_malformed_request_is_refused_in_the_services_words(served: Served):
    request = urllib.request.Request(
        served.endpoint,
        method="POST",
        data=b"{",
        headers={
            "X-Amz-Target": "AWSStepFunctions.DescribeExecution",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAX/20261120/us-east-1/states/aws4_request",
        },
    )

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    assert json.loads(caught.value.read())["__type"] == "SerializationException"


@pytest.mark.parametrize(("service", "operation"), [("ec2", "ImportImages"), ("ec3", "ImportImage")])
def test_only_operations_that_exist_take_a_handler(served: Served, service: str, operation: str):
    with pytest.raises(ValueError, match=f"no operation {operation} in the service {service}"):
        served.door.register(service, operation, lambda _: {})


def test_an_operation_takes_one_handler(served: Served):
    with pytest.raises(ValueError, match="has a handler already"):
        served.door.register("ec2", "DescribeImportImageTasks", lambda _: {})
