"""The account's encryption by default is read, and what follows from it is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.checks.requests import REGION
from tests.unit.runtime.checks.stubbed import KEY_ARN, Stub
from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.default_encryption import (
    DefaultEncryption,
    advise_on_default_encryption,
    is_encrypted_by_default_key,
    named_key,
    read_default_encryption,
)
from vmie_runtime.errors import TransientServiceError

_OFF = DefaultEncryption(enabled=False, key=KEY_ARN)
_ON = DefaultEncryption(enabled=True, key=KEY_ARN)
_UNKNOWN = DefaultEncryption(enabled=None, key=None)


def _advice(
    parameters: dict[str, Any],
    default: DefaultEncryption,
    *,
    operation: str = "ImportImage",
    managed_by_aws: bool | None = True,
    share: bool = False,
) -> list[Advice]:
    return advise_on_default_encryption(
        operation, parameters, default, managed_by_aws=managed_by_aws, region=REGION, share=share
    )


def _codes(*arguments: Any, **named: Any) -> list[str]:
    return [advice.code for advice in _advice(*arguments, **named)]


def test_the_settings_are_read() -> None:
    with Stub("ec2") as ec2:
        ec2.add_response("get_ebs_encryption_by_default", {"EbsEncryptionByDefault": True}, {})
        ec2.add_response("get_ebs_default_kms_key_id", {"KmsKeyId": KEY_ARN}, {})
        assert read_default_encryption(ec2.client) == _ON


@pytest.mark.parametrize("operation", ["get_ebs_encryption_by_default", "get_ebs_default_kms_key_id"])
def test_settings_that_may_not_be_read_are_unknown(operation: str) -> None:
    with Stub("ec2") as ec2:
        if operation == "get_ebs_default_kms_key_id":
            ec2.add_response("get_ebs_encryption_by_default", {"EbsEncryptionByDefault": True}, {})
        ec2.add_client_error(operation, "UnauthorizedOperation", "You are not authorized", 403)
        assert read_default_encryption(ec2.client) == _UNKNOWN


def test_a_throttled_read_is_made_again() -> None:
    with Stub("ec2") as ec2:
        ec2.add_client_error("get_ebs_encryption_by_default", "RequestLimitExceeded", "slow down", 503)
        with pytest.raises(TransientServiceError):
            read_default_encryption(ec2.client)


@pytest.mark.parametrize(
    ("parameters", "default", "by_default"),
    [
        ({}, _OFF, False),
        ({"Encrypted": False}, _OFF, False),
        ({"Encrypted": True}, _OFF, True),
        ({}, _ON, True),
        ({"Encrypted": False}, _ON, True),
        ({"Encrypted": True, "KmsKeyId": "alias/web"}, _ON, False),
        ({}, _UNKNOWN, False),
        ({"Encrypted": True}, _UNKNOWN, False),
    ],
)
def test_the_key_of_the_result_is_foreseen(
    parameters: dict[str, Any], default: DefaultEncryption, by_default: bool
) -> None:
    assert is_encrypted_by_default_key("ImportImage", parameters, default) is by_default
    assert named_key("ImportImage", parameters) == parameters.get("KmsKeyId")


@pytest.mark.parametrize("operation", ["ImportInstance", "ImportVolume"])
def test_what_has_no_parameters_that_encrypt_is_encrypted_by_the_account_alone(operation: str) -> None:
    owners = {"Encrypted": True, "KmsKeyId": KEY_ARN}
    assert named_key(operation, owners) is None
    assert not is_encrypted_by_default_key(operation, owners, _OFF)
    assert is_encrypted_by_default_key(operation, owners, _ON)
    assert _codes(owners, _ON, operation=operation) == ["EncryptedByDefault", "NotShareable"]


@pytest.mark.parametrize(
    ("parameters", "default", "managed_by_aws", "codes"),
    [
        ({}, _OFF, None, []),
        ({}, _UNKNOWN, None, []),
        ({"Encrypted": True}, _OFF, True, []),
        ({}, _ON, True, ["EncryptedByDefault", "NotShareable"]),
        ({"Encrypted": False}, _ON, True, ["EncryptedByDefault", "NotShareable"]),
        ({"Encrypted": True}, _ON, True, ["NotShareable"]),
        ({}, _ON, False, ["EncryptedByDefault"]),
        ({}, _ON, None, ["EncryptedByDefault"]),
        ({"Encrypted": True, "KmsKeyId": KEY_ARN}, _ON, False, []),
        ({"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}, _ON, True, ["NotShareable"]),
    ],
)
def test_what_nobody_asked_for_is_named(
    parameters: dict[str, Any], default: DefaultEncryption, managed_by_aws: bool | None, codes: list[str]
) -> None:
    assert _codes(parameters, default, managed_by_aws=managed_by_aws) == codes


def test_sharing_with_awss_own_key_is_named_also_where_it_was_asked_for() -> None:
    assert _codes({"Encrypted": True}, _OFF, share=True) == ["NotShareable"]
    named = {"Encrypted": True, "KmsKeyId": KEY_ARN}
    assert _codes(named, _OFF, managed_by_aws=False, share=True) == []


@pytest.mark.parametrize(
    ("operation", "words", "absent"),
    [
        ("ImportImage", "Say `Encrypted: true` and name a key", "modify-ebs-default-kms-key-id"),
        ("ImportVolume", "modify-ebs-default-kms-key-id", "Say `Encrypted: true`"),
    ],
)
def test_the_remedy_names_parameters_that_the_operation_has(operation: str, words: str, absent: str) -> None:
    advice = _advice({}, _ON, operation=operation)[1]
    assert words in advice.remedy
    assert absent not in advice.remedy


def test_awss_key_needs_no_grant() -> None:
    advice = _advice({}, _ON)[0]
    assert "allowed_kms_keys" not in advice.remedy
    assert "that key" not in advice.message


@pytest.mark.parametrize(
    ("operation", "managed_by_aws", "words"),
    [
        ("ImportImage", False, "the service role and who starts the task need that key."),
        ("ImportImage", None, "need that key, unless it is AWS's own, which could not be told."),
        ("ImportInstance", False, "; and who starts the task needs that key."),
    ],
)
def test_who_needs_the_key_is_told_with_the_setting_that_grants_it(
    operation: str, managed_by_aws: bool | None, words: str
) -> None:
    (advice,) = _advice({}, _ON, operation=operation, managed_by_aws=managed_by_aws)
    assert "cannot be exported" in advice.message
    assert REGION in advice.message
    assert advice.message.endswith(words)
    assert "`allowed_kms_keys`" in advice.remedy
    assert KEY_ARN in advice.remedy
