"""What the import and the export bucket have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .acknowledgements import AWS_SOLUTIONS, HIPAA, NIST, PCI, acknowledge


class PrivateBucket(s3.Bucket):
    """A versioned bucket that nobody reaches from outside and that tells EventBridge about its objects.

    Requests need TLS 1.2 or later; what an interrupted upload leaves behind is removed after a week.

    Args:
        scope: The parent.
        construct_id: The id within it.
        object_ownership: Who owns what is uploaded, and whether there are ACLs.
        unreplicated_reason: Why one Region is enough.
        encryption_key: Encrypts what is uploaded. Default: keys that S3 manages.
        server_access_logs_bucket: Receives S3's access logs. Default: none are written.
        lifecycle_rules: Further rules. Default: none.
        removal_policy: Default: the bucket is kept when the stack is destroyed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        object_ownership: s3.ObjectOwnership,
        unreplicated_reason: str,
        encryption_key: kms.IKey | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        removal_policy: RemovalPolicy | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=object_ownership,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            encryption=s3.BucketEncryption.KMS if encryption_key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=encryption_key,
            bucket_key_enabled=True if encryption_key else None,
            server_access_logs_bucket=server_access_logs_bucket,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="AbortIncompleteUploads", abort_incomplete_multipart_upload_after=Duration.days(7)
                ),
                *lifecycle_rules,
            ],
            removal_policy=removal_policy or RemovalPolicy.RETAIN,
        )
        # `event_bridge_enabled=True` would add a Lambda function and a role to the stack for the same
        # property.
        resource = self.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101
        resource.add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
        acknowledge(self, "S3BucketReplicationEnabled", (NIST, HIPAA, PCI), unreplicated_reason)
        if server_access_logs_bucket is None:
            reason = "Whether and where to keep access logs is the owner's choice: server_access_logs_bucket."
            acknowledge(self, "S1", (AWS_SOLUTIONS,), reason)
            acknowledge(self, "S3BucketLoggingEnabled", (NIST, HIPAA, PCI), reason)


def refuse_settings(settings: Mapping[str, object]) -> None:
    """Refuse settings of a new bucket where an existing one is given.

    Raises:
        ValueError: a setting is not None.
    """
    clashing = [name for name, value in settings.items() if value is not None]
    if clashing:
        raise ValueError(
            f"bucket is given together with {' and '.join(clashing)}: an existing bucket is configured"
            " where it is made. Give either the bucket or the others."
        )


def turn_events_on(bucket: s3.IBucket) -> None:
    """Have a bucket of this app tell EventBridge about its objects, unless it does by itself."""
    if isinstance(bucket, s3.Bucket) and not isinstance(bucket, PrivateBucket):
        bucket.enable_event_bridge_notification()
