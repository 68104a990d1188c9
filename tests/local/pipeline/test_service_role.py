"""One message of AWS, many causes: the result names the first check that fails."""

import json
from contextlib import contextmanager

import pytest

from tests.local.pipeline.harness import Pipeline, eventually


@contextmanager
def changed_trust(pipeline: Pipeline, change):
    iam = pipeline.cloud.client("iam")
    kept = iam.get_role(RoleName=pipeline.service_role)["Role"]["AssumeRolePolicyDocument"]
    document = json.loads(json.dumps(kept))
    change(document["Statement"][0])
    iam.update_assume_role_policy(RoleName=pipeline.service_role, PolicyDocument=json.dumps(document))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=pipeline.service_role, PolicyDocument=json.dumps(kept))


@contextmanager
def without_action(pipeline: Pipeline, action: str):
    iam = pipeline.cloud.client("iam")
    names = iam.list_role_policies(RoleName=pipeline.service_role)["PolicyNames"]
    kept = {
        name: iam.get_role_policy(RoleName=pipeline.service_role, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    for name, document in kept.items():
        changed = json.loads(json.dumps(document))
        for statement in changed["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [each for each in actions if each != action] or ["s3:GetBucketAcl"]
        iam.put_role_policy(
            RoleName=pipeline.service_role, PolicyName=name, PolicyDocument=json.dumps(changed)
        )
    try:
        yield
    finally:
        for name, document in kept.items():
            iam.put_role_policy(
                RoleName=pipeline.service_role, PolicyName=name, PolicyDocument=json.dumps(document)
            )


@contextmanager
def without_role(pipeline: Pipeline):
    iam = pipeline.cloud.client("iam")
    role = iam.get_role(RoleName=pipeline.service_role)["Role"]
    names = iam.list_role_policies(RoleName=pipeline.service_role)["PolicyNames"]
    kept = {
        name: iam.get_role_policy(RoleName=pipeline.service_role, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    for name in names:
        iam.delete_role_policy(RoleName=pipeline.service_role, PolicyName=name)
    iam.delete_role(RoleName=pipeline.service_role)

    restored = False

    def restore() -> None:
        nonlocal restored
        restored = True
        iam.create_role(
            RoleName=pipeline.service_role,
            Path=role["Path"],
            AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        )
        for name, document in kept.items():
            iam.put_role_policy(
                RoleName=pipeline.service_role, PolicyName=name, PolicyDocument=json.dumps(document)
            )

    try:
        yield restore
    finally:
        if not restored:
            restore()


def test_a_missing_role_is_named(pipeline: Pipeline):
    with without_role(pipeline):
        pipeline.upload("images/no-role.vmdk")
        result = pipeline.ended("images/no-role.vmdk")

    assert (result["Status"], result["Error"]["Code"]) == ("Failed", "ServiceRoleMissing"), result
    assert pipeline.service_role in result["Error"]["Cause"]


def test_a_trust_policy_without_the_external_id_is_named(pipeline: Pipeline):
    def wrong_external_id(statement):
        statement["Condition"]["StringEquals"]["sts:ExternalId"] = "something-else"

    with changed_trust(pipeline, wrong_external_id):
        pipeline.upload("images/no-external-id.vmdk")
        result = pipeline.ended("images/no-external-id.vmdk")

    assert result["Error"]["Code"] == "ServiceRoleExternalId", result
    assert "vmimport" in result["Error"]["Remedy"]


@pytest.mark.parametrize(
    ("action", "code"),
    [("s3:GetObject", "ServiceRoleObjectAccess"), ("s3:ListBucket", "ServiceRoleBucketAccess")],
)
def test_a_bucket_that_the_role_cannot_read_is_named(pipeline: Pipeline, action: str, code: str):
    key = f"images/without-{code}.vmdk"
    with without_action(pipeline, action):
        pipeline.upload(key)
        result = pipeline.ended(key)

    assert result["Error"]["Code"] == code, result
    assert action in result["Error"]["Remedy"]


def test_what_cannot_be_told_apart_is_ranked_and_said_so(pipeline: Pipeline):
    """STS inactive in the Region looks like every other role error; the role itself passes every check."""
    message = "The service role vmimport provided does not exist or does not have sufficient permissions"
    pipeline.inject(
        "ImportImage", times=50, Error={"Code": "InvalidParameter", "Message": message, "Status": 400}
    )
    pipeline.upload("images/sts-inactive.vmdk")

    result = pipeline.ended("images/sts-inactive.vmdk")

    assert result["Error"]["Code"] == "ServiceRoleRejected", result
    assert "STS" in result["Error"]["Cause"] + result["Error"]["Remedy"]
    assert result["Error"]["Message"] == message


def test_a_role_created_seconds_ago_is_waited_for(pipeline: Pipeline):
    # The second try is held back until the role is there: scaled retries leave no time to make one.
    pipeline.inject("ImportImage", After=1, Delay=1000)

    def refused() -> set[str]:
        calls = pipeline.calls(service="ec2", operation="ImportImage")
        return {call["Time"] for call in calls if call.get("ErrorCode") == "InvalidParameter"}

    before = refused()
    with without_role(pipeline) as restore:
        pipeline.upload("images/new-role.vmdk")
        request = pipeline.request_of("images/new-role.vmdk")
        eventually(lambda: refused() - before, "a refused start")
        restore()
        result = pipeline.ended("images/new-role.vmdk")

    assert result["Status"] == "Succeeded", result
    assert len(pipeline.tasks_of(request["Id"])) == 1
