"""Policies that ask for tags: of the resource, of the object, of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.iam.roles import Role, RoleMaker, allow, numbers, refused
from vmie_local import LocalAws


def test_object_tags_open_objects(role: RoleMaker, bucket: str, cloud: LocalAws):
    condition = {"StringEquals": {"s3:ExistingObjectTag/team": "web"}}
    s3 = role(allow("s3:GetObject", Condition=condition)).client("s3")
    cloud.client("s3").put_object(Bucket=bucket, Key="other", Body=b"", Tagging="team=api")

    s3.get_object(Bucket=bucket, Key="images/web.vmdk")
    refused(lambda: s3.get_object(Bucket=bucket, Key="other"), "AccessDenied")


TAGS = [{"Key": "team", "Value": "web"}]


def _queue(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    url = cloud.client("sqs").create_queue(QueueName=name, tags={"team": "web"})["QueueUrl"]
    return lambda client: client.get_queue_attributes(QueueUrl=url)


def _topic(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    arn = cloud.client("sns").create_topic(Name=name, Tags=TAGS)["TopicArn"]
    return lambda client: client.publish(TopicArn=arn, Message="x")


def _parameter(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    cloud.client("ssm").put_parameter(Name=f"/{name}/pause", Value="no", Type="String", Tags=TAGS)
    return lambda client: client.get_parameter(Name=f"/{name}/pause")


def _table(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        Tags=TAGS,
    )
    return lambda client: client.get_item(TableName=name, Key={"Id": {"S": "1"}})


def _key(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    kms = cloud.client("kms")
    key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "web"}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    return lambda client: client.describe_key(KeyId=f"alias/{name}")


def _volume(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    tags = [{"ResourceType": "volume", "Tags": TAGS}]
    volume = cloud.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=tags)
    return lambda client: client.delete_volume(VolumeId=volume["VolumeId"])


def _bucket(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAGS})
    return lambda client: client.list_objects_v2(Bucket=name)


def _role(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    made = Role(cloud, f"{name}-target", Tags=TAGS, Path="/vmie/")
    return lambda client: client.get_role(RoleName=made.name)


def _rule(cloud: LocalAws, name: str) -> Callable[[Any], Any]:
    cloud.client("events").put_rule(Name=name, ScheduleExpression="rate(5 days)", Tags=TAGS)
    return lambda client: client.describe_rule(Name=name)


@pytest.mark.parametrize(
    ("service", "make"),
    [
        ("dynamodb", _table),
        ("ec2", _volume),
        ("events", _rule),
        ("iam", _role),
        ("kms", _key),
        ("s3", _bucket),
        ("sns", _topic),
        ("sqs", _queue),
        ("ssm", _parameter),
    ],
)
def test_tags_of_a_resource_decide(
    cloud: LocalAws, role: RoleMaker, service: str, make: Callable[[LocalAws, str], Callable[[Any], Any]]
):
    def with_team(team: str) -> Any:
        condition = {"StringEquals": {"aws:ResourceTag/team": team}}
        return role(allow(f"{service}:*", Condition=condition)).client(service)

    touch = make(cloud, f"iam-test-{next(numbers)}")

    with pytest.raises(ClientError, match="no identity-based policy allows"):
        touch(with_team("api"))
    try:
        touch(with_team("web"))
    except ClientError as error:
        assert "not authorized" not in str(error), error


def test_tags_of_the_request_decide(role: RoleMaker):
    condition = {
        "StringEquals": {"aws:RequestTag/team": "web", "ec2:CreateAction": "CreateVolume"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    ec2 = role(allow("ec2:CreateVolume"), allow("ec2:CreateTags", Condition=condition)).client("ec2")

    def create(**tags: str) -> Any:
        written = [{"Key": key, "Value": value} for key, value in tags.items()]
        specification = [{"ResourceType": "volume", "Tags": written}]
        return ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=specification)

    volume = create(team="web")["VolumeId"]
    assert "ec2:CreateTags" in refused(lambda: create(team="api"), "UnauthorizedOperation")
    refused(lambda: create(team="web", extra="1"), "UnauthorizedOperation")
    refused(lambda: ec2.create_tags(Resources=[volume], Tags=TAGS), "UnauthorizedOperation")
