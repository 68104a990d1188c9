"""Which actions on which resources the operations need."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.front_door.calls import call
from vmie_local.front_door import service_models
from vmie_local.front_door.authorization import Requirement
from vmie_local.front_door.authorization.tables import TABLES, row_for

EC2 = "arn:aws:ec2:us-east-1:123456789012"
PUBLIC_EC2 = "arn:aws:ec2:us-east-1:"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/requests"
IMAGES = {"Bucket": "images", "Key": "web/1.vmdk"}
OBJECT = "arn:aws:s3:::images/web/1.vmdk"
BUCKET = "arn:aws:s3:::images"
ROLES = "arn:aws:iam::123456789012:role"


def needs(service: str, operation: str, **parameters: Any) -> list[Requirement]:
    row = row_for(service, operation)
    assert row is not None
    return list(row(call(service, operation, **parameters)))


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("s3", "GetObject", IMAGES, [("s3:GetObject", OBJECT)]),
        ("s3", "GetObject", IMAGES | {"VersionId": "7"}, [("s3:GetObjectVersion", OBJECT)]),
        ("s3", "HeadObject", IMAGES, [("s3:GetObject", OBJECT)]),
        ("s3", "HeadObject", IMAGES | {"VersionId": "7"}, [("s3:GetObjectVersion", OBJECT)]),
        ("s3", "GetObjectTagging", IMAGES, [("s3:GetObjectTagging", OBJECT)]),
        ("s3", "GetObjectTagging", IMAGES | {"VersionId": "7"}, [("s3:GetObjectVersionTagging", OBJECT)]),
        ("s3", "PutObjectTagging", IMAGES, [("s3:PutObjectTagging", OBJECT)]),
        ("s3", "PutObjectTagging", IMAGES | {"VersionId": "7"}, [("s3:PutObjectVersionTagging", OBJECT)]),
        (
            "s3",
            "GetObjectAttributes",
            IMAGES | {"VersionId": "7"},
            [("s3:GetObjectVersion", OBJECT), ("s3:GetObjectVersionAttributes", OBJECT)],
        ),
        ("s3", "PutObject", IMAGES, [("s3:PutObject", OBJECT)]),
        (
            "s3",
            "PutObject",
            IMAGES | {"Tagging": "team=web", "ACL": "private"},
            [("s3:PutObject", OBJECT), ("s3:PutObjectTagging", OBJECT), ("s3:PutObjectAcl", OBJECT)],
        ),
        ("s3", "UploadPart", IMAGES | {"PartNumber": 1, "UploadId": "u"}, [("s3:PutObject", OBJECT)]),
        ("s3", "CompleteMultipartUpload", IMAGES | {"UploadId": "u"}, [("s3:PutObject", OBJECT)]),
        (
            "s3",
            "CopyObject",
            IMAGES | {"CopySource": "/other/a%20b?versionId=3"},
            [("s3:PutObject", OBJECT), ("s3:GetObjectVersion", "arn:aws:s3:::other/a b")],
        ),
        ("s3", "DeleteObject", IMAGES | {"VersionId": "7"}, [("s3:DeleteObjectVersion", OBJECT)]),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "images", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}},
            [("s3:DeleteObject", f"{BUCKET}/a"), ("s3:DeleteObjectVersion", f"{BUCKET}/b")],
        ),
        ("s3", "ListObjectsV2", {"Bucket": "images", "Prefix": "web/"}, [("s3:ListBucket", BUCKET)]),
        ("s3", "HeadBucket", {"Bucket": "images"}, [("s3:ListBucket", BUCKET)]),
        ("s3", "GetBucketEncryption", {"Bucket": "images"}, [("s3:GetEncryptionConfiguration", BUCKET)]),
        ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
        (
            "ec2",
            "ImportImage",
            {"DiskContainers": [{"SnapshotId": "snap-1"}], "RoleName": "importer"},
            [
                ("ec2:ImportImage", f"{PUBLIC_EC2}:image/*"),
                ("ec2:ImportImage", f"{EC2}:import-image-task/*"),
                ("ec2:ImportImage", f"{PUBLIC_EC2}:snapshot/snap-1"),
                ("iam:PassRole", f"{ROLES}/importer"),
            ],
        ),
        (
            "ec2",
            "ImportSnapshot",
            {
                "TagSpecifications": [
                    {"ResourceType": "import-snapshot-task", "Tags": [{"Key": "a", "Value": "b"}]}
                ]
            },
            [
                ("ec2:ImportSnapshot", f"{EC2}:import-snapshot-task/*"),
                ("ec2:ImportSnapshot", f"{PUBLIC_EC2}:snapshot/*"),
                ("ec2:CreateTags", f"{EC2}:import-snapshot-task/*"),
                ("iam:PassRole", f"{ROLES}/vmimport"),
            ],
        ),
        (
            "ec2",
            "ExportImage",
            {"ImageId": "ami-1", "RoleName": "exporter"},
            [
                ("ec2:ExportImage", f"{EC2}:export-image-task/*"),
                ("ec2:ExportImage", f"{PUBLIC_EC2}:image/ami-1"),
                ("iam:PassRole", f"{ROLES}/exporter"),
            ],
        ),
        (
            "ec2",
            "CreateInstanceExportTask",
            {"InstanceId": "i-1"},
            [
                ("ec2:CreateInstanceExportTask", f"{EC2}:export-instance-task/*"),
                ("ec2:CreateInstanceExportTask", f"{EC2}:instance/i-1"),
            ],
        ),
        (
            "ec2",
            "CancelImportTask",
            {"ImportTaskId": "import-ami-1t"},
            [("ec2:CancelImportTask", f"{EC2}:import-image-task/import-ami-1t")],
        ),
        (
            "ec2",
            "CancelImportTask",
            {"ImportTaskId": "import-snap-1"},
            [("ec2:CancelImportTask", f"{EC2}:import-snapshot-task/import-snap-1")],
        ),
        (
            "ec2",
            "CancelExportTask",
            {"ExportTaskId": "export-ami-1"},
            [("ec2:CancelExportTask", f"{EC2}:export-image-task/export-ami-1")],
        ),
        (
            "ec2",
            "CancelExportTask",
            {"ExportTaskId": "export-i-1"},
            [("ec2:CancelExportTask", f"{EC2}:export-instance-task/export-i-1")],
        ),
        (
            "ec2",
            "CancelConversionTask",
            {"ConversionTaskId": "import-i-1"},
            [("ec2:CancelConversionTask", "*")],
        ),
        ("ec2", "DescribeImportImageTasks", {}, [("ec2:DescribeImportImageTasks", "*")]),
        ("ec2", "DescribeImages", {"ImageIds": ["ami-1"]}, [("ec2:DescribeImages", "*")]),
        (
            "ec2",
            "DescribeSnapshotAttribute",
            {"SnapshotId": "snap-1"},
            [("ec2:DescribeSnapshotAttribute", f"{PUBLIC_EC2}:snapshot/snap-1")],
        ),
        (
            "ec2",
            "DeregisterImage",
            {"ImageId": "ami-1"},
            [("ec2:DeregisterImage", f"{PUBLIC_EC2}:image/ami-1")],
        ),
        (
            "ec2",
            "DeleteSnapshot",
            {"SnapshotId": "snap-1"},
            [("ec2:DeleteSnapshot", f"{PUBLIC_EC2}:snapshot/snap-1")],
        ),
        (
            "ec2",
            "RegisterImage",
            {
                "Name": "web",
                "BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-1"}}, {"Ebs": {"VolumeSize": 1}}],
            },
            [
                ("ec2:RegisterImage", f"{PUBLIC_EC2}:image/*"),
                ("ec2:RegisterImage", f"{PUBLIC_EC2}:snapshot/snap-1"),
            ],
        ),
        (
            "ec2",
            "CopyImage",
            {"SourceImageId": "ami-1", "SourceRegion": "eu-west-1", "Name": "web"},
            [
                ("ec2:CopyImage", "arn:aws:ec2:eu-west-1::image/ami-1"),
                ("ec2:CopyImage", f"{PUBLIC_EC2}:image/*"),
                ("ec2:CopyImage", f"{PUBLIC_EC2}:snapshot/*"),
            ],
        ),
        (
            "ec2",
            "CreateTags",
            {"Resources": ["ami-1", "snap-2", "i-3", "import-ami-4"], "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("ec2:CreateTags", f"{PUBLIC_EC2}:image/ami-1"),
                ("ec2:CreateTags", f"{PUBLIC_EC2}:snapshot/snap-2"),
                ("ec2:CreateTags", f"{EC2}:instance/i-3"),
                ("ec2:CreateTags", f"{EC2}:import-image-task/import-ami-4"),
            ],
        ),
        ("ebs", "StartSnapshot", {"VolumeSize": 1}, [("ebs:StartSnapshot", f"{PUBLIC_EC2}:snapshot/*")]),
        (
            "ebs",
            "PutSnapshotBlock",
            {"SnapshotId": "snap-1"},
            [("ebs:PutSnapshotBlock", f"{PUBLIC_EC2}:snapshot/snap-1")],
        ),
        (
            "ebs",
            "ListChangedBlocks",
            {"FirstSnapshotId": "snap-1", "SecondSnapshotId": "snap-2"},
            [
                ("ebs:ListChangedBlocks", f"{PUBLIC_EC2}:snapshot/snap-1"),
                ("ebs:ListChangedBlocks", f"{PUBLIC_EC2}:snapshot/snap-2"),
            ],
        ),
        ("dynamodb", "PutItem", {"TableName": "requests"}, [("dynamodb:PutItem", TABLE)]),
        ("dynamodb", "PutItem", {"TableName": TABLE}, [("dynamodb:PutItem", TABLE)]),
        (
            "dynamodb",
            "Query",
            {"TableName": "requests", "IndexName": "open"},
            [("dynamodb:Query", f"{TABLE}/index/open")],
        ),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"requests": {}}}, [("dynamodb:BatchGetItem", TABLE)]),
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "requests"}},
                    {"Update": {"TableName": "requests"}},
                    {"Update": {"TableName": "requests"}},
                    {"ConditionCheck": {"TableName": TABLE}},
                    {"Delete": {"TableName": "requests"}},
                ]
            },
            [
                ("dynamodb:ConditionCheckItem", TABLE),
                ("dynamodb:DeleteItem", TABLE),
                ("dynamodb:PutItem", TABLE),
                ("dynamodb:UpdateItem", TABLE),
            ],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "poll"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:poll")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "poll", "Qualifier": "3"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:poll:3")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "poll:live"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:poll:live")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "123456789012:function:poll"},
            [("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:poll")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "arn:aws:lambda:eu-west-1:1:function:poll:3"},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:1:function:poll:3")],
        ),
        (
            "states",
            "StartExecution",
            {"stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:m"},
            [("states:StartExecution", "arn:aws:states:us-east-1:1:stateMachine:m")],
        ),
        (
            "states",
            "StopExecution",
            {"executionArn": "arn:aws:states:us-east-1:1:execution:m:e"},
            [("states:StopExecution", "arn:aws:states:us-east-1:1:execution:m:e")],
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://127.0.0.1:5055/123456789012/intake"},
            [("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:intake")],
        ),
        (
            "sqs",
            "GetQueueUrl",
            {"QueueName": "intake"},
            [("sqs:GetQueueUrl", "arn:aws:sqs:us-east-1:123456789012:intake")],
        ),
        (
            "sns",
            "Publish",
            {"TopicArn": "arn:aws:sns:us-east-1:1:t"},
            [("sns:Publish", "arn:aws:sns:us-east-1:1:t")],
        ),
        (
            "events",
            "PutEvents",
            {
                "Entries": [
                    {"Source": "vmie"},
                    {"EventBusName": "own"},
                    {"EventBusName": "arn:aws:events:us-east-1:1:event-bus/x"},
                ]
            },
            [
                ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/default"),
                ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/own"),
                ("events:PutEvents", "arn:aws:events:us-east-1:1:event-bus/x"),
            ],
        ),
        (
            "events",
            "PutTargets",
            {"Rule": "tick", "Targets": [{"Id": "1", "Arn": "arn:x", "RoleArn": f"{ROLES}/invoker"}]},
            [
                ("events:PutTargets", "arn:aws:events:us-east-1:123456789012:rule/tick"),
                ("iam:PassRole", f"{ROLES}/invoker"),
            ],
        ),
        (
            "ssm",
            "GetParameter",
            {"Name": "/vmie/pause:3"},
            [("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/vmie/pause")],
        ),
        (
            "ssm",
            "GetParameters",
            {"Names": ["a", "/b"]},
            [
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/a"),
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/b"),
            ],
        ),
        (
            "kms",
            "Decrypt",
            {"KeyId": "alias/images"},
            [("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:alias/images")],
        ),
        ("kms", "Decrypt", {}, [("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/*")]),
        (
            "kms",
            "ReEncrypt",
            {"SourceKeyId": "1", "DestinationKeyId": "2"},
            [
                ("kms:ReEncryptFrom", "arn:aws:kms:us-east-1:123456789012:key/1"),
                ("kms:ReEncryptTo", "arn:aws:kms:us-east-1:123456789012:key/2"),
            ],
        ),
        ("iam", "GetRole", {"RoleName": "importer"}, [("iam:GetRole", f"{ROLES}/importer")]),
        (
            "iam",
            "SimulatePrincipalPolicy",
            {"PolicySourceArn": f"{ROLES}/importer"},
            [("iam:SimulatePrincipalPolicy", f"{ROLES}/importer")],
        ),
        ("sts", "AssumeRole", {"RoleArn": f"{ROLES}/x"}, [("sts:AssumeRole", f"{ROLES}/x")]),
        ("sts", "GetCallerIdentity", {}, []),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/aws/lambda/poll", "logStreamName": "s"},
            [
                (
                    "logs:PutLogEvents",
                    "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/poll:log-stream:s",
                )
            ],
        ),
        ("cloudwatch", "PutMetricData", {"Namespace": "VmImportExport"}, [("cloudwatch:PutMetricData", "*")]),
    ],
)
def test_actions_and_resources(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = [(needed.action, needed.resource) for needed in needs(service, operation, **parameters)]

    assert found == expected


def test_tags_given_at_creation_are_in_the_context_of_both_actions():
    tags = [{"Key": "vmie:workflow", "Value": "requests"}]
    found = needs(
        "ec2", "ImportImage", TagSpecifications=[{"ResourceType": "import-image-task", "Tags": tags}]
    )

    tagging = next(needed for needed in found if needed.action == "ec2:CreateTags")
    assert tagging.context == {
        "ec2:CreateAction": "ImportImage",
        "aws:TagKeys": ["vmie:workflow"],
        "aws:RequestTag/vmie:workflow": "requests",
    }
    of_task = next(needed for needed in found if needed.resource.endswith(":import-image-task/*"))
    assert of_task.context["aws:RequestTag/vmie:workflow"] == "requests"
    assert "ec2:CreateAction" not in of_task.context


def test_the_role_is_passed_without_a_service_to_condition_on():
    passing = next(needed for needed in needs("ec2", "ImportImage") if needed.action == "iam:PassRole")

    assert passing.context == {}


def test_partitions_follow_the_region():
    row = row_for("ec2", "DeleteSnapshot")

    (needed,) = row(call("ec2", "DeleteSnapshot", region="cn-north-1", SnapshotId="snap-1"))

    assert needed.resource == "arn:aws-cn:ec2:cn-north-1::snapshot/snap-1"


def test_listing_tells_what_is_listed():
    (needed,) = needs("s3", "ListObjectsV2", Bucket="images", Prefix="web/", Delimiter="/", MaxKeys=7)

    assert needed.context == {"s3:prefix": "web/", "s3:delimiter": "/", "s3:max-keys": 7}


@pytest.mark.parametrize(
    ("service", "operation"), [(service, name) for service, table in TABLES.items() for name in table]
)
def test_every_row_is_an_operation_that_exists(service: str, operation: str) -> None:
    assert service_models.has_operation(service, operation)


def test_what_nobody_has_written_down_has_no_row():
    assert row_for("iam", "CreateUser") is None
    assert row_for("no-such-service", "Do") is None
