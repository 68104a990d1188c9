"""The bucket that disk images are dropped into."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .acknowledgements import AWS_SOLUTIONS, HIPAA, NIST, PCI, acknowledge

IMAGES = "images/"
SNAPSHOTS = "snapshots/"
REQUESTS = "requests/"
RESULTS = "results/"


class ImportBucket(Construct):
    """A private, versioned bucket that tells EventBridge about its objects.

    Requests need TLS 1.2 or later; what an interrupted upload leaves behind is removed after a week.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: An existing bucket of the stack's Region. Excludes the other arguments. A bucket of this app
            has its EventBridge notifications turned on; one that is imported by name or ARN must have them on
            already, which synthesis cannot see (`bucket.enable_event_bridge_notification()` turns them on).
            Default: a new bucket.
        encryption_key: Encrypts what is uploaded. Default: keys that S3 manages.
        server_access_logs_bucket: Receives S3's access logs. Default: none are written.
        removal_policy: Default: the bucket is kept when the stack is destroyed. With `DESTROY` CloudFormation
            deletes it, provided that it is empty.

    Raises:
        ValueError: `bucket` is given together with another argument.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket | None = None,
        encryption_key: kms.IKey | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        removal_policy: RemovalPolicy | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if bucket is None:
            self._bucket: s3.IBucket = self._new_bucket(
                encryption_key, server_access_logs_bucket, removal_policy or RemovalPolicy.RETAIN
            )
            return
        given = {
            "encryption_key": encryption_key,
            "server_access_logs_bucket": server_access_logs_bucket,
            "removal_policy": removal_policy,
        }
        clashing = [name for name, value in given.items() if value is not None]
        if clashing:
            raise ValueError(
                f"bucket is given together with {' and '.join(clashing)}: an existing bucket is configured"
                " where it is made. Give either the bucket or the others."
            )
        self._bucket = bucket
        if isinstance(bucket, s3.Bucket) and not isinstance(bucket.node.scope, ImportBucket):
            bucket.enable_event_bridge_notification()

    @property
    def bucket(self) -> s3.IBucket:
        """The bucket."""
        return self._bucket

    def _new_bucket(
        self, key: kms.IKey | None, access_logs: s3.IBucket | None, removal_policy: RemovalPolicy
    ) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            server_access_logs_bucket=access_logs,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="AbortIncompleteUploads", abort_incomplete_multipart_upload_after=Duration.days(7)
                )
            ],
            removal_policy=removal_policy,
        )
        # `event_bridge_enabled=True` would add a Lambda function and a role to the stack for the same
        # property.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101
        resource.add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
        _acknowledge(bucket, key, access_logs)
        return bucket


def _acknowledge(bucket: s3.Bucket, key: kms.IKey | None, access_logs: s3.IBucket | None) -> None:
    acknowledge(
        bucket,
        "S3BucketReplicationEnabled",
        (NIST, HIPAA, PCI),
        "Disk images are read once, by the service in this Region; their originals stay where they came"
        " from.",
    )
    if access_logs is None:
        reason = "Whether and where to keep access logs is the owner's choice: server_access_logs_bucket."
        acknowledge(bucket, "S1", (AWS_SOLUTIONS,), reason)
        acknowledge(bucket, "S3BucketLoggingEnabled", (NIST, HIPAA, PCI), reason)
    if key is None:
        acknowledge(
            bucket,
            "S3DefaultEncryptionKMS",
            (NIST, HIPAA, PCI),
            "S3 encrypts with keys of its own; encryption_key takes yours.",
        )
