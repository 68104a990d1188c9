"""What the role's policies let VM Import/Export do, by IAM's own simulation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.checks.key_policies import SERVICE_ROLE_ACTIONS
from vmie_runtime.diagnosis import role_remedies as remedies
from vmie_runtime.diagnosis.role_examination import CheckOutcome, RoleCheck, ServiceRole

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

_EC2_SIMULATED = (
    "ec2:ModifySnapshotAttribute",
    "ec2:CopySnapshot",
    "ec2:RegisterImage",
    # Two that stand for the guide's ec2:Describe*.
    "ec2:DescribeImages",
    "ec2:DescribeSnapshots",
)
# What is known of the calls that the service makes with the role.
_CONTEXT: Any = [
    {"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"},
    {
        "ContextKeyName": "kms:GrantIsForAWSResource",
        "ContextKeyValues": ["true"],
        "ContextKeyType": "boolean",
    },
]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A permission the role needs.

    Attributes:
        name: As of `RoleCheck`.
        code: As of `RoleCheck`.
        actions: What is simulated, on which resource.
        statement: What to add where it is missing.
        statement_name: Names the inline policy to add it by.
        resource_policy: The resource's own policy, which may grant it too and is not simulated; empty where
            there is none.
    """

    name: str
    code: str
    actions: tuple[tuple[str, str], ...]
    statement: dict[str, Any]
    statement_name: str
    resource_policy: str = ""


@dataclass(frozen=True)
class _Decision:
    action: str
    resource: str
    allowed: bool
    reason: str
    missing_context: tuple[str, ...]


def required_grants(role: ServiceRole) -> Iterator[Grant]:
    """The permissions of the user guide, as far as the import or export needs them."""
    yield Grant(
        name="it may look at the bucket",
        code="ServiceRoleBucketAccess",
        actions=tuple((action, role.bucket_arn) for action in remedies.bucket_actions(role)),
        statement=remedies.statement(remedies.bucket_actions(role), role.bucket_arn),
        statement_name="bucket",
        resource_policy="the bucket's policy",
    )
    yield Grant(
        name="it may write the export" if role.writes else "it may read the image",
        code="ServiceRoleObjectAccess",
        actions=tuple((action, arn) for arn in role.object_arns for action in remedies.object_actions(role)),
        statement=remedies.statement(
            remedies.object_actions(role), *(role.object_arns if role.writes else (f"{role.bucket_arn}/*",))
        ),
        statement_name="objects",
        resource_policy="the bucket's policy",
    )
    yield Grant(
        name="it may make snapshots and images",
        code="ServiceRoleEc2Access",
        actions=tuple((action, "*") for action in _EC2_SIMULATED),
        statement=remedies.statement(remedies.EC2_ACTIONS, "*"),
        statement_name="ec2",
    )
    for key in role.source_key_arns:
        yield Grant(
            name=f"it may decrypt with {key}",
            code="ServiceRoleKeyAccess",
            actions=(("kms:Decrypt", key),),
            statement=remedies.statement(("kms:Decrypt",), key),
            statement_name="source-key",
            resource_policy="the key's policy",
        )
    for key in role.kms_key_arns:
        yield Grant(
            name=f"it may encrypt with {key}",
            code="ServiceRoleKeyAccess",
            actions=tuple((action, key) for action in SERVICE_ROLE_ACTIONS),
            statement=remedies.statement(remedies.KEY_ACTIONS, key),
            statement_name="key",
            resource_policy="the key's policy",
        )
    if role.license_configuration_arns:
        read, *associate = remedies.LICENSE_ACTIONS
        yield Grant(
            name="it may attach the licence configurations",
            code="ServiceRoleLicenseAccess",
            actions=(
                *((read, configuration) for configuration in role.license_configuration_arns),
                *((action, "*") for action in associate),
            ),
            statement=remedies.statement(remedies.LICENSE_ACTIONS, "*"),
            statement_name="licenses",
        )


