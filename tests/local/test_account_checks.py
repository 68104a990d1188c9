"""The checks of the account, by a role that has the actions they say they need and no other."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from vmie_local import LocalAws
from vmie_runtime.checks import REQUIRED_ACTIONS, Advice, Allowed, Own
from vmie_runtime.checks.examination import Account, examine_account
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import RequestDocument

_SERVICE_ROLE = "vmie-service-role"
_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
_numbers = count()


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def validator(cloud: LocalAws) -> str:
    """A role that may do what the checks call."""
    name, iam = f"account-checks-{next(_numbers)}", cloud.client("iam")
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(_TRUST))["Role"]["Arn"])
    needed = {"Effect": "Allow", "Action": list(REQUIRED_ACTIONS), "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="checks", PolicyDocument=_policy(needed))
    return arn


@pytest.fixture
def key(cloud: LocalAws) -> str:
    return str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def encrypted_by_default(cloud: LocalAws, key: str) -> Iterator[str]:
    ec2 = cloud.client("ec2")
    ec2.enable_ebs_encryption_by_default()
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)
    yield key
    ec2.reset_ebs_default_kms_key_id()
    ec2.disable_ebs_encryption_by_default()


def _examine(cloud: LocalAws, role_arn: str, **parameters: Any) -> list[Advice]:
    document = RequestDocument(
        operation="ImportImage",
        parameters={"LicenseType": "BYOL", **parameters},
        options={},
        role_name=None,
        dry_run=False,
        client_token=None,
    )
    account = Account(
        ec2=cloud.client("ec2", role_arn=role_arn),
        kms=cloud.client("kms", role_arn=role_arn),
        sts=cloud.client("sts", role_arn=role_arn),
        partition="aws",
    )
    own = Own(
        bucket="import-bucket",
        region=cloud.settings.region,
        account=cloud.settings.account,
        role_name=_SERVICE_ROLE,
    )
    return examine_account(document, account, Allowed(), own)


def _id(key: str) -> str:
    """A key's id: moto changes a key's state by nothing else."""
    return key.rpartition("/")[2]


def _codes(advice: list[Advice]) -> list[str]:
    return [one.code for one in advice]


def _refusal(cloud: LocalAws, role_arn: str, **parameters: Any) -> RequestRejected:
    with pytest.raises(RequestRejected) as caught:
        _examine(cloud, role_arn, Encrypted=True, **parameters)
    return caught.value


def test_an_account_like_others_gives_no_reason_for_advice(cloud: LocalAws, validator: str) -> None:
    assert _examine(cloud, validator) == []


def test_a_key_that_delegates_to_the_account_passes_by_id_arn_and_alias(
    cloud: LocalAws, validator: str, key: str
) -> None:
    alias = f"alias/account-checks-{next(_numbers)}"
    cloud.client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    for named in (key, _id(key), alias):
        assert _examine(cloud, validator, Encrypted=True, KmsKeyId=named) == []


def test_what_a_keys_policy_lacks_is_mended_by_the_remedys_statement(
    cloud: LocalAws, validator: str, key: str
) -> None:
    kms = cloud.client("kms")
    root = {"AWS": f"arn:aws:iam::{cloud.settings.account}:root"}
    administration = {
        "Effect": "Allow",
        "Principal": root,
        "Action": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"],
        "Resource": "*",
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_policy(administration))
    (advice,) = _examine(cloud, validator, Encrypted=True, KmsKeyId=key)
    assert advice.code == "KeyPolicyLacks"
    assert f"role/{_SERVICE_ROLE}" in advice.message
    mended = json.loads(advice.remedy[advice.remedy.index("{") :])
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_policy(administration, mended))
    assert _examine(cloud, validator, Encrypted=True, KmsKeyId=key) == []


def test_a_disabled_key_is_enabled_by_its_remedy(cloud: LocalAws, validator: str, key: str) -> None:
    kms = cloud.client("kms")
    kms.disable_key(KeyId=_id(key))
    refusal = _refusal(cloud, validator, KmsKeyId=key)
    assert (refusal.code, refusal.facts["state"]) == ("KeyNotEnabled", "Disabled")
    command = shlex.split(refusal.text[refusal.text.index("aws kms ") :])
    assert command[2:4] == ["enable-key", "--region"]
    kms.enable_key(KeyId=command[command.index("--key-id") + 1])
    assert _examine(cloud, validator, Encrypted=True, KmsKeyId=key) == []


def test_a_key_pending_deletion_and_one_that_never_was_are_refused(
    cloud: LocalAws, validator: str, key: str
) -> None:
    cloud.client("kms").schedule_key_deletion(KeyId=_id(key), PendingWindowInDays=7)
    assert _refusal(cloud, validator, KmsKeyId=key).code == "KeyNotEnabled"
    assert _refusal(cloud, validator, KmsKeyId="alias/never-made").code == "KeyNotFound"


def test_a_signing_key_is_refused(cloud: LocalAws, validator: str) -> None:
    made = cloud.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    assert _refusal(cloud, validator, KmsKeyId=made["KeyMetadata"]["Arn"]).code == "KeyUnsuitable"


def test_encryption_by_default_is_named_with_its_key(
    cloud: LocalAws, validator: str, encrypted_by_default: str
) -> None:
    (advice,) = _examine(cloud, validator)
    assert advice.code == "EncryptedByDefault"
    assert encrypted_by_default in advice.message
    assert _examine(cloud, validator, Encrypted=True) == []


def test_a_disabled_default_key_is_refused_before_the_import(
    cloud: LocalAws, validator: str, encrypted_by_default: str
) -> None:
    cloud.client("kms").disable_key(KeyId=_id(encrypted_by_default))
    assert _refusal(cloud, validator).code == "KeyNotEnabled"


@pytest.mark.parametrize(
    ("missing", "codes"),
    [
        ("kms:DescribeKey", ["KeyNotExamined"]),
        ("kms:GetKeyPolicy", []),
        ("ec2:GetEbsEncryptionByDefault", []),
        ("ec2:GetEbsDefaultKmsKeyId", []),
    ],
)
def test_each_action_is_needed_for_what_it_proves_and_for_nothing_else(
    cloud: LocalAws, validator: str, key: str, missing: str, codes: list[str]
) -> None:
    rest = [action for action in REQUIRED_ACTIONS if action != missing]
    cloud.client("iam").put_role_policy(
        RoleName=validator.rpartition("/")[2],
        PolicyName="checks",
        PolicyDocument=_policy({"Effect": "Allow", "Action": rest, "Resource": "*"}),
    )
    assert _codes(_examine(cloud, validator, Encrypted=True, KmsKeyId=key)) == codes
