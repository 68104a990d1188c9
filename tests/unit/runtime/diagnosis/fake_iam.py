"""IAM in memory, as far as the examination of a role calls it; answers have botocore's shapes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT, REGION, BUCKET, KEY = "111122223333", "eu-west-1", "import-bucket", "images/web.ova"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f1e2d3c"


def trust_statement(**changes: Any) -> dict[str, Any]:
    """The user guide's trust statement, with its hardening."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "vmie.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"sts:ExternalId": "vmimport", "aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:vmie:*:{ACCOUNT}:*"},
        },
    }
    return {**statement, **changes}


def trust(*statements: dict[str, Any]) -> dict[str, Any]:
    """A trust policy."""
    return {"Version": "2012-10-17", "Statement": list(statements or (trust_statement(),))}


GUIDE_GRANTS = (
    ("s3:GetBucketLocation", f"arn:aws:s3:::{BUCKET}"),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
    ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*"),
    ("ec2:ModifySnapshotAttribute", "*"),
    ("ec2:CopySnapshot", "*"),
    ("ec2:RegisterImage", "*"),
    ("ec2:Describe*", "*"),
    ("kms:*", KMS_KEY),
    ("license-manager:*", "*"),
)


@dataclass
class FakeIam:
    """One role, `vmimport`, and who may read it.

    Attributes:
        trust: Its trust policy.
        allowed: Pairs of action and resource patterns that its policies allow.
        denied: Pairs that they deny.
        conditioned: Actions that they allow under a condition on a key that the simulation is not given.
        boundary: Actions that the permissions boundary allows.
        organisation: Actions that service control policies allow.
        refused: Operations that the caller may not call.
        absent: There is no role at all.
    """

    trust: Any = field(default_factory=trust)
    allowed: tuple[tuple[str, str], ...] = GUIDE_GRANTS
    denied: tuple[tuple[str, str], ...] = ()
    conditioned: tuple[str, ...] = ()
    boundary: str = "*"
    organisation: str = "*"
    refused: tuple[str, ...] = ()
    absent: bool = False
    simulated: list[dict[str, Any]] = field(default_factory=list)

    def get_role(self, *, RoleName: str) -> dict[str, Any]:
        """GetRole."""
        self._authorize("GetRole")
        if self.absent:
            raise _error("NoSuchEntity", f"The role with name {RoleName} cannot be found.", "GetRole")
        return {
            "Role": {
                "Path": "/service/",
                "RoleName": RoleName,
                "RoleId": "AROAEXAMPLE0000000",
                "Arn": f"arn:aws:iam::{ACCOUNT}:role/service/{RoleName}",
                "CreateDate": dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC),
                "AssumeRolePolicyDocument": self.trust,
            }
        }

    def get_paginator(self, operation: str) -> FakeIam:
        """The paginator of SimulatePrincipalPolicy: one page for each result."""
        assert operation == "simulate_principal_policy"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """SimulatePrincipalPolicy."""
        self._authorize("SimulatePrincipalPolicy")
        self.simulated.append(request)
        for action in request["ActionNames"]:
            for resource in request["ResourceArns"]:
                yield {"EvaluationResults": [self._evaluate(action, resource)], "IsTruncated": False}

    def _evaluate(self, action: str, resource: str) -> dict[str, Any]:
        within = fnmatchcase(action, self.boundary) and fnmatchcase(action, self.organisation)
        decision = "allowed" if within and _covers(self.allowed, action, resource) else "implicitDeny"
        matched = []
        if _covers(self.denied, action, resource):
            decision, matched = (
                "explicitDeny",
                [{"SourcePolicyId": "keep-out", "SourcePolicyType": "IAM Policy"}],
            )
        missing = ["aws:SourceVpce"] if action in self.conditioned else []
        if missing:
            decision = "implicitDeny"
        return {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decision,
            "MatchedStatements": matched,
            "MissingContextValues": [] if resource != "*" else missing,
            "OrganizationsDecisionDetail": {"AllowedByOrganizations": fnmatchcase(action, self.organisation)},
            "PermissionsBoundaryDecisionDetail": {
                "AllowedByPermissionsBoundary": fnmatchcase(action, self.boundary)
            },
            "ResourceSpecificResults": []
            if resource == "*"
            else [
                {
                    "EvalResourceName": resource,
                    "EvalResourceDecision": decision,
                    "MatchedStatements": matched,
                    "MissingContextValues": missing,
                }
            ],
        }

    def _authorize(self, operation: str) -> None:
        if operation in self.refused:
            raise _error("AccessDenied", f"not authorized to perform: iam:{operation}", operation)


def _covers(grants: tuple[tuple[str, str], ...], action: str, resource: str) -> bool:
    return any(fnmatchcase(action, one) and fnmatchcase(resource, other) for one, other in grants)


def _error(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
