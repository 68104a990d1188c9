"""KMS keys that services use with the caller's permissions.

A bucket, queue, topic or table that is encrypted with a customer's key makes its service call KMS on behalf
of whoever calls the service. Sources: the pages on key permissions in the user guides of Amazon S3, SQS, SNS
and DynamoDB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from vmie_local.front_door.administrator import Administrator
from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import Requirement, arn
from vmie_local.front_door.authorization.tables.s3 import object_arn

_KEY_HEADER: Final = "x-amz-server-side-encryption-aws-kms-key-id"
_ENCRYPT_AND_DECRYPT = ("GenerateDataKey", "Decrypt")
_TABLE_OPERATIONS = (
    *("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan"),
    *("TransactGetItems", "TransactWriteItems", "UpdateItem"),
)

_USES: Mapping[tuple[str, str], Sequence[str]] = {
    ("s3", "CopyObject"): ("GenerateDataKey",),
    ("s3", "CreateMultipartUpload"): _ENCRYPT_AND_DECRYPT,
    ("s3", "PutObject"): ("GenerateDataKey",),
    ("sns", "Publish"): _ENCRYPT_AND_DECRYPT,
    ("sns", "PublishBatch"): _ENCRYPT_AND_DECRYPT,
    ("sqs", "ReceiveMessage"): ("Decrypt",),
    ("sqs", "SendMessage"): _ENCRYPT_AND_DECRYPT,
    ("sqs", "SendMessageBatch"): _ENCRYPT_AND_DECRYPT,
    **{("dynamodb", operation): ("Decrypt",) for operation in _TABLE_OPERATIONS},
}
"""What KMS is asked for in the caller's name."""

_CHANGES = {
    "dynamodb": ("CreateTable", "DeleteTable", "UpdateTable"),
    "s3": ("CreateBucket", "DeleteBucket", "DeleteBucketEncryption", "PutBucketEncryption"),
    "sns": ("CreateTopic", "DeleteTopic", "SetTopicAttributes"),
    "sqs": ("CreateQueue", "DeleteQueue", "SetQueueAttributes"),
}
"""The calls that give a resource another key."""


def _of_bucket(s3: Any, bucket: str) -> str | None:
    found = s3.get_bucket_encryption(Bucket=bucket.rpartition(":")[2])["ServerSideEncryptionConfiguration"]
    for rule in found["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm")).startswith("aws:kms"):
            key: str | None = default.get("KMSMasterKeyID")
            return key
    return None


def _of_queue(sqs: Any, queue: str) -> str | None:
    url = sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    key: str | None = attributes.get("KmsMasterKeyId")
    return key


def _of_topic(sns: Any, topic: str) -> str | None:
    key: str | None = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("KmsMasterKeyId")
    return key


def _of_table(dynamodb: Any, table: str) -> str | None:
    described = dynamodb.describe_table(TableName=table.rpartition("/")[2])["Table"].get("SSEDescription", {})
    return described.get("KMSMasterKeyArn") if described.get("SSEType") == "KMS" else None


_READERS: Mapping[str, Callable[[Any, str], str | None]] = {
    "dynamodb": _of_table,
    "s3": _of_bucket,
    "sns": _of_topic,
    "sqs": _of_queue,
}


