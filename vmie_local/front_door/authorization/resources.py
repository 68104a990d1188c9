"""What a policy may ask about a resource: its tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from vmie_local.front_door.administrator import Administrator

Tags = dict[str, str]


def _pairs(tags: list[Mapping[str, str]]) -> Tags:
    return {tag.get("Key") or tag.get("key", ""): tag.get("Value") or tag.get("value", "") for tag in tags}


def _ec2(ec2: Any, resource: str) -> Tags:
    identifier = resource.rpartition("/")[2]
    return _pairs(ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [identifier]}])["Tags"])


def _s3(s3: Any, resource: str) -> Tags:
    bucket = resource.rpartition(":")[2]
    # Only buckets have `aws:ResourceTag`; an object's tags are `s3:ExistingObjectTag`.
    return {} if "/" in bucket else _pairs(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])


def _sqs(sqs: Any, resource: str) -> Tags:
    url = sqs.get_queue_url(QueueName=resource.rpartition(":")[2])["QueueUrl"]
    return dict(sqs.list_queue_tags(QueueUrl=url).get("Tags", {}))


def _ssm(ssm: Any, resource: str) -> Tags:
    name = resource.partition(":parameter")[2]
    for spelling in (name, name.lstrip("/")):
        try:
            return _pairs(
                ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=spelling)["TagList"]
            )
        except ClientError:
            continue
    return {}


_READERS: dict[str, tuple[str, Callable[[Any, str], Tags]]] = {
    "dynamodb": (
        "dynamodb",
        lambda client, arn: _pairs(
            client.list_tags_of_resource(ResourceArn=arn.partition("/index/")[0])["Tags"]
        ),
    ),
    "ec2": ("ec2", _ec2),
    "events": ("events", lambda client, arn: _pairs(client.list_tags_for_resource(ResourceARN=arn)["Tags"])),
    "iam": (
        "iam",
        lambda client, arn: _pairs(client.list_role_tags(RoleName=arn.rpartition("/")[2])["Tags"]),
    ),
    "kms": (
        "kms",
        lambda client, arn: {
            tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=arn)["Tags"]
        },
    ),
    "lambda": ("lambda", lambda client, arn: dict(client.list_tags(Resource=arn)["Tags"])),
    "s3": ("s3", _s3),
    "sns": ("sns", lambda client, arn: _pairs(client.list_tags_for_resource(ResourceArn=arn)["Tags"])),
    "sqs": ("sqs", _sqs),
    "ssm": ("ssm", _ssm),
    "states": (
        "stepfunctions",
        lambda client, arn: _pairs(client.list_tags_for_resource(resourceArn=arn)["tags"]),
    ),
}


class Resources:
    """Looks at resources, with the administrator's eyes, when a policy asks."""

    def __init__(self, administrator: Administrator) -> None:
        self._administrator = administrator

    def tags(self, arn: str) -> Tags:
        """The tags of a resource; none if there is no such resource, or it is yet to be made."""
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[2] not in _READERS or arn.endswith("*"):
            return {}
        service, read = _READERS[parts[2]]
        try:
            return read(self._administrator.client(service, parts[3] or None), arn)
        except ClientError:
            return {}

    def object_tags(self, arn: str, version: str | None) -> Tags:
        """The tags of an S3 object."""
        bucket, _, key = arn.split(":", 5)[5].partition("/")
        given = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        try:
            return _pairs(self._administrator.client("s3").get_object_tagging(**given)["TagSet"])
        except ClientError:
            return {}
