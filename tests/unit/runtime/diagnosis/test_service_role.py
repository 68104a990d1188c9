"""EC2 rejects the role with one message; the examination says why."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.stub import Stubber

from tests.unit.runtime.diagnosis.fake_iam import (
    ACCOUNT,
    BUCKET,
    GUIDE_GRANTS,
    KEY,
    KMS_KEY,
    REGION,
    FakeIam,
    trust,
    trust_statement,
)
from vmie_runtime.diagnosis import Diagnosis, diagnose_call
from vmie_runtime.diagnosis.policy_simulation import required_grants
from vmie_runtime.diagnosis.role_examination import CheckOutcome, RoleExamination
from vmie_runtime.diagnosis.service_role import ServiceRole, diagnose_role_rejection, examine_service_role

_MESSAGE = "The service role vmimport provided does not exist or does not have sufficient permissions"
_LICENSE = f"arn:aws:license-manager:{REGION}:{ACCOUNT}:license-configuration:lic-1"


def _role(**changes: Any) -> ServiceRole:
    facts: dict[str, Any] = {"role_name": "vmimport", "account": ACCOUNT, "region": REGION}
    return ServiceRole(**{**facts, "bucket": BUCKET, "key": KEY, **changes})


def _examine(iam: FakeIam, **changes: Any) -> RoleExamination:
    return examine_service_role(iam, _role(**changes))  # type: ignore[arg-type]


def _diagnose(iam: FakeIam, **changes: Any) -> Diagnosis:
    call = diagnose_call("ImportImage", "InvalidParameter", _MESSAGE)
    return diagnose_role_rejection(call, _examine(iam, **changes))


def _without(*actions: str) -> tuple[tuple[str, str], ...]:
    return tuple(grant for grant in GUIDE_GRANTS if grant[0] not in actions)


def _conditions(**conditions: Any) -> dict[str, Any]:
    return trust(trust_statement(Condition=conditions))


def test_the_guides_role_passes_every_check() -> None:
    examination = _examine(
        FakeIam(), kms_key_arns=(KMS_KEY,), source_key_arns=(KMS_KEY,), license_configuration_arns=(_LICENSE,)
    )
    assert {check.outcome for check in examination.checks} == {CheckOutcome.PASSED}
    assert len(examination.checks) == 10
    assert all(check.detail and not check.remedy for check in examination.checks)


def test_where_all_passes_the_causes_that_remain_are_ranked() -> None:
    diagnosis = _diagnose(FakeIam())
    assert (diagnosis.code, diagnosis.message, diagnosis.retryable) == ("ServiceRoleRejected", _MESSAGE, True)
    assert "neither EC2 nor IAM tells" in diagnosis.cause
    order = [
        "created at 2026-03-01T12:00",
        "bucket policy on",
        "KMS key",
        "AWS STS",
        "iam:PassRole",
    ]
    places = [diagnosis.remedy.index(words) for words in order]
    assert places == sorted(places)
    assert f"not active in {REGION}" in diagnosis.remedy


def test_a_missing_role_is_named_with_the_commands_that_make_it() -> None:
    diagnosis = _diagnose(FakeIam(absent=True), kms_key_arns=(KMS_KEY,))
    assert diagnosis.code == "ServiceRoleMissing"
    assert f"no role vmimport in account {ACCOUNT}" in diagnosis.cause
    create, put = (shlex.split(command) for command in diagnosis.remedy.split("`")[1::2])
    assert create[:4] == ["aws", "iam", "create-role", "--role-name"]
    assert json.loads(create[-1]) == trust()
    granted = {action for one in json.loads(put[-1])["Statement"] for action in one["Action"]}
    assert {"s3:GetObject", "ec2:Describe*", "kms:ReEncrypt*"} <= granted
    assert [check.code for check in _examine(FakeIam(absent=True)).checks] == ["ServiceRoleMissing"]


@pytest.mark.parametrize(
    ("document", "code", "found"),
    [
        (
            trust(trust_statement(Principal={"Service": "ec2.amazonaws.com"})),
            "ServiceRoleTrust",
            "ec2.amazonaws.com",
        ),
        (trust(trust_statement(Action="sts:TagSession")), "ServiceRoleTrust", "sts:AssumeRole"),
        ({"Statement": []}, "ServiceRoleTrust", "to anybody"),
        ("not json", "ServiceRoleTrust", "to anybody"),
        (
            trust(trust_statement(), trust_statement(Effect="Deny", Action="sts:*", Condition={})),
            "ServiceRoleTrust",
            "Deny statement",
        ),
        (trust(trust_statement(Condition={})), "ServiceRoleExternalId", "No condition on `sts:ExternalId`"),
        (
            _conditions(StringEquals={"sts:ExternalId": "VMImport"}),
            "ServiceRoleExternalId",
            "presents `vmimport`",
        ),
        (
            _conditions(StringEquals={"sts:ExternalId": "vmimport", "aws:SourceAccount": "999999999999"}),
            "ServiceRoleSourceCondition",
            f"presents `{ACCOUNT}`",
        ),
        (
            _conditions(
                StringEquals={"sts:ExternalId": "vmimport"},
                ArnLike={"aws:SourceArn": f"arn:aws:vmie::{ACCOUNT}:/*"},
            ),
            "ServiceRoleSourceCondition",
            "Some editions of the user guide",
        ),
        (
            _conditions(
                StringEquals={"sts:ExternalId": "vmimport", "aws:SourceArn": f"arn:aws:vmie:*:{ACCOUNT}:*"}
            ),
            "ServiceRoleSourceCondition",
            f"begins with `arn:aws:vmie:{REGION}:{ACCOUNT}:`",
        ),
        (
            _conditions(
                StringEquals={"sts:ExternalId": "vmimport"},
                ArnLike={"aws:SourceArn": f"arn:aws:vmie:us-east-1:{ACCOUNT}:*"},
            ),
            "ServiceRoleSourceCondition",
            "us-east-1",
        ),
    ],
)
def test_what_is_wrong_with_the_trust_policy_is_named(document: Any, code: str, found: str) -> None:
    diagnosis = _diagnose(FakeIam(trust=document))
    assert diagnosis.code == code
    assert found in diagnosis.cause
    command = shlex.split(diagnosis.remedy.split("`")[1])
    assert command[2] == "update-assume-role-policy"
    assert json.loads(command[-1]) == trust()
    assert not diagnosis.retryable


@pytest.mark.parametrize(
    ("missing", "code", "resource"),
    [
        ("s3:GetBucketLocation", "ServiceRoleBucketAccess", f"arn:aws:s3:::{BUCKET}"),
        ("s3:ListBucket", "ServiceRoleBucketAccess", f"arn:aws:s3:::{BUCKET}"),
        ("s3:GetObject", "ServiceRoleObjectAccess", f"arn:aws:s3:::{BUCKET}/*"),
        ("ec2:ModifySnapshotAttribute", "ServiceRoleEc2Access", "*"),
        ("ec2:CopySnapshot", "ServiceRoleEc2Access", "*"),
        ("ec2:RegisterImage", "ServiceRoleEc2Access", "*"),
        ("ec2:Describe*", "ServiceRoleEc2Access", "*"),
        ("kms:*", "ServiceRoleKeyAccess", KMS_KEY),
        ("license-manager:*", "ServiceRoleLicenseAccess", "*"),
    ],
)
def test_a_missing_permission_is_named_with_the_statement_that_grants_it(
    missing: str, code: str, resource: str
) -> None:
    iam = FakeIam(allowed=_without(missing))
    diagnosis = _diagnose(iam, kms_key_arns=(KMS_KEY,), license_configuration_arns=(_LICENSE,))
    assert diagnosis.code == code
    assert missing.rstrip("*") in diagnosis.cause
    command = shlex.split(diagnosis.remedy.split("`")[-2])
    assert command[2] == "put-role-policy"
    (statement,) = json.loads(command[-1])["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == [resource]
    assert any(action.startswith(missing.rstrip("*")) for action in statement["Action"])
    assert _examine(FakeIam(allowed=(*iam.allowed, *_granted(statement)))).failed == ()


def _granted(statement: dict[str, Any]) -> list[tuple[str, str]]:
    return [(action, resource) for action in statement["Action"] for resource in statement["Resource"]]


def test_a_source_key_needs_decrypt_only() -> None:
    decrypt_only = (*_without("kms:*"), ("kms:Decrypt", KMS_KEY))
    assert _examine(FakeIam(allowed=decrypt_only), source_key_arns=(KMS_KEY,)).failed == ()
    assert _diagnose(FakeIam(allowed=decrypt_only), kms_key_arns=(KMS_KEY,)).code == "ServiceRoleKeyAccess"


def test_the_first_failure_gives_the_code_and_all_are_told() -> None:
    diagnosis = _diagnose(
        FakeIam(trust=trust(trust_statement(Condition={})), allowed=_without("s3:GetObject"))
    )
    assert diagnosis.code == "ServiceRoleExternalId"
    assert "Failed too: it may read the image" in diagnosis.cause
    assert "put-role-policy" in diagnosis.remedy.split("Then: ")[1]
    assert diagnosis.remedy.count("put-role-policy") == 1


def test_all_missing_permissions_are_mended_by_one_command() -> None:
    iam = FakeIam(allowed=_without("s3:GetObject", "ec2:RegisterImage"))
    diagnosis = _diagnose(iam)
    command = shlex.split(diagnosis.remedy.split("`")[-2])
    assert command[command.index("--policy-name") + 1] == "vmie-objects-ec2"
    granted = [grant for one in json.loads(command[-1])["Statement"] for grant in _granted(one)]
    assert _examine(FakeIam(allowed=(*iam.allowed, *granted))).failed == ()


@pytest.mark.parametrize(
    ("iam", "words"),
    [
        (FakeIam(denied=(("s3:GetObject", "*"),)), "a Deny statement of keep-out denies it"),
        (FakeIam(boundary="[!s]*"), "permissions boundary does not allow it"),
        (FakeIam(organisation="[!s]*"), "service control policy"),
        (FakeIam(allowed=_without("s3:GetObject")), "(The bucket's policy might; it cannot be simulated.)"),
    ],
)
def test_why_a_permission_is_missing_is_told_where_iam_knows(iam: FakeIam, words: str) -> None:
    (check,) = [one for one in _examine(iam).checks if one.code == "ServiceRoleObjectAccess"]
    assert check.outcome is CheckOutcome.FAILED
    assert words in check.detail


@pytest.mark.parametrize("action", ["s3:GetObject", "ec2:CopySnapshot"])
def test_a_condition_that_only_the_real_call_fulfils_is_unknown(action: str) -> None:
    examination = _examine(FakeIam(conditioned=(action,)))
    (check,) = examination.unknown
    assert f"`{action}` depends on conditions on `aws:SourceVpce`" in check.detail
    assert examination.first_failure is None


def test_a_role_that_may_not_be_read_is_simulated_all_the_same() -> None:
    examination = _examine(FakeIam(refused=("GetRole",), allowed=_without("s3:GetObject")))
    assert [check.code for check in examination.unknown] == ["ServiceRoleMissing"]
    assert [check.code for check in examination.failed] == ["ServiceRoleObjectAccess"]
    assert "iam:GetRole" in examination.checks[0].remedy


def test_where_nothing_may_be_read_nothing_is_claimed() -> None:
    iam = FakeIam(refused=("GetRole", "SimulatePrincipalPolicy"))
    diagnosis = _diagnose(iam)
    assert diagnosis.code == "ServiceRoleRejected"
    assert "Checked and found right" not in diagnosis.cause
    assert "whether it exists and whom it trusts cannot be told" in diagnosis.cause
    assert "iam:SimulatePrincipalPolicy" in diagnosis.remedy
    assert diagnosis.cause.count("could not be simulated") == 1


def test_the_simulation_takes_the_roles_own_arn_with_its_path() -> None:
    iam = FakeIam()
    _examine(iam)
    assert {one["PolicySourceArn"] for one in iam.simulated} == {
        f"arn:aws:iam::{ACCOUNT}:role/service/vmimport"
    }
    actions = {action for one in iam.simulated for action in one["ActionNames"]}
    assert not [action for action in actions if "*" in action]


def test_without_a_key_any_object_of_the_bucket_counts() -> None:
    iam = FakeIam()
    assert _examine(iam, key=None).failed == ()
    assert [f"arn:aws:s3:::{BUCKET}/*"] in [one["ResourceArns"] for one in iam.simulated]


def test_other_partitions_have_arns_of_their_own() -> None:
    document = _conditions(
        StringEquals={"sts:ExternalId": "vmimport"},
        ArnLike={"aws:SourceArn": f"arn:aws-cn:vmie:*:{ACCOUNT}:*"},
    )
    iam = FakeIam(trust=document, allowed=(("*", "*"),))
    assert _examine(iam, partition="aws-cn", region="cn-north-1").failed == ()
    assert [f"arn:aws-cn:s3:::{BUCKET}"] in [one["ResourceArns"] for one in iam.simulated]
    assert _examine(FakeIam(trust=document)).first_failure


def test_the_calls_are_as_botocore_takes_them() -> None:
    client = boto3.client(
        "iam", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    role = FakeIam(trust=quote(json.dumps(trust()))).get_role(RoleName="vmimport")
    with Stubber(client) as stub:
        stub.add_response("get_role", role, {"RoleName": "vmimport"})
        for grant in required_grants(_role()):
            actions = [action for action, _ in grant.actions]
            results = [{"EvalActionName": action, "EvalDecision": "allowed"} for action in actions]
            stub.add_response("simulate_principal_policy", {"EvaluationResults": results})
        examination = examine_service_role(client, _role())
        stub.assert_no_pending_responses()
    assert {check.outcome for check in examination.checks} == {CheckOutcome.PASSED}


def test_a_document_that_nobody_parsed_is_parsed() -> None:
    assert _examine(FakeIam(trust=quote(json.dumps(trust())))).failed == ()


def test_an_export_asks_for_what_it_writes_with() -> None:
    assert _examine(FakeIam()).failed == ()
    missing = _examine(FakeIam(), writes=True)
    assert [check.code for check in missing.failed] == ["ServiceRoleBucketAccess", "ServiceRoleObjectAccess"]
    diagnosis = _diagnose(FakeIam(), writes=True)
    assert "s3:GetBucketAcl" in diagnosis.remedy
    assert "s3:PutObject" in diagnosis.remedy
    granted = (
        *GUIDE_GRANTS,
        ("s3:GetBucketAcl", f"arn:aws:s3:::{BUCKET}"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*"),
    )
    assert _examine(FakeIam(allowed=granted), writes=True).failed == ()


_PROBE = "vmimportexport_write_verification"


def test_an_export_needs_no_more_of_the_bucket_than_its_prefix_and_the_probe() -> None:
    """Whoever writes to the rest could ask for exports, or answer for them."""
    elsewhere = [grant for grant in GUIDE_GRANTS if not grant[1].startswith(f"arn:aws:s3:::{BUCKET}/")]
    assert len(elsewhere) < len(GUIDE_GRANTS)
    objects = [f"arn:aws:s3:::{BUCKET}/{name}" for name in ("exports/*", _PROBE)]
    written = [(action, arn) for action in ("s3:GetObject", "s3:PutObject") for arn in objects]
    granted = (*elsewhere, ("s3:GetBucketAcl", f"arn:aws:s3:::{BUCKET}"), *written)
    assert _examine(FakeIam(allowed=granted), writes=True).failed == ()
    for without in written:
        lacking = FakeIam(allowed=tuple(grant for grant in granted if grant != without))
        (check,) = _examine(lacking, writes=True).failed
        assert check.code == "ServiceRoleObjectAccess"
        assert all(arn in check.remedy for arn in objects)
        assert f"{BUCKET}/*" not in check.remedy
