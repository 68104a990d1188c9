"""The object to import: is it there, is it still the one that was asked for, can the service read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.import_tasks import REQUEST_ID_TAG
from vmie_runtime.request import Source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
_ARCHIVE_STATUS = ("ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS")
_MOST_TAGS = 10  # Amazon S3 User Guide, "Categorizing objects using tags"


def require_unchanged(s3: S3Client, source: Source) -> HeadObjectOutputTypeDef:
    """Look at the current object, which is the one that EC2 reads.

    Raises:
        RequestFailure: If it is gone, another one, or cannot be read.
    """
    try:
        with transient_errors_named():
            head = s3.head_object(Bucket=source.bucket, Key=source.key)
    except ClientError as error:
        raise _unreadable(error, source) from error
    version = head.get("VersionId")
    if source.version_id is not None and version != source.version_id:
        raise _changed(source, f"version {version}")
    if head["ETag"].strip('"') != source.etag:
        raise _changed(source, f"ETag {head['ETag']}")
    return head


def require_readable(head: HeadObjectOutputTypeDef, source: Source) -> None:
    """Refuse an object that the service cannot read as it lies.

    Raises:
        RequestRejected: If it is archived or empty.
    """
    if head["ContentLength"] == 0:
        raise RequestRejected(
            "EmptyObject", f"{source.key!r} is empty (0 bytes); upload the disk image again."
        )
    storage_class = str(head.get("StorageClass", "STANDARD"))
    archived = storage_class in _ARCHIVED or head.get("ArchiveStatus") in _ARCHIVE_STATUS
    if archived and 'ongoing-request="false"' not in head.get("Restore", ""):
        raise RequestRejected(
            "ArchivedObject",
            f"{source.key!r} lies in the storage class {storage_class}; "
            "VM Import cannot read archived objects.",
            storage_class=storage_class,
        )


def tag_with_request(s3: S3Client, source: Source, request_id: str) -> bool:
    """Add the tag `vmie:request-id` to those the object has; tell whether it was possible."""
    try:
        existing = s3.get_object_tagging(Bucket=source.bucket, Key=source.key)["TagSet"]
        tags = [tag for tag in existing if tag["Key"] != REQUEST_ID_TAG]
        if len(tags) >= _MOST_TAGS:
            return False
        tags.append({"Key": REQUEST_ID_TAG, "Value": request_id})
        s3.put_object_tagging(Bucket=source.bucket, Key=source.key, Tagging={"TagSet": tags})
    except (ClientError, BotoCoreError):
        return False
    return True


def _unreadable(error: ClientError, source: Source) -> RequestFailure:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 404:
        return RequestFailure(
            "SourceDeleted",
            f"{source.key!r} was deleted before its import ended.",
            status="Cancelled",
        )
    if status == 400:
        # HeadObject has no body; without the customer's key S3 answers 400 and nothing else.
        return RequestRejected(
            "CustomerProvidedKey",
            f"{source.key!r} is encrypted with a customer-provided key (SSE-C), "
            "which VM Import does not have.",
        )
    return RequestRejected(
        "SourceUnreadable",
        f"{source.key!r} cannot be read ({error_code(error)}, HTTP {status}).",
    )


def _changed(source: Source, found: str) -> RequestFailure:
    asked = f"version {source.version_id}" if source.version_id else f"ETag {source.etag}"
    return RequestFailure(
        "SourceChanged",
        f"{source.key!r} was overwritten before its import ended: "
        f"{asked} was asked for, {found} is there now.",
    )
