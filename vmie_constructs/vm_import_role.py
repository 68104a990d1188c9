"""The role that the VM Import/Export service assumes."""

from __future__ import annotations

from typing import Self

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .acknowledgements import explain_wildcards
from .bucket_grants import grant_bucket, grant_objects
from .export_bucket import EXPORTS, WRITE_PROBE

_IMPORT_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket")
_EXPORT_BUCKET = (*_IMPORT_BUCKET, "s3:GetBucketAcl")
_EXPORTED = ("s3:GetObject", "s3:PutObject")
# The guide's list with its `GenerateDataKey*` and `ReEncrypt*` written out.
_KEY = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_LICENSES = (
    "license-manager:GetLicenseConfiguration",
    "license-manager:UpdateLicenseSpecificationsForResource",
    "license-manager:ListLicenseSpecificationsForResource",
)


class VmImportRole(Construct):
    """The service role of VM Import/Export, with the permissions of the user guide.

    The role has no fixed name and goes along with every call as `RoleName`, so many stacks and Regions live
    in one account. Source: VM Import/Export User Guide, "Required permissions".

    Args:
        scope: The parent.
        construct_id: The id within it.
        role: An existing role that `vmie.amazonaws.com` may assume; the grants below are added to it where it
            can be changed. Excludes `role_name`. Default: a new role.
        role_name: Default: a name that CloudFormation generates. AWS looks for `vmimport` where a caller
            names no role.

    Raises:
        ValueError: both `role` and `role_name` are given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role: iam.IRole | None = None,
        role_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if role is not None and role_name is not None:
            raise ValueError(
                f"role and role_name={role_name!r} are both given: an existing role has its name already."
                " Give one."
            )
        self._role = role or self._service_role(role_name)

    @classmethod
    def from_role_name(
        cls, scope: Construct, construct_id: str, role_name: str, *, mutable: bool = True
    ) -> Self:
        """Take a role of this account that exists already.

        Args:
            scope: The parent.
            construct_id: The id within it.
            role_name: Its name, such as `vmimport`.
            mutable: Whether grants add policies to it. Default: they do.
        """
        existing = iam.Role.from_role_name(scope, f"{construct_id}Existing", role_name, mutable=mutable)
        return cls(scope, construct_id, role=existing)

    @property
    def role(self) -> iam.IRole:
        """The role."""
        return self._role

    def grant_import_from(self, bucket: s3.IBucket) -> iam.Grant:
        """Let the service read disk images from the bucket, decrypting them where the bucket has a key."""
        grant = grant_bucket(bucket, self._role, *_IMPORT_BUCKET).combine(
            grant_objects(bucket, self._role, ["s3:GetObject"])
        )
        if bucket.encryption_key is None:
            return grant
        return grant.combine(bucket.encryption_key.grant(self._role, "kms:Decrypt"))

    def grant_export_to(self, bucket: s3.IBucket) -> iam.Grant:
        """Let the service write exported images to the bucket; exports take no bucket with a KMS key.

        It writes below `exports/` and the probe `vmimportexport_write_verification`, and can neither ask for
        an export nor answer one.
        """
        probe = iam.Grant.add_to_principal(
            grantee=self._role, actions=list(_EXPORTED), resource_arns=[bucket.arn_for_objects(WRITE_PROBE)]
        )
        return (
            grant_bucket(bucket, self._role, *_EXPORT_BUCKET)
            .combine(grant_objects(bucket, self._role, _EXPORTED, EXPORTS))
            .combine(probe)
        )

    def grant_key(self, key: kms.IKey) -> iam.Grant:
        """Let the service encrypt images and snapshots with the key."""
        return key.grant(self._role, *_KEY)

    def grant_license_configurations(self, *license_configuration_arns: str) -> iam.Grant:
        """Let the service attach these License Manager configurations to imported images.

        Raises:
            ValueError: no configuration is given.
        """
        if not license_configuration_arns:
            raise ValueError(
                "grant_license_configurations() needs the ARN of at least one License Manager configuration."
            )
        configurations = iam.Grant.add_to_principal(
            grantee=self._role, actions=[_LICENSES[0]], resource_arns=list(license_configuration_arns)
        )
        # The other two act on the AMI as well, and it does not exist yet.
        associations = iam.Grant.add_to_principal(
            grantee=self._role, actions=list(_LICENSES[1:]), resource_arns=["*"]
        )
        explain_wildcards(self._role, resources=["*"], reason="The AMI to associate is not known beforehand.")
        return configurations.combine(associations)

    def _service_role(self, role_name: str | None) -> iam.Role:
        stack = Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description="VM Import/Export reads disk images and makes AMIs and snapshots with this role",
            assumed_by=iam.ServicePrincipal("vmie.amazonaws.com").with_conditions(
                {
                    "StringEquals": {"sts:ExternalId": "vmimport", "aws:SourceAccount": stack.account},
                    "ArnLike": {
                        "aws:SourceArn": stack.format_arn(
                            service="vmie",
                            region="*",
                            resource="*",
                            arn_format=ArnFormat.NO_RESOURCE_NAME,
                        )
                    },
                }
            ),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                # As the guide has it: what the service describes, and which of these it calls on what, only
                # it knows.
                actions=[
                    "ec2:ModifySnapshotAttribute",
                    "ec2:CopySnapshot",
                    "ec2:RegisterImage",
                    "ec2:Describe*",
                ],
                resources=["*"],
            )
        )
        explain_wildcards(
            role,
            resources=["*"],
            actions=["ec2:Describe*"],
            reason="The user guide's own policy: only the service knows what it calls on what.",
        )
        return role
