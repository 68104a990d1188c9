"""A key of no use is refused before EC2 sees it; what cannot be proven is said."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from tests.unit.runtime.checks.requests import ACCOUNT, REGION
from tests.unit.runtime.checks.stubbed import KEY_ARN, KEY_ID, Stub, key
from vmie_runtime.checks.keys import KeyFacts, require_usable_key
from vmie_runtime.errors import RequestRejected, TransientServiceError


def _examine(answer: dict[str, Any], *, key_id: str = KEY_ID, allowed_key: bool = False) -> KeyFacts:
    with Stub("kms") as kms:
        kms.add_response("describe_key", answer, {"KeyId": key_id})
        return require_usable_key(kms.client, key_id, region=REGION, account=ACCOUNT, allowed_key=allowed_key)


def _refusal(answer: dict[str, Any], *, key_id: str = KEY_ID) -> RequestRejected:
    with pytest.raises(RequestRejected) as caught:
        _examine(answer, key_id=key_id)
    return caught.value


@pytest.mark.parametrize("named", [KEY_ID, KEY_ARN, "alias/web", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/web"])
def test_a_key_that_can_be_used_passes_however_it_is_named(named: str) -> None:
    assert _examine(key(), key_id=named) == KeyFacts(arn=KEY_ARN)


@pytest.mark.parametrize("named", [KEY_ARN, f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/web"])
def test_an_arn_of_another_region_is_refused_without_a_call(named: str) -> None:
    with Stub("kms") as kms, pytest.raises(RequestRejected) as caught:
        require_usable_key(kms.client, named, region="us-east-1", account=ACCOUNT)
    assert caught.value.code == "KeyInOtherRegion"
    assert REGION in caught.value.text
    assert "us-east-1" in caught.value.text


@pytest.mark.parametrize("code", ["NotFoundException", "InvalidArnException"])
def test_a_key_that_is_not_there_is_refused(code: str) -> None:
    with Stub("kms") as kms:
        kms.add_client_error("describe_key", code, "Key '…' does not exist", 400)
        with pytest.raises(RequestRejected) as caught:
            require_usable_key(kms.client, "alias/none", region=REGION, account=ACCOUNT)
    assert caught.value.code == "KeyNotFound"
    assert "alias/none" in caught.value.text


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("Disabled", f"aws kms enable-key --region {REGION} --key-id {KEY_ID}"),
        ("PendingDeletion", f"aws kms cancel-key-deletion --region {REGION} --key-id {KEY_ID}"),
        ("PendingImport", "Import its key material"),
        ("PendingReplicaDeletion", "Name another key"),
        ("Unavailable", "custom key store"),
        ("Creating", "Drop the request again"),
    ],
)
def test_a_key_that_is_not_enabled_is_refused_with_the_remedy_of_its_state(state: str, remedy: str) -> None:
    refusal = _refusal(key(KeyState=state, Enabled=False))
    assert (refusal.code, refusal.facts["state"]) == ("KeyNotEnabled", state)
    assert remedy in refusal.text


def test_a_key_whose_primary_region_changes_can_be_used() -> None:
    assert _examine(key(KeyState="Updating", Enabled=False, MultiRegion=True)) == KeyFacts(arn=KEY_ARN)


def test_the_day_of_a_keys_deletion_is_named() -> None:
    deleted = dt.datetime(2026, 12, 24, tzinfo=dt.UTC)
    assert "deleted on 2026-12-24" in _refusal(key(KeyState="PendingDeletion", DeletionDate=deleted)).text


@pytest.mark.parametrize(
    "changes",
    [
        {"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048"},
        {"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "RSA_4096"},
        {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
    ],
)
def test_a_key_that_ebs_cannot_encrypt_with_is_refused(changes: dict[str, Any]) -> None:
    refusal = _refusal(key(**changes))
    assert refusal.code == "KeyUnsuitable"
    assert changes["KeySpec"] in refusal.text


def test_a_key_of_another_account_is_refused_unless_the_owner_allowed_it() -> None:
    arn = KEY_ARN.replace(ACCOUNT, "999999999999")
    other = key(AWSAccountId="999999999999", Arn=arn)
    assert _refusal(other, key_id=arn).code == "KeyInOtherAccount"
    assert _examine(other, key_id=arn, allowed_key=True) == KeyFacts(arn=arn)


@pytest.mark.parametrize("named", ["alias/aws/ebs", KEY_ID, KEY_ARN])
def test_the_default_key_by_name_is_advised_against(named: str) -> None:
    known = _examine(key(KeyManager="AWS"), key_id=named)
    assert known.managed_by_aws
    (advice,) = known.advice
    assert advice.code == "DefaultKeyNamed"
    assert "leave `KmsKeyId` out" in advice.remedy


def test_the_accounts_default_key_is_known_as_awss_without_being_named() -> None:
    with Stub("kms") as kms:
        kms.add_response("describe_key", key(KeyManager="AWS"), {"KeyId": KEY_ARN})
        known = require_usable_key(kms.client, KEY_ARN, region=REGION, account=ACCOUNT, named=False)
    assert known == KeyFacts(arn=KEY_ARN, managed_by_aws=True)


@pytest.mark.parametrize("named", ["alias/aws/ebs", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/ebs"])
def test_the_default_keys_alias_says_what_it_is_where_it_may_not_be_described(named: str) -> None:
    with Stub("kms") as kms:
        kms.add_client_error("describe_key", "AccessDeniedException", "not authorized", 400)
        known = require_usable_key(kms.client, named, region=REGION, account=ACCOUNT)
    assert [advice.code for advice in known.advice] == ["DefaultKeyNamed"]
    assert known.managed_by_aws is True


def test_the_key_of_another_service_is_refused() -> None:
    assert _refusal(key(KeyManager="AWS"), key_id="alias/aws/s3").code == "KeyUnsuitable"


def test_a_key_that_may_not_be_described_proves_nothing() -> None:
    with Stub("kms") as kms:
        kms.add_client_error("describe_key", "AccessDeniedException", "not authorized", 400)
        known = require_usable_key(kms.client, KEY_ID, region=REGION, account=ACCOUNT)
    assert (known.arn, known.managed_by_aws) == (None, None)
    assert [advice.code for advice in known.advice] == ["KeyNotExamined"]
    assert "kms:DescribeKey" in known.advice[0].remedy


def test_a_look_that_cannot_be_taken_proves_nothing() -> None:
    class Kms:
        def describe_key(self, **_: str) -> dict[str, Any]:
            raise NoCredentialsError

        def get_key_policy(self, **_: str) -> dict[str, Any]:
            raise AssertionError

    known = require_usable_key(Kms(), KEY_ID, region=REGION, account=ACCOUNT)
    assert "NoCredentialsError" in known.advice[0].message


def test_a_throttled_look_is_made_again() -> None:
    with Stub("kms") as kms:
        kms.add_client_error("describe_key", "ThrottlingException", "Rate exceeded", 400)
        with pytest.raises(TransientServiceError):
            require_usable_key(kms.client, KEY_ID, region=REGION, account=ACCOUNT)
