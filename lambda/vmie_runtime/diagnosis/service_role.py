"""Examining the service role, where EC2 gives one message for every cause."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.diagnosis import role_remedies as remedies
from vmie_runtime.diagnosis.policy_simulation import check_grant, required_grants
from vmie_runtime.diagnosis.role_examination import CheckOutcome, RoleCheck, RoleExamination, ServiceRole
from vmie_runtime.diagnosis.role_rejection import diagnose_role_rejection
from vmie_runtime.diagnosis.trust_conditions import AssumeRoleCall
from vmie_runtime.diagnosis.trust_policy import read_trust

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

__all__ = ["RoleExamination", "ServiceRole", "diagnose_role_rejection", "examine_service_role"]

_EXISTS = RoleCheck(
    name="the role exists", code="ServiceRoleMissing", outcome=CheckOutcome.PASSED, detail="It exists."
)
_TRUST_CHECKS = (
    ("assumable", "VM Import/Export may assume the role", "ServiceRoleTrust"),
    ("external_id", "its trust policy asks for the external id vmimport", "ServiceRoleExternalId"),
    ("source", "its conditions on the source match", "ServiceRoleSourceCondition"),
)


def examine_service_role(iam: IAMClient, role: ServiceRole) -> RoleExamination:
    """Find out what keeps VM Import/Export from using a role.

    Needs `iam:GetRole` and `iam:SimulatePrincipalPolicy` on the role; without them the checks concerned end
    unknown. The simulation reads the role's own policies, its permissions boundary and, in part, service
    control policies; not the policies of buckets and keys.

    Args:
        iam: An IAM client.
        role: The role, and the import it is used for.

    Returns:
        The checks in order: existence, trust policy, external id, source conditions, bucket, object, EC2, KMS
        keys, licence configurations. All that can be made are made, so that one round of mending is
        enough; where the role does not exist, there is only that one.
    """
    answer = _get_role(iam, role)
    if isinstance(answer, RoleCheck):
        checks: tuple[RoleCheck, ...] = (answer,)
        if answer.outcome is CheckOutcome.UNKNOWN:
            checks = (*checks, *_permission_checks(iam, role, role.arn))
        return RoleExamination(role=role, checks=checks)
    created = answer.get("CreateDate")
    return RoleExamination(
        role=role,
        checks=(
            _EXISTS,
            *_trust_checks(answer.get("AssumeRolePolicyDocument"), role),
            *_permission_checks(iam, role, answer.get("Arn", role.arn)),
        ),
        created_at=created.isoformat() if created else None,
    )


def _get_role(iam: IAMClient, role: ServiceRole) -> Mapping[str, Any] | RoleCheck:
    """The role, or the check that says why there is none to read."""
    try:
        return iam.get_role(RoleName=role.role_name)["Role"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchEntity":
            return replace(
                _EXISTS,
                outcome=CheckOutcome.FAILED,
                detail=f"There is no role {role.role_name} in account {role.account}.",
                remedy=f"Create it: {remedies.create_role(role)}",
            )
        reason = str(error)
    except BotoCoreError as error:
        reason = str(error)
    return replace(
        _EXISTS,
        outcome=CheckOutcome.UNKNOWN,
        detail=f"The role {role.role_name} could not be read ({reason}), so whether it exists and whom it "
        "trusts cannot be told.",
        remedy=f"Grant the pipeline's function that diagnoses failures `iam:GetRole` on {role.arn}.",
    )


def _trust_checks(document: Any, role: ServiceRole) -> tuple[RoleCheck, ...]:
    call = AssumeRoleCall(account=role.account, region=role.region, partition=role.partition)
    reading = read_trust(_parsed(document), call)
    outcomes = {True: CheckOutcome.PASSED, False: CheckOutcome.FAILED, None: CheckOutcome.UNKNOWN}
    checks = []
    for attribute, name, code in _TRUST_CHECKS:
        verdict = getattr(reading, attribute)
        remedy = "" if verdict.holds else remedies.mend_trust(role)
        checks.append(
            RoleCheck(
                name=name, code=code, outcome=outcomes[verdict.holds], detail=verdict.detail, remedy=remedy
            )
        )
    return tuple(checks)


def _permission_checks(iam: IAMClient, role: ServiceRole, role_arn: str) -> tuple[RoleCheck, ...]:
    return tuple(check_grant(iam, role, role_arn, grant) for grant in required_grants(role))


def _parsed(document: Any) -> Any:
    # botocore parses the document; answers from elsewhere may still carry it URL-encoded.
    if not isinstance(document, str):
        return document
    try:
        return json.loads(unquote(document))
    except ValueError:
        return {}
