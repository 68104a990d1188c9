"""What a bucket grants the Region's export service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vmie_constructs.export_grantees import EXPORT_GRANTEES
from vmie_local.vm_import.exports.bucket_access import may_write
from vmie_local.vm_import.exports.grantees import grantees
from vmie_local.vm_import.exports.ports import BucketControls

GRANTEE = grantees()["us-east-1"]
ARN = "arn:aws:s3:::exports"
KEYS = ("vmimportexport_write_verification", "out/export-i-1.ova")
BOTH = (("WRITE", GRANTEE), ("READ_ACP", GRANTEE))


def allowed(
    *,
    grants: tuple[tuple[str, str], ...] = (),
    statements: list[dict[str, Any]] | None = None,
    ownership: str | None = "BucketOwnerPreferred",
    grantee: str = GRANTEE,
) -> bool:
    policy = None if statements is None else json.dumps({"Version": "2012-10-17", "Statement": statements})
    acl = tuple((holder, permission) for permission, holder in grants)
    controls = BucketControls("123456789012", "us-east-1", ownership, acl, policy, "AES256")
    return may_write(ARN, controls, grantee, KEYS)


def statement(action: str, resource: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    principal = {"CanonicalUser": GRANTEE}
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource, **more}


READ = statement("s3:GetBucketAcl", ARN)
WRITE = statement("s3:PutObject", f"{ARN}/*")


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        (BOTH, True),
        ((("FULL_CONTROL", GRANTEE),), True),
        (BOTH[:1], False),
        (BOTH[1:], False),
        ((("WRITE", GRANTEE), ("READ", GRANTEE)), False),
        ((("FULL_CONTROL", "0" * 64),), False),
        ((), False),
    ],
)
def test_an_acl_must_grant_write_and_read_acp(grants: tuple[tuple[str, str], ...], expected: bool) -> None:
    assert allowed(grants=grants) is expected


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([READ, WRITE], True),
        ([statement("s3:*", "*")], True),
        ([READ], False),
        ([WRITE], False),
        ([READ, statement("s3:PutObject", f"{ARN}/out/*")], False),
        (
            [READ, statement("s3:PutObject", f"{ARN}/out/*"), statement("s3:PutObject", f"{ARN}/{KEYS[0]}")],
            True,
        ),
        ([READ, WRITE, statement("s3:PutObject", f"{ARN}/*", "Deny")], False),
        ([], False),
    ],
)
def test_a_policy_must_allow_the_acl_s_reading_the_probe_and_the_file(
    statements: list[dict[str, Any]], expected: bool
) -> None:
    assert allowed(statements=statements) is expected


def test_acl_and_policy_may_share_the_work() -> None:
    assert allowed(grants=BOTH[:1], statements=[READ])


def test_a_policy_that_denies_goes_before_an_acl() -> None:
    assert not allowed(grants=BOTH, statements=[statement("s3:PutObject", f"{ARN}/*", "Deny")])


def test_a_policy_for_encrypted_connections_lets_the_service_in() -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    everyone = {"AWS": "*"}
    denials = [
        {**statement("s3:*", "*", "Deny", Condition=condition), "Principal": everyone}
        for condition in (insecure, old)
    ]

    assert allowed(statements=[READ, WRITE, *denials])


@pytest.mark.parametrize(
    ("ownership", "expected"),
    [("BucketOwnerEnforced", False), ("BucketOwnerPreferred", True), ("ObjectWriter", True), (None, True)],
)
def test_a_bucket_without_acls_takes_no_export(ownership: str | None, expected: bool) -> None:
    assert allowed(grants=BOTH, statements=[READ, WRITE], ownership=ownership) is expected


def test_another_region_s_service_is_somebody_else() -> None:
    assert not allowed(grants=BOTH, statements=[READ, WRITE], grantee=grantees()["eu-south-1"])


def test_the_local_aws_and_the_constructs_know_the_same_grantees() -> None:
    assert grantees() == dict(EXPORT_GRANTEES)
