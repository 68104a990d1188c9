"""What a key's policy seems to lack is said, with the statement to add; never more than it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runtime.checks.requests import ACCOUNT, REGION
from tests.unit.runtime.checks.stubbed import KEY_ARN, Stub, delegating, policy
from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.key_policies import (
    SERVICE_ROLE_ACTIONS,
    STARTER_ACTIONS,
    advise_on_key_policy,
    service_role,
    starting_role,
)

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/vmie"


def _advice(*statements: dict[str, Any]) -> list[Advice]:
    with Stub("kms") as kms:
        kms.add_response("get_key_policy", policy(*statements), {"KeyId": KEY_ARN, "PolicyName": "default"})
        return advise_on_key_policy(kms.client, KEY_ARN, [service_role(_ROLE)])


def _statement(**changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": _ROLE}, "Action": "kms:*", "Resource": "*"}
    return {**statement, **changes}


@pytest.mark.parametrize(
    "statement",
    [
        delegating(),
        _statement(),
        _statement(Principal={"AWS": ["arn:aws:iam::999999999999:root", _ROLE]}),
        _statement(Principal={"AWS": ACCOUNT}),
        _statement(
            Action=[
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ]
        ),
        _statement(Principal="*", Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}}),
        _statement(
            Principal={"AWS": "*"}, Condition={"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}
        ),
        _statement(Condition={"StringEquals": {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}}),
        _statement(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/vm*"}}, Principal="*"),
        _statement(NotAction="kms:ScheduleKeyDeletion", Action=None),
    ],
)
def test_a_policy_that_lets_the_role_in_needs_no_word(statement: dict[str, Any]) -> None:
    if statement["Action"] is None:
        del statement["Action"]
    assert _advice(statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        _statement(Principal={"AWS": "arn:aws:iam::999999999999:root"}),
        _statement(Principal={"AWS": f"{_ROLE}-other"}),
        _statement(Principal={"Service": "ec2.amazonaws.com"}),
        _statement(Condition={"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}),
        _statement(Condition={"StringEquals": {"kms:CallerAccount": "999999999999"}}, Principal="*"),
        _statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        _statement(Condition={"StringLike": {"aws:PrincipalOrgID": "*"}}),
        _statement(NotPrincipal={"AWS": "arn:aws:iam::999999999999:root"}),
    ],
)
def test_a_policy_that_seems_to_keep_the_role_out_is_said_to(statement: dict[str, Any]) -> None:
    (advice,) = _advice(statement)
    assert advice.code == "KeyPolicyLacks"
    assert all(action in advice.message for action in SERVICE_ROLE_ACTIONS)
    assert _ROLE in advice.message
    assert KEY_ARN in advice.message


def test_each_user_of_a_key_is_held_against_its_policy_by_what_it_does() -> None:
    starter = f"{_ROLE}-starter"
    let_in = _statement(Principal={"AWS": [_ROLE, starter]}, Action=list(STARTER_ACTIONS))
    with Stub("kms") as kms:
        kms.add_response("get_key_policy", policy(let_in), None)
        users = [starting_role(starter), service_role(_ROLE), starting_role(f"{_ROLE}-other")]
        lacks_encrypt, kept_out = advise_on_key_policy(kms.client, KEY_ARN, users)
    assert f"the service role {_ROLE} perform `kms:Encrypt`, `kms:GenerateDataKey`." in lacks_encrypt.message
    assert f"the role that starts tasks {_ROLE}-other perform `kms:CreateGrant`" in kept_out.message
    assert "kms:Encrypt" not in kept_out.message + kept_out.remedy


def test_only_what_is_lacking_is_named() -> None:
    (advice,) = _advice(_statement(Action=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:Generate*"]))
    assert "perform `kms:CreateGrant`, `kms:ReEncryptFrom`, `kms:ReEncryptTo`." in advice.message


def test_the_remedys_statement_is_one_that_mends_it() -> None:
    (advice,) = _advice(_statement(Action="kms:Decrypt"))
    added = json.loads(advice.remedy[advice.remedy.index("{") :])
    assert _advice(added) == []


def test_a_denial_that_holds_is_named() -> None:
    denial = _statement(Effect="Deny", Action="kms:CreateGrant")
    (advice,) = _advice(delegating(), denial)
    assert "denies the service role" in advice.message
    assert "`kms:CreateGrant`" in advice.message
    assert "Decrypt" not in advice.message


def test_what_is_denied_is_not_lacking_too() -> None:
    (advice,) = _advice(_statement(Effect="Deny"))
    assert "seems not to let" not in advice.message
    assert advice.message.count("`kms:Decrypt`") == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"Bool": {"kms:GrantIsForAWSResource": "false"}},
    ],
)
def test_a_denial_under_a_condition_that_may_not_hold_is_no_finding(condition: dict[str, Any]) -> None:
    assert _advice(delegating(), _statement(Effect="Deny", Principal="*", Condition=condition)) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotFoundException"])
def test_a_policy_that_may_not_be_read_proves_nothing(code: str) -> None:
    with Stub("kms") as kms:
        kms.add_client_error("get_key_policy", code, "no", 400)
        assert advise_on_key_policy(kms.client, KEY_ARN, [service_role(_ROLE)]) == []


_NAMES = st.sampled_from(["Statement", "Effect", "Principal", "AWS", "Action", "Condition", "StringLike"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.sampled_from(["Allow", "Deny", "kms:*", "*", _ROLE]),
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner),
    max_leaves=6,
)


@given(_JSON)
def test_any_policy_is_read(document: Any) -> None:
    class Kms:
        def get_key_policy(self, **_: str) -> dict[str, str]:
            return {"Policy": json.dumps(document)}

        def describe_key(self, **_: str) -> dict[str, Any]:
            raise AssertionError

    assert len(advise_on_key_policy(Kms(), KEY_ARN, [service_role(_ROLE)])) <= 1
