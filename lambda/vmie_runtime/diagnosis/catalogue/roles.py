"""The service role: what EC2 says of it, and what its examination finds."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

MEANINGS = (
    Meaning(
        code="ServiceRoleRejected",
        category=Category.ROLE,
        texts=(
            "The service role vmimport provided does not exist or does not have sufficient permissions",
            "The service role <vmimport> does not exist or does not have sufficient permissions for the "
            "service to continue",
            "The service role vmimport does not exist or does not have sufficient permissions for the "
            "service to continue",
        ),
        pattern=r"service role\s+[<`'\"]?(?P<role>[\w+=,.@/-]+)[>`'\"]?(?:\s+provided)?\s+does not exist "
        r"or does not have sufficient permissions",
        cause="EC2 gives this one message where the role is missing, where the service may not assume it, "
        "where it lacks a permission on the bucket, the object, the KMS key or EC2, where it was made "
        "seconds ago, and where the caller may not pass it.",
        found="The role is {role}.",
        remedy="The pipeline examines the role next and names the first check that fails. By hand: compare "
        "its trust policy (`aws iam get-role`) and its permissions (`aws iam simulate-principal-policy`) "
        "with the user guide; wait a minute after a change.",
        documentation=links.SERVICE_ROLE,
        retryable=True,
    ),
    Meaning(
        code="ServiceRoleMissing",
        category=Category.ROLE,
        cause="The service role does not exist in this account.",
        remedy="Create it with the user guide's trust and permission policies, or name an existing one.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleTrust",
        category=Category.ROLE,
        cause="The role's trust policy does not let vmie.amazonaws.com assume it.",
        remedy="Let `vmie.amazonaws.com` perform `sts:AssumeRole` with `sts:ExternalId` = `vmimport`.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleExternalId",
        category=Category.ROLE,
        cause="The role's trust policy does not ask for the external id `vmimport`, which VM Import/Export "
        "presents.",
        remedy="Set `StringEquals` `sts:ExternalId` = `vmimport` as a condition in the role's trust policy.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleSourceCondition",
        category=Category.ROLE,
        cause="A condition of the role's trust policy on `aws:SourceAccount` or `aws:SourceArn` does not "
        "match what VM Import/Export presents from this account and Region.",
        remedy="Use the account's own id for `aws:SourceAccount` and `arn:aws:vmie:*:<account>:*` for "
        "`aws:SourceArn`.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleBucketAccess",
        category=Category.ROLE,
        cause="The role may not look at the bucket.",
        remedy="Grant it `s3:GetBucketLocation` and `s3:ListBucket` on the bucket; where exports are "
        "written to it, `s3:GetBucketAcl` too.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleObjectAccess",
        category=Category.ROLE,
        cause="The role may not read the disk image, or not write the export.",
        remedy="Grant it `s3:GetObject` on the bucket's objects; where they are exports, `s3:PutObject` too.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleEc2Access",
        category=Category.ROLE,
        cause="The role may not do what VM Import/Export does in EC2 by it.",
        remedy="Grant it `ec2:ModifySnapshotAttribute`, `ec2:CopySnapshot`, `ec2:RegisterImage` and "
        "`ec2:Describe*` on `*`.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleKeyAccess",
        category=Category.KEY,
        cause="The role may not use a KMS key that this import needs.",
        remedy="Grant it `kms:CreateGrant`, `kms:Decrypt`, `kms:DescribeKey`, `kms:Encrypt`, "
        "`kms:GenerateDataKey*` and `kms:ReEncrypt*` on the key, and see that the key's policy lets the "
        "account delegate.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="ServiceRoleLicenseAccess",
        category=Category.LICENCE,
        cause="The role may not attach the licence configurations that the request names.",
        remedy="Grant it `license-manager:GetLicenseConfiguration`, "
        "`license-manager:UpdateLicenseSpecificationsForResource` and "
        "`license-manager:ListLicenseSpecificationsForResource`.",
        documentation=links.SERVICE_ROLE,
    ),
    Meaning(
        code="MalformedPolicyDocument",
        category=Category.ROLE,
        texts=(
            "A client error (MalformedPolicyDocument) occurred when calling the CreateRole operation: "
            "Syntax errors in policy",
        ),
        pattern=r"MalformedPolicyDocument|Syntax errors in policy",
        aws_codes=("MalformedPolicyDocument",),
        cause="IAM did not get a policy document. With the AWS CLI that is a file name without `file://` "
        "before it.",
        remedy="`aws iam create-role --role-name vmimport --assume-role-policy-document "
        "file://trust-policy.json`",
        documentation=links.AWS_CLI_FILES,
    ),
)
