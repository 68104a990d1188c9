"""Trust policies: who may assume a role."""

from __future__ import annotations

from typing import Any

import pytest

from vmie_local.iam_policy import PolicyError, evaluate_resource_policy, may_assume

VMIE = "vmie.amazonaws.com"
# As the VM Import/Export user guide prints it, with the account filled in.
GUIDE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": VMIE},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:Externalid": "vmimport", "aws:SourceAccount": "111122223333"},
                "ArnLike": {"aws:SourceArn": "arn:aws:vmie:*:111122223333:*"},
            },
        }
    ],
}
CONTEXT = {
    "sts:ExternalId": "vmimport",
    "aws:SourceAccount": "111122223333",
    "aws:SourceArn": "arn:aws:vmie:us-east-1:111122223333:import-image-task/import-ami-1",
}
ROLE = "arn:aws:iam::111122223333:role/deploy"
SESSION = "arn:aws:sts::111122223333:assumed-role/deploy/ada"


def test_the_guides_trust_policy_lets_the_service_in():
    assert may_assume(GUIDE, VMIE, CONTEXT).allowed


@pytest.mark.parametrize(
    "change",
    [
        {"sts:ExternalId": "other"},
        {"sts:ExternalId": None},
        {"aws:SourceAccount": "999999999999"},
        {"aws:SourceArn": "arn:aws:vmie:us-east-1:999999999999:import-image-task/import-ami-1"},
    ],
)
def test_any_failed_condition_keeps_it_out(change: dict[str, Any]) -> None:
    assert not may_assume(GUIDE, VMIE, CONTEXT | change).allowed


def test_another_service_is_kept_out():
    assert not may_assume(GUIDE, "ec2.amazonaws.com", CONTEXT).allowed


def trust(principal: Any, element: str = "Principal", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", element: principal, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    ("principal", "caller", "allowed", "by_account"),
    [
        ({"AWS": ROLE}, ROLE, True, False),
        ({"AWS": ROLE}, SESSION, True, False),
        ({"AWS": SESSION}, SESSION, True, False),
        ({"AWS": SESSION}, SESSION.replace("ada", "bob"), False, False),
        ({"AWS": "111122223333"}, SESSION, True, True),
        ({"AWS": "arn:aws:iam::111122223333:root"}, ROLE, True, True),
        ({"AWS": "arn:aws:iam::999999999999:root"}, ROLE, False, False),
        ({"AWS": "*"}, ROLE, True, False),
        ("*", VMIE, True, False),
        ({"AWS": ["arn:aws:iam::1:user/x", ROLE]}, ROLE, True, False),
        ({"Service": [VMIE, "ec2.amazonaws.com"]}, "ec2.amazonaws.com", True, False),
        ({"Service": "*"}, ROLE, False, False),
        ({"Federated": "arn:aws:iam::1:oidc-provider/x"}, "arn:aws:iam::1:oidc-provider/x", True, False),
    ],
)
def test_principals(principal: Any, caller: str, allowed: bool, by_account: bool) -> None:
    decision = may_assume(trust(principal), caller)

    assert (decision.allowed, decision.by_account) == (allowed, by_account)


def test_a_deny_of_all_others_keeps_them_out():
    document = trust("*")
    document["Statement"].append({"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "sts:*"})

    assert may_assume(document, ROLE).allowed
    assert not may_assume(document, VMIE).allowed


def test_another_action_is_not_allowed_along():
    assert not may_assume(trust({"AWS": ROLE}), ROLE, action="sts:TagSession").allowed


GRANTEE = "c4d8eabf8db69dbe46bfe0e517100c554f01200b104d59cd408e777ba442a322"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"


def key_policy(**statement: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*", **statement}}


@pytest.mark.parametrize(
    ("statement", "allowed", "by_account"),
    [
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, True, True),
        ({"Principal": {"AWS": ROLE}}, True, False),
        (
            {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}},
            True,
            False,
        ),
        (
            {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": "9"}}},
            False,
            False,
        ),
        ({"Principal": {"AWS": ROLE}, "Action": "kms:Encrypt"}, False, False),
        ({"Principal": {"AWS": ROLE}, "Resource": "arn:aws:kms:*:*:key/other"}, False, False),
        ({"Principal": {"Service": "logs.amazonaws.com"}}, False, False),
    ],
)
def test_key_policies(statement: dict[str, Any], allowed: bool, by_account: bool) -> None:
    context = {"kms:CallerAccount": "111122223333"}

    decision = evaluate_resource_policy(key_policy(**statement), SESSION, "kms:Decrypt", KEY, context)

    assert (decision.allowed, decision.by_account) == (allowed, by_account)


def test_a_policy_of_a_resource_needs_principals_and_resources():
    with pytest.raises(PolicyError, match="either Principal or NotPrincipal"):
        evaluate_resource_policy(key_policy(), ROLE, "kms:Decrypt", KEY)


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"CanonicalUser": GRANTEE}, True),
        ({"CanonicalUser": ["0" * 64, GRANTEE]}, True),
        ({"AWS": "*"}, True),
        ({"CanonicalUser": "0" * 64}, False),
        ({"AWS": ROLE}, False),
        ({"Service": "vmie.amazonaws.com"}, False),
    ],
)
def test_a_canonical_user_is_named_by_its_id(principal: dict[str, Any], allowed: bool) -> None:
    policy = key_policy(Principal=principal, Action="kms:Decrypt")

    assert evaluate_resource_policy(policy, GRANTEE, "kms:Decrypt", KEY).allowed is allowed
