"""Exact grants on a KMS key, where the guides' own would hold wildcards."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

# The guide's list, its `kms:ReEncrypt*` written out; beside them `kms:CreateGrant`, on a condition.
_OF_CALLERS = (
    "kms:DescribeKey",
    "kms:Decrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_FOR_SERVICES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def grant_ebs_encryption(key: kms.IKey, role: iam.IRole) -> iam.Grant:
    """Grant what EC2 asks of whoever calls it to make, copy or attach something encrypted with the key.

    Grants on the key are for AWS services only. Source: Amazon EBS User Guide, "Requirements for Amazon EBS
    encryption", permissions for users.
    """
    uses = key.grant(role, *_OF_CALLERS)
    grants = iam.Grant.add_to_principal(
        grantee=role, actions=["kms:CreateGrant"], resource_arns=[key.key_arn], conditions=_FOR_SERVICES
    )
    # A key that does not leave its use to the account's policies names the role in its own. The CDK lists
    # that statement among the principal's, and puts no condition into such a one.
    if any(each.has_principal for each in (*uses.principal_statements, *uses.resource_statements)):
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[role.grant_principal],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions=_FOR_SERVICES,
            )
        )
    return uses.combine(grants)