class EncryptionKeys:
    """Which key encrypts what, read through the services' own API and kept until somebody changes it."""

    def __init__(self, administrator: Administrator) -> None:
        self._administrator = administrator
        self._known: dict[str, str | None] = {}
        self._generation = 0
        self._lock = threading.Lock()

    def note(self, call: ApiCall) -> None:
        """Forget what a call may have changed."""
        if call.operation in _CHANGES.get(call.service, ()):
            with self._lock:
                self._generation += 1
                self._known.clear()

    def key_arn(self, alias_arn: str) -> str:
        """The ARN of the key behind an alias; the alias' own where there is none."""
        region, alias = alias_arn.split(":")[3], alias_arn.split(":", 5)[5]
        try:
            found = self._administrator.client("kms", region).describe_key(KeyId=alias)
        except ClientError:
            return alias_arn
        return str(found["KeyMetadata"]["Arn"])

    def policy(self, key_arn: str) -> str | None:
        """The policy of a key, or None if there is no such key."""
        region, key = key_arn.split(":")[3], key_arn.rpartition("/")[2]
        if key == "*":
            return None
        try:
            found = self._administrator.client("kms", region).get_key_policy(KeyId=key, PolicyName="default")
        except ClientError:
            return None
        return str(found["Policy"])

    def requirements(self, call: ApiCall, needed: Sequence[Requirement]) -> Iterable[Requirement]:
        """What KMS will ask for when the service carries the call out.

        Args:
            call: The call.
            needed: What the service itself asks for; it names the resources.
        """
        actions = _USES.get((call.service, call.operation))
        if actions is None:
            return
        found: dict[tuple[str, str], Requirement] = {}
        for requirement in needed:
            if not requirement.resource.startswith("arn:"):
                continue
            resource, is_source = _encrypted(requirement.resource), _reads_a_source(requirement)
            given = "ServerSideEncryption" in call.parameters and not is_source
            key = self._given(call) if given else self._of(call, resource)
            for action in ("Decrypt",) if is_source else actions:
                if key is not None:
                    context = _encryption_context(requirement.resource)
                    found.setdefault((action, key), _requirement(call, action, key, context))
        yield from found.values()

    def to_read(self, call: ApiCall, headers: Iterable[tuple[str, str]]) -> Requirement | None:
        """What KMS asks for when an object is read; the answer's headers name the key."""
        if (call.service, call.operation) != ("s3", "GetObject"):
            return None
        for name, value in headers:
            if name.lower() == _KEY_HEADER and not self._is_aws_managed(_key_arn(call, value)):
                read = object_arn(call, call.parameters["Bucket"], call.parameters["Key"])
                return _requirement(call, "Decrypt", value, _encryption_context(read))
        return None

    def _given(self, call: ApiCall) -> str | None:
        key = call.parameters.get("SSEKMSKeyId")
        return None if key is None or self._is_aws_managed(_key_arn(call, key)) else str(key)

    def _is_aws_managed(self, key_arn: str) -> bool:
        """Whether it is a key like `alias/aws/s3`, which serves the whole account."""
        region, key = key_arn.split(":")[3], key_arn.split(":", 5)[5].removeprefix("key/")
        try:
            found = self._administrator.client("kms", region).describe_key(KeyId=key)["KeyMetadata"]
        except ClientError:
            return "alias/aws/" in key_arn
        return bool(found.get("KeyManager") == "AWS")

    def _of(self, call: ApiCall, resource: str) -> str | None:
        with self._lock:
            if resource in self._known:
                return self._known[resource]
            generation = self._generation
        service, region = resource.split(":")[2:4]
        try:
            key = _READERS[service](self._administrator.client(service, region or None), resource)
        except ClientError:
            key = None  # there is no such resource, or it is not encrypted
        found = None if key is None or self._is_aws_managed(_key_arn(call, key)) else key
        with self._lock:
            if generation == self._generation:
                self._known[resource] = found
        return found


def _encrypted(resource: str) -> str:
    """The resource that has the key: the object's bucket, the index's table."""
    if resource.split(":")[2] == "s3":
        return resource.partition("/")[0]
    return resource.partition("/index/")[0]


def _reads_a_source(requirement: Requirement) -> bool:
    return requirement.action.startswith("s3:GetObject")


def _key_arn(call: ApiCall, key: str) -> str:
    return arn(call, "kms", key if key.startswith(("arn:", "alias/")) else f"key/{key}")


def _encryption_context(resource: str) -> dict[str, str]:
    """What the service tells KMS it encrypts."""
    service = resource.split(":")[2]
    if service == "dynamodb":
        return {"aws:dynamodb:tableName": _encrypted(resource).rpartition("/")[2]}
    return {{"s3": "aws:s3:arn", "sns": "aws:sns:topicArn", "sqs": "aws:sqs:arn"}[service]: resource}


def _requirement(call: ApiCall, action: str, key: str, encryption_context: Mapping[str, str]) -> Requirement:
    context = {f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()}
    via = f"{call.service}.{call.region}.amazonaws.com"
    return Requirement(
        f"kms:{action}",
        _key_arn(call, key),
        {**context, "kms:ViaService": via, "kms:EncryptionContextKeys": list(encryption_context)},
    )
