"""The bucket that exported files are written to."""

from __future__ import annotations

import re

from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .acknowledgements import HIPAA, NIST, PCI, acknowledge
from .export_grantees import export_grantee as grantee_of_region
from .private_bucket import PrivateBucket, refuse_settings, turn_events_on

EXPORTS = "exports/"
WRITE_PROBE = "vmimportexport_write_verification"
"""The empty object that the service writes at the bucket's root before it exports."""

_NO_KMS = (
    "VM Import/Export writes to buckets that are encrypted by S3's own keys (SSE-S3) only, and fails where"
    " objects are encrypted by KMS by default"
)

_OWNERSHIP = {
    "BucketOwnerEnforced": (
        "VM Import/Export hands exported files over by an ACL, which such a bucket refuses"
    ),
    "ObjectWriter": "exported files would belong to the account of VM Import/Export",
}


class ExportBucket(Construct):
    """A private, versioned bucket that the Region's export service may write to.

    Requests need TLS 1.2 or later. The service may read the bucket's ACL and write below `exports/` and the
    probe `vmimportexport_write_verification`, and nothing else: it can neither ask for an export nor answer
    one. S3 encrypts what it writes with keys of its own. Source: VM Import/Export User Guide, "Exporting an
    instance as a VM", prerequisites.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: An existing bucket of the stack's account and Region. Excludes `encryption_key`,
            `server_access_logs_bucket`, `noncurrent_version_expiration` and `removal_policy`. A bucket of
            this app gets the service's permissions and has its EventBridge notifications turned on; its
            encryption and object ownership are checked. Of one that is imported by name or ARN synthesis sees
            nothing: its owner adds `grantee_statements` to its policy and turns EventBridge on; what of its
            encryption, ownership, policy and Region is wrong shows when an export starts.
            Default: a new bucket.
        export_grantee: The canonical user id of the export service. Needed in a Region that AWS opened after
            this release. Default: that of the stack's Region.
        encryption_key: Refused: here so that the refusal can say why.
        server_access_logs_bucket: Receives S3's access logs. Default: none are written.
        noncurrent_version_expiration: How long an overwritten or deleted object is kept. Default: 30 days.
        removal_policy: Default: the bucket is kept when the stack is destroyed. With `DESTROY` CloudFormation
            deletes it, provided that it is empty.

    Raises:
        ValueError: `bucket` is given together with settings of a new one; `bucket` is encrypted by KMS, has
            another object ownership or is in another Region or account; `encryption_key` is given; the
            Region's export service is not known; `export_grantee` is no canonical user id.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket | None = None,
        export_grantee: str | None = None,
        encryption_key: kms.IKey | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        noncurrent_version_expiration: Duration | None = None,
        removal_policy: RemovalPolicy | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if encryption_key is not None:
            raise ValueError(f"encryption_key is given: {_NO_KMS}. Leave it out.")
        _check_grantee(export_grantee)
        if bucket is None:
            self._bucket: s3.IBucket = _new_bucket(
                self, server_access_logs_bucket, noncurrent_version_expiration, removal_policy
            )
        else:
            refuse_settings(
                {
                    "server_access_logs_bucket": server_access_logs_bucket,
                    "noncurrent_version_expiration": noncurrent_version_expiration,
                    "removal_policy": removal_policy,
                }
            )
            _check_existing(bucket, Stack.of(self))
            turn_events_on(bucket)
            self._bucket = bucket
        self._grantee = export_grantee or grantee_of_region(self)
        # The policy may be in another stack, which then needs the mapping of Regions itself.
        for statement in self._statements(export_grantee or grantee_of_region(self._bucket)):
            self._bucket.add_to_resource_policy(statement)

    @property
    def bucket(self) -> s3.IBucket:
        """The bucket."""
        return self._bucket

    @property
    def export_grantee(self) -> str:
        """The canonical user id that exported files are written with."""
        return self._grantee

    @property
    def grantee_statements(self) -> list[iam.PolicyStatement]:
        """What the export service may do, for the policy of a bucket that is not of this app."""
        return self._statements(self._grantee)

    def _statements(self, grantee: str) -> list[iam.PolicyStatement]:
        service = iam.CanonicalUserPrincipal(grantee)
        return [
            iam.PolicyStatement(
                principals=[service], actions=["s3:GetBucketAcl"], resources=[self._bucket.bucket_arn]
            ),
            iam.PolicyStatement(
                principals=[service],
                actions=["s3:PutObject"],
                resources=[
                    self._bucket.arn_for_objects(f"{EXPORTS}*"),
                    self._bucket.arn_for_objects(WRITE_PROBE),
                ],
            ),
        ]


def _new_bucket(
    scope: Construct,
    access_logs: s3.IBucket | None,
    noncurrent: Duration | None,
    removal_policy: RemovalPolicy | None,
) -> s3.Bucket:
    bucket = PrivateBucket(
        scope,
        "Bucket",
        # The service hands its files over by an ACL, which a bucket without ACLs refuses.
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
        unreplicated_reason="Exported files are on their way out of AWS, and can be exported again.",
        server_access_logs_bucket=access_logs,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="ExpireNoncurrentVersions",
                noncurrent_version_expiration=noncurrent or Duration.days(30),
                expired_object_delete_marker=True,
            )
        ],
        removal_policy=removal_policy,
    )
    acknowledge(bucket, "S3DefaultEncryptionKMS", (NIST, HIPAA, PCI), f"{_NO_KMS}.")
    return bucket


def _check_existing(bucket: s3.IBucket, stack: Stack) -> None:
    _check_environment(bucket, stack)
    if bucket.encryption_key is not None:
        raise ValueError(f"bucket has the KMS key {bucket.encryption_key.node.path}: {_NO_KMS}.")
    if isinstance(bucket, s3.Bucket):
        _check_configuration(bucket)


def _check_grantee(grantee: str | None) -> None:
    if grantee is None or Token.is_unresolved(grantee) or re.fullmatch("[0-9a-f]{64}", grantee):
        return
    raise ValueError(
        f"export_grantee is {grantee!r}; a canonical user id is 64 hexadecimal digits. The VM Import/Export"
        " User Guide lists one per Region."
    )


def _check_environment(bucket: s3.IBucket, stack: Stack) -> None:
    for name, theirs, ours in (
        ("Region", bucket.env.region, stack.region),
        ("account", bucket.env.account, stack.account),
    ):
        if not Token.is_unresolved(theirs) and not Token.is_unresolved(ours) and theirs != ours:
            raise ValueError(
                f"bucket is in {theirs} and the stack in {ours}: VM Import/Export writes to buckets of its"
                f" own {name} only. Give a bucket of the stack's {name}."
            )


def _check_configuration(bucket: s3.Bucket) -> None:
    """Read what the L2 does not tell from its L1; what is only known at deployment is passed over."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101
    properties = Stack.of(bucket).resolve(resource._cfn_properties)
    algorithms = re.findall(r"aws:kms(?::dsse)?", str(properties.get("bucketEncryption")))
    if algorithms:
        raise ValueError(f"bucket {bucket.node.path} is encrypted by {algorithms[0]} by default: {_NO_KMS}.")
    controls = properties.get("ownershipControls") or {}
    ownership = [rule.get("objectOwnership") for rule in controls.get("rules", ())]
    if ownership == ["BucketOwnerPreferred"] or not all(isinstance(each, str) for each in ownership):
        return
    # S3's own default, since April 2023, is BucketOwnerEnforced.
    found = str(ownership[0]) if ownership else "BucketOwnerEnforced"
    raise ValueError(
        f"bucket {bucket.node.path} has the object ownership {found}{'' if ownership else ', the default'}:"
        f" {_OWNERSHIP[found]}. Make it with object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED."
    )
