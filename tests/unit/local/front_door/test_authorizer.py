"""Whose policies say what about a call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.local.front_door.calls import ACCOUNT, ADMINISTRATOR, ROLE, call
from vmie_local.clock import Clock
from vmie_local.front_door.api_call import ApiCall, Principal
from vmie_local.front_door.authorization import Authorizer, Identity, Requirement, Verdict
from vmie_local.iam_policy import PolicyError, parse_policy

OBJECT = "arn:aws:s3:::images/web.vmdk"
GET = call("s3", "GetObject", Bucket="images", Key="web.vmdk")


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


class FakeIdentities:
    def __init__(self, **roles: Identity) -> None:
        self.roles = roles
        self.users: dict[str, Identity] = {}

    def role(self, name: str) -> Identity | None:
        return self.roles.get(name)

    def user(self, name: str) -> Identity | None:
        return self.users.get(name)


class FakeResources:
    def __init__(self, tags: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.known, self.asked = tags or {}, []

    def tags(self, arn: str) -> Mapping[str, str]:
        self.asked.append(arn)
        return self.known.get(arn, {})

    def object_tags(self, arn: str, version: str | None) -> Mapping[str, str]:
        self.asked.append((arn, version))
        return self.known.get(arn, {})


class FakeKeys:
    """Keys by the resource they encrypt, and their policies."""

    def __init__(self, policies: Mapping[str, Any] | None = None, *needed: Requirement) -> None:
        self.policies, self.needed = policies or {}, needed

    def key_arn(self, alias_arn: str) -> str:
        return alias_arn.replace("alias/images", "key/1234")

    def policy(self, key_arn: str) -> Any:
        return self.policies.get(key_arn)

    def requirements(self, *_: Any) -> Any:
        return self.needed


def identity(*statements: Mapping[str, Any], name: str = "poll", **more: Any) -> Identity:
    return Identity(
        f"arn:aws:iam::{ACCOUNT}:role/{name}", (parse_policy(document(*statements), "Inline"),), **more
    )


def judge(
    what: ApiCall,
    *statements: Mapping[str, Any],
    resources: FakeResources | None = None,
    keys: FakeKeys | None = None,
    **more: Any,
) -> Verdict:
    roles = FakeIdentities(poll=identity(*statements, **more))
    return Authorizer(roles, resources or FakeResources(), keys or FakeKeys(), Clock()).judge(what)


def test_what_a_policy_allows_is_allowed():
    verdict = judge(GET, allow("s3:GetObject", "arn:aws:s3:::images/*"))

    assert verdict.decision == "allowed"
    assert verdict.checks[0].statement == "statement 1 of Inline"


def test_what_no_policy_allows_is_denied_in_the_words_of_aws():
    verdict = judge(GET, allow("s3:PutObject"))

    assert verdict.decision == "denied"
    assert (verdict.error.code, verdict.error.status) == ("AccessDenied", 403)
    assert verdict.error.message == (
        f'User: {ROLE.arn} is not authorized to perform: s3:GetObject on resource: "{OBJECT}"'
        " because no identity-based policy allows the s3:GetObject action"
    )


@pytest.mark.parametrize(
    ("what", "code", "status"),
    [
        (call("dynamodb", "GetItem", TableName="t"), "AccessDeniedException", 400),
        (call("states", "StopExecution", executionArn="arn:x"), "AccessDeniedException", 400),
        (call("lambda", "Invoke", FunctionName="f"), "AccessDeniedException", 403),
        (call("ebs", "StartSnapshot"), "AccessDeniedException", 403),
        (call("ec2", "DescribeImages"), "UnauthorizedOperation", 403),
        (call("sns", "Publish", TopicArn="arn:x"), "AuthorizationError", 403),
        (call("iam", "GetRole", RoleName="x"), "AccessDenied", 403),
    ],
)
def test_each_service_has_its_code(what: ApiCall, code: str, status: int) -> None:
    error = judge(what, allow("s3:GetObject")).error

    assert (error.code, error.status) == (code, status)
    assert f"is not authorized to perform: {what.service}:" in error.message


def test_an_explicit_deny_is_told():
    verdict = judge(GET, allow("s3:*"), deny("s3:GetObject", Sid="NoImages"))

    assert verdict.error.message.endswith("with an explicit deny in an identity-based policy")
    assert verdict.checks[0].statement == "statement NoImages of Inline"


def test_every_requirement_must_be_met():
    tagged = call("s3", "PutObject", Bucket="images", Key="web.vmdk", Tagging="team=web")

    assert judge(tagged, allow(["s3:PutObject", "s3:PutObjectTagging"])).decision == "allowed"
    assert "s3:PutObjectTagging" in judge(tagged, allow("s3:PutObject")).error.message


def test_the_administrator_the_bootstrap_and_open_calls_are_not_limited():
    bootstrap = Principal("arn:aws:sts::1:assumed-role/cdk-x-deploy/s", role_name="cdk-hnb659fds-deploy-role")
    authorizer = Authorizer(FakeIdentities(), FakeResources(), FakeKeys(), Clock())

    for principal in (ADMINISTRATOR, bootstrap):
        what = call("iam", "CreateUser", principal=principal)
        assert authorizer.judge(what).decision == "unlimited"
    anonymous = call("sts", "AssumeRoleWithWebIdentity", principal=Principal("*"))
    assert authorizer.judge(anonymous).decision == "unlimited"


def test_a_call_without_signature_is_denied():
    verdict = judge(call("s3", "GetObject", principal=Principal("*"), Bucket="images", Key="x"), allow("*"))

    assert (verdict.decision, verdict.error.code) == ("denied", "AccessDenied")


def test_a_deleted_roles_credentials_are_invalid():
    verdict = Authorizer(FakeIdentities(), FakeResources(), FakeKeys(), Clock()).judge(GET)

    assert verdict.error.code == "InvalidClientTokenId"


def test_a_role_with_a_broken_policy_may_nothing_and_reads_why():
    class Broken(FakeIdentities):
        def role(self, _: str) -> Identity | None:
            raise PolicyError("Statement 1: there is no condition operator X.")

    verdict = Authorizer(Broken(), FakeResources(), FakeKeys(), Clock()).judge(GET)

    assert verdict.error.code == "AccessDenied"
    assert "no condition operator X" in verdict.error.message


def test_an_operation_without_a_row_is_denied_and_named():
    verdict = judge(call("iam", "CreateUser", UserName="x"), allow("*"))

    assert verdict.decision == "denied"
    assert "iam:CreateUser" in verdict.error.message
    assert "tables" in verdict.error.message


def test_a_permissions_boundary_limits():
    boundary = parse_policy(document(allow("s3:PutObject")))

    verdict = judge(GET, allow("s3:*"), boundary=boundary)

    assert "because no permissions boundary allows the s3:GetObject action" in verdict.error.message
    assert judge(GET, allow("s3:*"), boundary=parse_policy(document(allow("*")))).decision == "allowed"


def test_a_session_policy_limits():
    session = Principal(ROLE.arn, role_name="poll", session_policies=('{"Statement": []}',))
    allowing = '{"Statement": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}'
    limited = Principal(ROLE.arn, role_name="poll", session_policies=(allowing,))

    verdict = judge(call("s3", "GetObject", principal=limited, Bucket="images", Key="x"), allow("s3:*"))
    assert "because no session policy allows" in verdict.error.message
    broken = judge(call("s3", "GetObject", principal=session, Bucket="images", Key="x"), allow("s3:*"))
    assert "a policy is broken" in broken.error.message


@pytest.mark.parametrize(
    ("condition", "decision"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, "allowed"),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, "denied"),
        ({"Bool": {"aws:SecureTransport": "true"}}, "allowed"),
        ({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/poll"}}, "allowed"),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}}, "allowed"),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, "allowed"),
        ({"StringLike": {"aws:userid": "AROA1:session"}}, "allowed"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, "allowed"),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, "denied"),
        ({"StringEquals": {"aws:PrincipalTag/team": "web"}}, "allowed"),
        ({"StringEquals": {"aws:PrincipalTag/stage": "test"}}, "allowed"),
        ({"Null": {"aws:username": "true"}}, "allowed"),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, "allowed"),
    ],
)
def test_global_condition_keys(condition: dict[str, Any], decision: str) -> None:
    session = Principal(ROLE.arn, role_name="poll", session_tags={"stage": "test"})
    what = call("s3", "GetObject", principal=session, Bucket="images", Key="web.vmdk")
    tags = {"team": "web", "stage": "live"}

    verdict = judge(what, allow("s3:*", Condition=condition), tags=tags, unique_id="AROA1")

    assert verdict.decision == decision


def test_tags_of_a_resource_are_looked_up_when_a_policy_asks_for_them():
    cancel = call("ec2", "CancelImportTask", ImportTaskId="import-ami-1")
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:import-image-task/import-ami-1"
    mine = {"StringEquals": {"aws:ResourceTag/vmie:workflow": "requests"}}
    resources = FakeResources({arn: {"vmie:workflow": "requests"}})

    assert judge(cancel, allow("ec2:*", Condition=mine), resources=resources).decision == "allowed"
    assert resources.asked == [arn]
    assert judge(cancel, allow("ec2:*", Condition=mine)).decision == "denied"
    unasked = FakeResources()
    judge(cancel, allow("ec2:*"), resources=unasked)
    assert unasked.asked == []


def test_tags_of_an_object_are_those_of_the_version_asked_for():
    condition = {"StringEquals": {"s3:ExistingObjectTag/team": "web"}}
    resources = FakeResources({OBJECT: {"team": "web"}})
    what = call("s3", "GetObject", Bucket="images", Key="web.vmdk", VersionId="7")

    assert judge(what, allow("s3:*", Condition=condition), resources=resources).decision == "allowed"
    assert resources.asked == [(OBJECT, "7")]


def test_an_alias_stands_for_its_key():
    what = call("kms", "Decrypt", KeyId="alias/images")
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"
    condition = {"StringEquals": {"kms:RequestAlias": "alias/images"}}

    assert judge(what, allow("kms:Decrypt", key, Condition=condition)).decision == "allowed"


KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"
SEND = call("sqs", "SendMessage", QueueUrl="http://127.0.0.1/1/intake")


def test_what_kms_asks_in_the_callers_name_is_required_too():
    keys = FakeKeys({}, Requirement("kms:Decrypt", KEY))

    assert judge(SEND, allow(["sqs:SendMessage", "kms:Decrypt"]), keys=keys).decision == "allowed"
    error = judge(SEND, allow("sqs:SendMessage"), keys=keys).error
    assert (error.code, error.status) == ("KMS.AccessDeniedException", 400)
    assert f"not authorized to perform: kms:Decrypt on resource: {KEY}" in error.message


@pytest.mark.parametrize(
    ("principal", "statements", "decision"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", [allow("kms:Decrypt")], "allowed"),
        (f"arn:aws:iam::{ACCOUNT}:root", [allow("s3:*")], "denied"),
        (f"arn:aws:iam::{ACCOUNT}:role/poll", [allow("s3:*")], "allowed"),
        (f"arn:aws:iam::{ACCOUNT}:role/poll", [deny("kms:Decrypt")], "denied"),
        (f"arn:aws:iam::{ACCOUNT}:role/other", [allow("kms:Decrypt")], "denied"),
    ],
)
def test_a_keys_policy_has_its_say(principal: str, statements: list[Any], decision: str) -> None:
    trusted = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}
    keys = FakeKeys({KEY: document(trusted)})

    verdict = judge(call("kms", "Decrypt", KeyId=KEY), *statements, keys=keys)

    assert verdict.decision == decision


def test_a_passed_role_is_meant_with_its_path():
    path = f"arn:aws:iam::{ACCOUNT}:role/vmie/importer"
    roles = FakeIdentities(
        poll=identity(allow("ec2:ImportImage"), allow("iam:PassRole", path)), importer=Identity(path)
    )

    verdict = Authorizer(roles, FakeResources(), FakeKeys(), Clock()).judge(
        call("ec2", "ImportImage", RoleName="importer")
    )

    assert verdict.decision == "allowed"
    assert verdict.checks[-1].resource == path


def test_a_key_that_nobody_can_answer_is_reported_once(caplog: pytest.LogCaptureFixture):
    condition = {"StringEqualsIfExists": {"s3:DataAccessPointArn": "x"}}
    authorizer = Authorizer(
        FakeIdentities(poll=identity(allow("s3:*", Condition=condition))),
        FakeResources(),
        FakeKeys(),
        Clock(),
    )

    with caplog.at_level(logging.WARNING):
        authorizer.judge(GET)
        authorizer.judge(GET)

    assert authorizer.unmodelled == {"poll": {"s3:DataAccessPointArn"}}
    assert [record.message for record in caplog.records].count(
        "A policy of poll asks for s3:DataAccessPointArn, which the local AWS does not know."
    ) == 1


class TestAssumeRole:
    TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
    ASSUME = call("sts", "AssumeRole", RoleArn=TARGET, RoleSessionName="session", ExternalId="secret")

    def judge(self, trust: Mapping[str, Any] | None, *statements: Mapping[str, Any]) -> Verdict:
        roles = FakeIdentities(poll=identity(*statements))
        if trust is not None:
            roles.roles["target"] = Identity(
                self.TARGET, trust=document({"Action": "sts:AssumeRole", **trust})
            )
        return Authorizer(roles, FakeResources(), FakeKeys(), Clock()).judge(self.ASSUME)

    def test_both_sides_must_agree_where_the_account_is_trusted(self):
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}}

        assert self.judge(trust, allow("sts:AssumeRole", self.TARGET)).decision == "allowed"
        assert self.judge(trust, allow("s3:*")).decision == "denied"

    def test_a_caller_trusted_by_name_needs_no_policy_and_obeys_a_deny(self):
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/poll"}}

        assert self.judge(trust, allow("s3:*")).decision == "allowed"
        assert self.judge(trust, deny("sts:*")).decision == "denied"

    def test_conditions_of_the_trust_policy_are_evaluated(self):
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}}
        wrong = {"Condition": {"StringEquals": {"sts:ExternalId": "other"}}}

        assert self.judge({**trust, **wrong}, allow("sts:AssumeRole")).decision == "denied"

    def test_a_policy_alone_opens_nothing(self):
        verdict = self.judge(
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}, allow("sts:*")
        )

        assert verdict.error.message.endswith(f"sts:AssumeRole on resource: {self.TARGET}")
        assert self.judge(None, allow("sts:*")).decision == "denied"


def test_a_user_is_limited_by_its_policies():
    roles = FakeIdentities()
    roles.users["ada"] = identity(allow("s3:*", "arn:aws:s3:::images/${aws:username}/*"))
    ada = Principal(f"arn:aws:iam::{ACCOUNT}:user/ada", user_name="ada")
    authorizer = Authorizer(roles, FakeResources(), FakeKeys(), Clock())

    def reads(key: str) -> str:
        return authorizer.judge(call("s3", "GetObject", principal=ada, Bucket="images", Key=key)).decision

    assert (reads("ada/1"), reads("bob/1")) == ("allowed", "denied")
