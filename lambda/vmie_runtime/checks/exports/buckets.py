"""Can the export service write to the export bucket, as far as the bucket's own settings tell.

Synthesis checks a bucket of the app; of one that is imported it sees nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.checks.advice import Advice
from vmie_runtime.errors import RequestRejected
from vmie_runtime.observability import logger

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PREFERRED, ENFORCED, WRITER = "BucketOwnerPreferred", "BucketOwnerEnforced", "ObjectWriter"
# What S3 answers where a bucket has no such setting.
_UNSET = ("OwnershipControlsNotFoundError", "ServerSideEncryptionConfigurationNotFoundError")
# S3 API reference, GetBucketLocation: the oldest Regions have names of their own there.
_OLD_NAMES = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}


def require_writable_bucket(
    s3: S3Client, bucket: str, *, operation: str, region: str, account: str
) -> list[Advice]:
    """Refuse a bucket that exports are known not to be written to.

    Needs `s3:GetBucketLocation`, `s3:GetEncryptionConfiguration` and `s3:GetBucketOwnershipControls` on the
    bucket. What may not be read proves nothing: EC2 looks for itself.

    Args:
        s3: The S3 client.
        bucket: The export bucket.
        operation: `ExportImage` or `CreateInstanceExportTask`, which alone hands its file over by an ACL.
        region: The Region of the export.
        account: Its account.

    Returns:
        What its owner should know.

    Raises:
        RequestRejected: `BucketOfAnotherAccount`, `BucketInOtherRegion`, `ExportBucketEncrypted` or
            `ExportBucketOwnership`.
    """
    location = _location(s3, bucket, account)
    if location is not None:
        _require_region(bucket, location.get("LocationConstraint"), region)
    encryption = _setting(lambda: s3.get_bucket_encryption(Bucket=bucket))
    if encryption is not None:
        _require_no_kms(bucket, encryption)
    ownership = _setting(lambda: s3.get_bucket_ownership_controls(Bucket=bucket))
    return [] if ownership is None else list(_examine_ownership(bucket, ownership, operation))


def _location(s3: S3Client, bucket: str, account: str) -> dict[str, Any] | None:
    """Where the bucket is, if it is the account's.

    To who expects another owner S3 answers 403 (S3 User Guide, "Verifying bucket ownership with bucket owner
    condition"), as to who may not ask at all: only a bucket that tells who expects nobody is somebody else's.
    """
    location = _setting(lambda: s3.get_bucket_location(Bucket=bucket, ExpectedBucketOwner=account))
    if location is None and _setting(lambda: s3.get_bucket_location(Bucket=bucket)) is not None:
        raise RequestRejected(
            "BucketOfAnotherAccount",
            f"The bucket {bucket} does not belong to the account {account}.",
            bucket=bucket,
            account=account,
        )
    return location


def _require_region(bucket: str, named: str | None, region: str) -> None:
    found = _OLD_NAMES.get(named, named)
    if found != region:
        raise RequestRejected(
            "BucketInOtherRegion",
            f"The bucket {bucket} is in {found}, the export in {region}.",
            bucket=bucket,
        )


def _require_no_kms(bucket: str, encryption: dict[str, Any]) -> None:
    rules = encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    kinds = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for rule in rules]
    if any(kind.startswith("aws:kms") for kind in kinds):
        raise RequestRejected(
            "ExportBucketEncrypted",
            f"The bucket {bucket} encrypts by KMS: {', '.join(kinds)}.",
            bucket=bucket,
        )


def _examine_ownership(bucket: str, ownership: dict[str, Any], operation: str) -> Iterator[Advice]:
    rules = ownership.get("OwnershipControls", {}).get("Rules", [])
    # Without a rule, as old buckets are, whoever writes an object owns it.
    found = rules[0]["ObjectOwnership"] if rules else WRITER
    if found == PREFERRED:
        return
    if operation == "CreateInstanceExportTask":
        raise RequestRejected(
            "ExportBucketOwnership", f"The object ownership of the bucket {bucket} is {found}.", found=found
        )
    yield Advice(
        code="BucketOwnershipUnusual",
        message=f"The object ownership of the bucket {bucket} is {found}. Instances cannot be exported to "
        "it; of images AWS does not say.",
        remedy=f"Set it to {PREFERRED}: `aws s3api put-bucket-ownership-controls`.",
    )


def _setting(read: Callable[[], Any]) -> dict[str, Any] | None:
    """A bucket's setting: empty where it is not set, None where it may not be read."""
    try:
        with transient_errors_named():
            return dict(read())
    except ClientError as error:
        if error_code(error) in _UNSET:
            return {}
        logger.exception("A setting of the export bucket could not be read")
        return None
