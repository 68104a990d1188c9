"""KMS keys that services use with the caller's permissions, and the policies of those keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.iam.roles import ACCOUNT, RoleMaker, allow, numbers, refused
from vmie_local import LocalAws


@pytest.fixture
def key(cloud: LocalAws) -> str:
    return str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])


def encrypted_bucket(cloud: LocalAws, key: str) -> str:
    name, s3 = f"iam-test-{next(numbers)}", cloud.client("s3")
    s3.create_bucket(Bucket=name)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=name, Key="web.vmdk", Body=b"disk")
    return name


def test_reading_and_writing_encrypted_objects_takes_the_key(cloud: LocalAws, role: RoleMaker, key: str):
    bucket = encrypted_bucket(cloud, key)
    importer = role(allow(["s3:GetObject", "s3:PutObject"]))
    s3 = importer.client("s3")

    assert "kms:Decrypt" in refused(lambda: s3.get_object(Bucket=bucket, Key="web.vmdk"), "AccessDenied")
    message = refused(lambda: s3.put_object(Bucket=bucket, Key="x", Body=b""), "AccessDenied")
    assert f'kms:GenerateDataKey on resource: "{key}"' in message

    via = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    keys = allow(["kms:Decrypt", "kms:GenerateDataKey"], key, Condition=via)
    importer.may(allow(["s3:GetObject", "s3:PutObject"]), keys)
    assert s3.get_object(Bucket=bucket, Key="web.vmdk")["Body"].read() == b"disk"
    s3.put_object(Bucket=bucket, Key="x", Body=b"")


def test_another_encryption_of_one_object_takes_its_own_key(cloud: LocalAws, role: RoleMaker, key: str):
    bucket = encrypted_bucket(cloud, key)
    s3 = role(allow("s3:*")).client("s3")

    s3.put_object(Bucket=bucket, Key="x", Body=b"", ServerSideEncryption="AES256")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key.rpartition("/")[2]}
    refused(lambda: s3.put_object(Bucket=bucket, Key="x", Body=b"", **encryption), "AccessDenied")


def test_keys_that_aws_manages_ask_for_nothing(cloud: LocalAws, role: RoleMaker):
    bucket, s3 = f"iam-test-{next(numbers)}", cloud.client("s3")
    s3.create_bucket(Bucket=bucket)
    writer = role(allow("s3:*")).client("s3")

    writer.put_object(Bucket=bucket, Key="x", Body=b"", ServerSideEncryption="aws:kms")
    writer.get_object(Bucket=bucket, Key="x")


def _queue(cloud: LocalAws, name: str, key: str) -> Callable[[Any], Any]:
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    return lambda client: client.send_message(QueueUrl=url, MessageBody="x")


def _topic(cloud: LocalAws, name: str, key: str) -> Callable[[Any], Any]:
    arn = cloud.client("sns").create_topic(Name=name, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    return lambda client: client.publish(TopicArn=arn, Message="x")


def _table(cloud: LocalAws, name: str, key: str) -> Callable[[Any], Any]:
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    return lambda client: client.put_item(TableName=name, Item={"Id": {"S": "1"}})


@pytest.mark.parametrize(
    ("service", "make", "code"),
    [
        ("dynamodb", _table, "AccessDeniedException"),
        ("sns", _topic, "KMSAccessDenied"),
        ("sqs", _queue, "KMS.AccessDeniedException"),
    ],
)
def test_encrypted_resources_take_the_key(
    cloud: LocalAws, role: RoleMaker, key: str, service: str, make: Callable[..., Any], code: str
):
    use = make(cloud, f"iam-test-{next(numbers)}", key)
    worker = role(allow(f"{service}:*"))

    assert f"on resource: {key}" in refused(lambda: use(worker.client(service)), code)
    worker.may(allow(f"{service}:*"), allow(["kms:Decrypt", "kms:GenerateDataKey"], key))
    use(worker.client(service))


def test_a_key_that_trusts_a_role_needs_no_identity_policy(cloud: LocalAws, role: RoleMaker, key: str):
    reader = role(allow("s3:GetObject"))
    bucket = encrypted_bucket(cloud, key)

    def key_policy(principal: str) -> None:
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        cloud.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document)

    key_policy(reader.arn)
    reader.client("s3").get_object(Bucket=bucket, Key="web.vmdk")

    key_policy(f"arn:aws:iam::{ACCOUNT}:role/somebody-else")
    message = refused(lambda: reader.client("s3").get_object(Bucket=bucket, Key="web.vmdk"), "AccessDenied")
    assert "because no resource-based policy allows the kms:Decrypt action" in message


def test_a_bucket_that_loses_its_key_asks_for_none(cloud: LocalAws, role: RoleMaker, key: str):
    bucket = encrypted_bucket(cloud, key)
    writer = role(allow("s3:*"))
    refused(lambda: writer.client("s3").put_object(Bucket=bucket, Key="x", Body=b""), "AccessDenied")

    cloud.client("s3").delete_bucket_encryption(Bucket=bucket)

    writer.client("s3").put_object(Bucket=bucket, Key="x", Body=b"")
