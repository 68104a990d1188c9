"""The remedies of the service role's examination, run as they are written, mend the role."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from vmie_local import LocalAws
from vmie_runtime.diagnosis import Diagnosis, diagnose_call
from vmie_runtime.diagnosis.service_role import ServiceRole, diagnose_role_rejection, examine_service_role

_CALL = diagnose_call(
    "ImportImage",
    "InvalidParameter",
    "The service role remedied provided does not exist or does not have sufficient permissions",
)


@pytest.fixture
def role(cloud: LocalAws) -> Iterator[ServiceRole]:
    settings = cloud.settings
    yield ServiceRole(
        role_name="remedied",
        account=settings.account,
        region=settings.region,
        bucket="remedied-bucket",
        key="images/web.ova",
    )
    iam = cloud.client("iam")
    for name in iam.list_role_policies(RoleName="remedied")["PolicyNames"]:
        iam.delete_role_policy(RoleName="remedied", PolicyName=name)
    iam.delete_role(RoleName="remedied")


def test_a_missing_role_is_made_by_its_remedy(cloud: LocalAws, role: ServiceRole) -> None:
    diagnosis = _diagnose(cloud, role)
    assert diagnosis.code == "ServiceRoleMissing"
    assert _run(cloud, diagnosis.remedy) == ["create-role", "put-role-policy"]
    assert _diagnose(cloud, role).code == "ServiceRoleRejected"


def test_a_role_with_several_faults_is_mended_in_one_round(cloud: LocalAws, role: ServiceRole) -> None:
    iam = cloud.client("iam")
    iam.create_role(RoleName="remedied", AssumeRolePolicyDocument=_trust(f"arn:aws:vmie::{role.account}:/*"))
    iam.put_role_policy(
        RoleName="remedied", PolicyName="vmimport", PolicyDocument=_policy("s3:Get*", role.bucket_arn)
    )
    diagnosis = _diagnose(cloud, role)
    assert diagnosis.code == "ServiceRoleSourceCondition"
    assert _run(cloud, diagnosis.remedy) == ["update-assume-role-policy", "put-role-policy"]
    assert _diagnose(cloud, role).code == "ServiceRoleRejected"


def _diagnose(cloud: LocalAws, role: ServiceRole) -> Diagnosis:
    return diagnose_role_rejection(_CALL, examine_service_role(cloud.client("iam"), role))


def _run(cloud: LocalAws, remedy: str) -> list[str]:
    """Run the AWS CLI commands of a remedy by boto3; returns their names."""
    iam, names = cloud.client("iam"), []
    for quoted in remedy.split("`")[1::2]:
        words = shlex.split(quoted)
        if words[:2] != ["aws", "iam"]:
            continue
        names.append(words[2])
        options = zip(words[3::2], words[4::2], strict=True)
        arguments = {option.strip("-").title().replace("-", ""): value for option, value in options}
        getattr(iam, words[2].replace("-", "_"))(**arguments)
    return names


def _trust(source_arn: str) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "vmie.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"sts:Externalid": "vmimport"},
            "ArnLike": {"aws:SourceArn": source_arn},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
