"""The bucket that disk images are dropped into."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .acknowledgements import HIPAA, NIST, PCI, acknowledge
from .private_bucket import PrivateBucket, refuse_settings, turn_events_on

IMAGES = "images/"
SNAPSHOTS = "snapshots/"
REQUESTS = "requests/"
RESULTS = "results/"
SCRATCH = "scratch/"
_SCRATCH_DAYS = Duration.days(1)


class ImportBucket(Construct):
    """A private, versioned bucket that tells EventBridge about its objects.

    Requests need TLS 1.2 or later; what an interrupted upload leaves behind is removed after a week, and what
    imports of instances and volumes leave below `scratch/` after a day.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: An existing bucket of the stack's Region. Excludes the other arguments. A bucket of this app
            has its EventBridge notifications turned on; one that is imported by name or ARN must have them on
            already, which synthesis cannot see (`bucket.enable_event_bridge_notification()` turns them on).
            Where requests import instances or volumes, give it a lifecycle rule for `scratch/`, too.
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
            self._bucket: s3.IBucket = _new_bucket(
                self, encryption_key, server_access_logs_bucket, removal_policy
            )
            return
        refuse_settings(
            {
                "encryption_key": encryption_key,
                "server_access_logs_bucket": server_access_logs_bucket,
                "removal_policy": removal_policy,
            }
        )
        turn_events_on(bucket)
        self._bucket = bucket

    @property
    def bucket(self) -> s3.IBucket:
        """The bucket."""
        return self._bucket


def _new_bucket(
    scope: Construct,
    key: kms.IKey | None,
    access_logs: s3.IBucket | None,
    removal_policy: RemovalPolicy | None,
) -> s3.Bucket:
    bucket = PrivateBucket(
        scope,
        "Bucket",
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        unreplicated_reason="Disk images are read once, by the service in this Region; their originals stay"
        " where they came from.",
        encryption_key=key,
        server_access_logs_bucket=access_logs,
        # Import manifests go when their request ends. What a deletion leaves of them in a versioned bucket
        # goes a day later, and so does what nobody deleted: no manifest is needed longer than its URLs last.
        lifecycle_rules=[
            s3.LifecycleRule(
                id="RemoveScratch",
                prefix=SCRATCH,
                expiration=_SCRATCH_DAYS,
                noncurrent_version_expiration=_SCRATCH_DAYS,
            )
        ],
        removal_policy=removal_policy,
    )
    if key is None:
        acknowledge(
            bucket,
            "S3DefaultEncryptionKMS",
            (NIST, HIPAA, PCI),
            "S3 encrypts with keys of its own; encryption_key takes yours.",
        )
    return bucket
