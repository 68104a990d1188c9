"""The account's encryption by default is read, and what follows from it is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.checks.requests import REGION
from tests.unit.runtime.checks.stubbed import KEY_ARN, Stub
from vmie_runtime.checks.default_encryption import (
    AWS_MANAGED,
    DefaultEncryption,
    advise_on_default_encryption,
    key_of_result,
    read_default_encryption,
)
from vmie_runtime.errors import TransientServiceError

_OFF = DefaultEncryption(enabled=False, key=AWS_MANAGED)
_AWS = DefaultEncryption(enabled=True, key=AWS_MANAGED)
_OWN = DefaultEncryption(enabled=True, key=KEY_ARN)
_UNKNOWN = DefaultEncryption(enabled=None, key=None)


def _codes(parameters: dict[str, Any], default: DefaultEncryption, *, share: bool = False) -> list[str]:
    found = advise_on_default_encryption(parameters, default, region=REGION, share=share)
    return [advice.code for advice in found]


def test_the_settings_are_read() -> None:
    with Stub("ec2") as ec2:
        ec2.add_response("get_ebs_encryption_by_default", {"EbsEncryptionByDefault": True}, {})
        ec2.add_response("get_ebs_default_kms_key_id", {"KmsKeyId": KEY_ARN}, {})
        assert read_default_encryption(ec2.client) == _OWN


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
    ("parameters", "default", "key"),
    [
        ({}, _OFF, None),
        ({"Encrypted": False}, _OFF, None),
        ({"Encrypted": True}, _OFF, AWS_MANAGED),
        ({}, _AWS, AWS_MANAGED),
        ({}, _OWN, KEY_ARN),
        ({"Encrypted": False}, _OWN, KEY_ARN),
        ({"Encrypted": True, "KmsKeyId": "alias/web"}, _OWN, "alias/web"),
        ({}, _UNKNOWN, None),
        ({"Encrypted": True}, _UNKNOWN, None),
    ],
)
def test_the_key_of_the_result_is_foreseen(
    parameters: dict[str, Any], default: DefaultEncryption, key: str | None
) -> None:
    assert key_of_result(parameters, default) == key


@pytest.mark.parametrize(
    ("parameters", "default", "codes"),
    [
        ({}, _OFF, []),
        ({}, _UNKNOWN, []),
        ({"Encrypted": True}, _OFF, []),
        ({}, _AWS, ["EncryptedByDefault", "NotShareable"]),
        ({"Encrypted": False}, _AWS, ["EncryptedByDefault", "NotShareable"]),
        ({"Encrypted": True}, _AWS, ["NotShareable"]),
        ({}, _OWN, ["EncryptedByDefault"]),
        ({"Encrypted": True, "KmsKeyId": KEY_ARN}, _AWS, []),
        ({"KmsKeyId": KEY_ARN}, _AWS, []),
    ],
)
def test_what_nobody_asked_for_is_named(
    parameters: dict[str, Any], default: DefaultEncryption, codes: list[str]
) -> None:
    assert _codes(parameters, default) == codes


def test_sharing_with_awss_own_key_is_named_also_where_it_was_asked_for() -> None:
    assert _codes({"Encrypted": True}, _OFF, share=True) == ["NotShareable"]
    assert _codes({"Encrypted": True, "KmsKeyId": KEY_ARN}, _OFF, share=True) == []


def test_awss_key_needs_no_grant() -> None:
    advice = advise_on_default_encryption({}, _AWS, region=REGION)[0]
    assert "grant_key" not in advice.remedy
    assert "need that key" not in advice.message
    assert (_AWS.managed_by_aws, _OWN.managed_by_aws, _UNKNOWN.managed_by_aws) == (True, False, False)


def test_the_consequences_are_told() -> None:
    (advice,) = advise_on_default_encryption({}, _OWN, region=REGION)
    assert "cannot be exported" in advice.message
    assert REGION in advice.message
    assert KEY_ARN in advice.message
    assert KEY_ARN in advice.remedy
