"""Access keys are their holders', as STS and IAM answered."""

from __future__ import annotations

import pytest

from tests.unit.local.front_door.calls import ACCOUNT, ADMINISTRATOR, ROLE, call
from vmie_local.front_door.api_call import ApiCall, Principal
from vmie_local.front_door.principals import Principals
from vmie_local.front_door.signature import Signature

ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/importer/run-1"
ANSWER = (
    "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA1:run-1</AssumedRoleId>"
    f"<Arn>{ARN}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA1</AccessKeyId></Credentials>"
    "</AssumeRoleResult></AssumeRoleResponse>"
).encode()


@pytest.fixture
def principals() -> Principals:
    return Principals(ACCOUNT)


def assume(**more: object) -> ApiCall:
    return call(
        "sts", "AssumeRole", principal=ADMINISTRATOR, RoleArn="arn:aws:iam::1:role/vmie/importer", **more
    )


def test_an_unknown_key_is_the_administrators(principals: Principals):
    assert principals.of(Signature("AKIALOCALADMIN000000", "us-east-1", "s3")) == ADMINISTRATOR


def test_a_call_without_signature_is_nobodys(principals: Principals):
    anonymous = principals.of(None)

    assert (anonymous.arn, anonymous.is_administrator) == ("*", False)


def test_an_assumed_roles_key_is_the_roles(principals: Principals):
    tags = [{"Key": "team", "Value": "web"}]
    principals.learn(assume(Tags=tags, Policy='{"Statement": []}'), ANSWER)

    assert principals.of(Signature("ASIA1")) == Principal(
        ARN, role_name="importer", session_tags={"team": "web"}, session_policies=('{"Statement": []}',)
    )


def test_a_session_tokens_key_is_the_callers(principals: Principals):
    answer = b"<Credentials><AccessKeyId>ASIA2</AccessKeyId></Credentials>"
    principals.learn(call("sts", "GetSessionToken"), answer)

    assert principals.of(Signature("ASIA2")) == ROLE


def test_a_users_key_is_the_users_until_it_is_deleted(principals: Principals):
    answer = b"<AccessKey><UserName>ada</UserName><AccessKeyId>AKIA3</AccessKeyId></AccessKey>"
    principals.learn(call("iam", "CreateAccessKey", principal=ADMINISTRATOR, UserName="ada"), answer)

    assert principals.of(Signature("AKIA3")) == Principal(f"arn:aws:iam::{ACCOUNT}:user/ada", user_name="ada")
    principals.learn(call("iam", "DeleteAccessKey", principal=ADMINISTRATOR, AccessKeyId="AKIA3"), b"")
    assert not principals.of(Signature("AKIA3")).is_administrator