def check_grant(iam: IAMClient, role: ServiceRole, role_arn: str, grant: Grant) -> RoleCheck:
    """Simulate what a grant stands for.

    Failed where an action is denied; unknown where the simulation was refused, or where a policy's
    condition asks for something that only the service's real call would carry.
    """
    try:
        decisions = list(_simulate(iam, role_arn, grant))
    except (BotoCoreError, ClientError) as error:
        return RoleCheck(
            name=grant.name,
            code=grant.code,
            outcome=CheckOutcome.UNKNOWN,
            detail=f"The role's policies could not be simulated ({error}).",
            remedy="Grant the pipeline's function that diagnoses failures `iam:SimulatePrincipalPolicy` on "
            f"{role_arn}.",
        )
    denied = [decision for decision in decisions if not decision.allowed]
    certain = [decision for decision in denied if not decision.missing_context]
    if not denied:
        outcome, detail = CheckOutcome.PASSED, f"Allowed: {_actions(decisions)}."
    elif certain:
        outcome, detail = CheckOutcome.FAILED, _denial(certain, grant)
    else:
        keys = ", ".join(sorted({f"`{key}`" for decision in denied for key in decision.missing_context}))
        outcome = CheckOutcome.UNKNOWN
        detail = f"{_actions(denied)} depends on conditions on {keys}, which only the real call would show."
    missing = (grant.statement_name, grant.statement)
    return RoleCheck(
        name=grant.name,
        code=grant.code,
        outcome=outcome,
        detail=detail,
        remedy=remedies.mend_permissions(role, missing) if denied else "",
        missing=missing if denied else None,
    )


def _simulate(iam: IAMClient, role_arn: str, grant: Grant) -> Iterator[_Decision]:
    by_resource: dict[str, list[str]] = {}
    for action, resource in grant.actions:
        by_resource.setdefault(resource, []).append(action)
    for resource, actions in by_resource.items():
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=role_arn, ActionNames=actions, ResourceArns=[resource], ContextEntries=_CONTEXT
        )
        for page in pages:
            for result in page.get("EvaluationResults", []):
                yield _decision(result, resource)


def _decision(result: Any, resource: str) -> _Decision:
    # One resource was asked for: its own result is the one that counts, where there is one.
    specific: Any = next(iter(result.get("ResourceSpecificResults", [])), {})
    decision = specific.get("EvalResourceDecision", result["EvalDecision"])
    missing = [*result.get("MissingContextValues", []), *specific.get("MissingContextValues", [])]
    boundary = specific.get("PermissionsBoundaryDecisionDetail") or result.get(
        "PermissionsBoundaryDecisionDetail", {}
    )
    if result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False:
        reason = "a service control policy of the organisation does not allow it"
    elif boundary.get("AllowedByPermissionsBoundary") is False:
        reason = "the role's permissions boundary does not allow it"
    elif decision == "explicitDeny":
        sources = sorted(
            {one.get("SourcePolicyId", "") for one in result.get("MatchedStatements", [])} - {""}
        )
        reason = "a Deny statement" + (f" of {', '.join(sources)}" if sources else "") + " denies it"
    else:
        reason = "no policy of the role allows it"
    return _Decision(
        action=result["EvalActionName"],
        resource=resource,
        allowed=decision == "allowed",
        reason=reason,
        # An explicit denial stands whatever else a condition may ask for.
        missing_context=() if decision == "explicitDeny" else tuple(dict.fromkeys(missing)),
    )


def _denial(denied: list[_Decision], grant: Grant) -> str:
    reasons: dict[str, list[_Decision]] = {}
    for decision in denied:
        reasons.setdefault(decision.reason, []).append(decision)
    sentences = [
        f"{_actions(decisions)} on {decisions[0].resource}: {reason}."
        for reason, decisions in reasons.items()
    ]
    if grant.resource_policy and any("no policy of the role" in reason for reason in reasons):
        sentences.append(f"({grant.resource_policy.capitalize()} might; it cannot be simulated.)")
    return " ".join(sentences)


def _actions(decisions: list[_Decision]) -> str:
    return ", ".join(dict.fromkeys(f"`{decision.action}`" for decision in decisions))
