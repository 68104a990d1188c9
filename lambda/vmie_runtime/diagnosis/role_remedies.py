"""How to mend a service role: the statements of the user guide, and the commands that set them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from vmie_runtime.diagnosis.role_examination import ServiceRole
from vmie_runtime.diagnosis.trust_conditions import EXTERNAL_ID
from vmie_runtime.diagnosis.trust_policy import SERVICE_PRINCIPAL

# The guide's statements for a bucket that is read from, and what one that is written to needs beside.
_BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket")
_OBJECT_ACTIONS = ("s3:GetObject",)
_WRITTEN_BUCKET_ACTIONS = (*_BUCKET_ACTIONS, "s3:GetBucketAcl")
_WRITTEN_OBJECT_ACTIONS = (*_OBJECT_ACTIONS, "s3:PutObject")
EC2_ACTIONS = ("ec2:ModifySnapshotAttribute", "ec2:CopySnapshot", "ec2:RegisterImage", "ec2:Describe*")
KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
)
LICENSE_ACTIONS = (
    "license-manager:GetLicenseConfiguration",
    "license-manager:UpdateLicenseSpecificationsForResource",
    "license-manager:ListLicenseSpecificationsForResource",
)


def bucket_actions(role: ServiceRole) -> tuple[str, ...]:
    """What the role needs on the bucket."""
    return _WRITTEN_BUCKET_ACTIONS if role.writes else _BUCKET_ACTIONS


def object_actions(role: ServiceRole) -> tuple[str, ...]:
    """What the role needs on the bucket's objects."""
    return _WRITTEN_OBJECT_ACTIONS if role.writes else _OBJECT_ACTIONS


def statement(actions: tuple[str, ...], *resources: str) -> dict[str, Any]:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def trust_document(role: ServiceRole) -> dict[str, Any]:
    """The user guide's trust policy, with its hardening, for the role's account."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE_PRINCIPAL},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": EXTERNAL_ID, "aws:SourceAccount": role.account},
                "ArnLike": {"aws:SourceArn": f"arn:{role.partition}:vmie:*:{role.account}:*"},
            },
        }
    )


def mend_trust(role: ServiceRole) -> str:
    """The command that gives the role the guide's trust policy."""
    return (
        "Where a stack owns the role, change it there. Otherwise: `aws iam update-assume-role-policy "
        f"--role-name {role.role_name} --policy-document {_shell(trust_document(role))}`"
    )


def mend_permissions(role: ServiceRole, *missing: tuple[str, dict[str, Any]]) -> str:
    """The command that adds what is missing, as one inline policy.

    Args:
        role: The role.
        *missing: Statements, each by a name; the policy is named after all of them, and so replaces no other.
    """
    policy_name = "-".join(["vmie", *(name for name, _ in missing)])
    document = _document(*(statement for _, statement in missing))
    return (
        "Where a stack owns the role, grant it there (`VmImportRole`'s `grant_…` methods). Otherwise: `aws "
        f"iam put-role-policy --role-name {role.role_name} --policy-name {policy_name} --policy-document "
        f"{_shell(document)}`"
    )


def create_role(role: ServiceRole) -> str:
    """The commands that make the role."""
    statements = [
        statement(bucket_actions(role), role.bucket_arn),
        statement(object_actions(role), f"{role.bucket_arn}/*"),
        statement(EC2_ACTIONS, "*"),
    ]
    if role.kms_key_arns:
        statements.append(statement(KEY_ACTIONS, *role.kms_key_arns))
    if role.source_key_arns:
        statements.append(statement(("kms:Decrypt",), *role.source_key_arns))
    if role.license_configuration_arns:
        statements.append(statement(LICENSE_ACTIONS, "*"))
    return (
        f"`aws iam create-role --role-name {role.role_name} --assume-role-policy-document "
        f"{_shell(trust_document(role))}`, then `aws iam put-role-policy --role-name {role.role_name} "
        f"--policy-name vmimport --policy-document {_shell(_document(*statements))}`"
    )


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _shell(document: dict[str, Any]) -> str:
    return shlex.quote(json.dumps(document, separators=(",", ":")))
