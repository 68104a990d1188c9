"""IAM identity policies, enforced on real calls to the local AWS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest

from tests.local.iam.roles import ACCOUNT, RoleMaker, allow, numbers, policy, refused
from vmie_local import LocalAws


def test_a_role_does_what_its_policy_allows_and_nothing_else(role: RoleMaker, bucket: str):
    s3 = role(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/images/*")).client("s3")

    assert s3.get_object(Bucket=bucket, Key="images/web.vmdk")["Body"].read() == b"disk"
    message = refused(
        lambda: s3.put_object(Bucket=bucket, Key="images/x", Body=b"0" * 3_000_000), "AccessDenied"
    )
    assert f's3:PutObject on resource: "arn:aws:s3:::{bucket}/images/x"' in message
    refused(lambda: s3.get_object(Bucket=bucket, Key="other"), "AccessDenied")


def test_a_changed_policy_counts_at_once(role: RoleMaker, bucket: str):
    reader = role(allow("s3:GetObject"))
    s3 = reader.client("s3")
    refused(lambda: s3.get_bucket_location(Bucket=bucket), "AccessDenied")

    reader.may(allow(["s3:GetObject", "s3:GetBucketLocation"]))
    s3.get_bucket_location(Bucket=bucket)

    reader.iam.delete_role_policy(RoleName=reader.name, PolicyName="Inline")
    refused(lambda: s3.get_bucket_location(Bucket=bucket), "AccessDenied")


def test_managed_policies_count_and_so_do_their_new_versions(role: RoleMaker, bucket: str):
    reader = role()
    arn = reader.iam.create_policy(PolicyName=reader.name, PolicyDocument=policy(allow("s3:ListBucket")))[
        "Policy"
    ]["Arn"]
    reader.iam.attach_role_policy(RoleName=reader.name, PolicyArn=arn)
    s3 = reader.client("s3")
    s3.list_objects_v2(Bucket=bucket)

    reader.iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy(allow("s3:GetObject")), SetAsDefault=True
    )
    refused(lambda: s3.list_objects_v2(Bucket=bucket), "AccessDenied")
    s3.get_object(Bucket=bucket, Key="images/web.vmdk")

    reader.iam.detach_role_policy(RoleName=reader.name, PolicyArn=arn)
    refused(lambda: s3.get_object(Bucket=bucket, Key="images/web.vmdk"), "AccessDenied")


def test_aws_managed_policies_count(role: RoleMaker, bucket: str):
    reader = role()
    reader.iam.attach_role_policy(
        RoleName=reader.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )

    reader.client("s3").list_objects_v2(Bucket=bucket)
    refused(lambda: reader.client("s3").delete_object(Bucket=bucket, Key="x"), "AccessDenied")


def test_a_permissions_boundary_limits(role: RoleMaker, bucket: str):
    admin = role(allow("*"))
    boundary = admin.iam.create_policy(PolicyName=admin.name, PolicyDocument=policy(allow("s3:Get*")))
    admin.iam.put_role_permissions_boundary(
        RoleName=admin.name, PermissionsBoundary=boundary["Policy"]["Arn"]
    )

    admin.client("s3").get_object(Bucket=bucket, Key="images/web.vmdk")
    message = refused(lambda: admin.client("s3").list_objects_v2(Bucket=bucket), "AccessDenied")
    assert "no permissions boundary allows" in message


def test_a_missing_object_is_a_secret_to_whoever_may_not_list(role: RoleMaker, bucket: str):
    reader = role(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    s3 = reader.client("s3")

    message = refused(lambda: s3.get_object(Bucket=bucket, Key="missing"), "AccessDenied")
    assert "s3:ListBucket" in message
    refused(lambda: s3.head_object(Bucket=bucket, Key="missing"), "403")

    reader.may(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), allow("s3:ListBucket"))
    refused(lambda: s3.get_object(Bucket=bucket, Key="missing"), "NoSuchKey")
    refused(lambda: s3.head_object(Bucket=bucket, Key="missing"), "404")


def test_a_presigned_url_is_as_good_as_its_signers_policy(role: RoleMaker, bucket: str):
    signer = role(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/images/*"))

    def fetch(key: str) -> int:
        url = signer.client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        try:
            with urllib.request.urlopen(url) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert (fetch("images/web.vmdk"), fetch("secret")) == (200, 403)


def test_a_call_without_signature_is_refused(cloud: LocalAws, bucket: str):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{cloud.endpoint}/{bucket}/images/web.vmdk")

    assert caught.value.code == 403


def test_roles_are_chained_by_trust_and_policy(cloud: LocalAws, role: RoleMaker):
    source = role(allow("sts:AssumeRole"))
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}
    target = role(allow("s3:ListAllMyBuckets"), AssumeRolePolicyDocument=policy({**statement, **condition}))
    sts = source.client("sts")

    refused(lambda: sts.assume_role(RoleArn=target.arn, RoleSessionName="chained"), "AccessDenied")
    credentials = sts.assume_role(RoleArn=target.arn, RoleSessionName="chained", ExternalId="secret")[
        "Credentials"
    ]

    def as_target(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=cloud.endpoint,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    as_target("s3").list_buckets()
    refused(lambda: as_target("ec2").describe_images(), "UnauthorizedOperation")


def test_a_user_is_limited_by_its_own_and_its_groups_policies(cloud: LocalAws, bucket: str):
    iam, name = cloud.client("iam"), f"user-{next(numbers)}"
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.put_group_policy(GroupName=name, PolicyName="Inline", PolicyDocument=policy(allow("s3:ListBucket")))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=cloud.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    s3.list_objects_v2(Bucket=bucket)
    refused(lambda: s3.get_object(Bucket=bucket, Key="images/web.vmdk"), "AccessDenied")
    iam.put_user_policy(UserName=name, PolicyName="Own", PolicyDocument=policy(allow("s3:GetObject")))
    s3.get_object(Bucket=bucket, Key="images/web.vmdk")


def test_a_deleted_roles_credentials_end(role: RoleMaker):
    gone = role()
    sqs = gone.client("sqs")
    gone.iam.delete_role(RoleName=gone.name)

    refused(sqs.list_queues, "InvalidClientTokenId")


def test_what_a_role_used_and_never_used_is_reported(cloud: LocalAws, role: RoleMaker, bucket: str):
    reader = role(allow(["s3:GetObject", "s3:GetObjectVersion"], f"arn:aws:s3:::{bucket}/*"))
    s3 = reader.client("s3")
    s3.get_object(Bucket=bucket, Key="images/web.vmdk")
    refused(lambda: s3.list_objects_v2(Bucket=bucket), "AccessDenied")

    with urllib.request.urlopen(f"{cloud.endpoint}/_vmie/iam?Role={reader.name}") as answer:
        report = json.load(answer)["Roles"][reader.name]

    assert [use["Action"] for use in report["Used"]] == ["s3:GetObject"]
    assert [use["Action"] for use in report["Denied"]] == ["s3:ListBucket"]
    assert report["NeverUsed"] == [{"Policy": "Inline", "Statement": 1, "Action": "s3:GetObjectVersion"}]
