"""The objects to import: are they there, are they still the same, can the service read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.request import Source
from vmie_runtime.stages.containers import ObjectAddress
from vmie_runtime.stages.stage import REQUEST_ID_TAG

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
_ARCHIVE_STATUS = ("ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS")
# What S3 says of an object under SSE-C that is asked for without its key: "The object was stored using a form
# of Server Side Encryption. The correct parameters must be provided to retrieve the object."
_NEEDS_KEY = "stored using a form of Server Side Encryption"
_MOST_TAGS = 10  # Amazon S3 User Guide, "Categorizing objects using tags"


def examine_disk(
    s3: S3Client, address: ObjectAddress, *, format_: str, dropped: Source | None
) -> dict[str, Any]:
    """Look at a disk's object, as it is now and as it must stay.

    Args:
        s3: The S3 client.
        address: Where it lies.
        format_: The disk's format, as the request or its key declares it.
        dropped: The object of the event that made the request, where that is the disk: it must be the same.

    Returns:
        `Bucket`, `Key`, `VersionId`, `ETag`, `Size` and `Format`: what a request keeps of a disk.

    Raises:
        RequestFailure: If it is gone, another one, or cannot be read.
    """
    expected = dropped.to_document() if dropped else {"Bucket": address.bucket, "Key": address.key}
    head = require_same_disk(s3, expected) if dropped else _head(s3, expected, missing=_missing)
    _require_readable(head, address.key)
    disk = {
        "Bucket": address.bucket,
        "Key": address.key,
        "VersionId": head.get("VersionId"),
        "ETag": head["ETag"].strip('"'),
        "Size": head["ContentLength"],
        "Format": format_,
    }
    return {name: value for name, value in disk.items() if value is not None}


def require_same_disk(s3: S3Client, disk: dict[str, Any]) -> HeadObjectOutputTypeDef:
    """Look at the current object, which is the one that EC2 reads.

    Args:
        s3: The S3 client.
        disk: `Bucket`, `Key`, `ETag` and, where the bucket keeps versions, `VersionId` of the
            one that is meant.

    Raises:
        RequestFailure: If it is gone, another one, or cannot be read.
    """
    head = _head(s3, disk, missing=_deleted)
    version = head.get("VersionId")
    if "VersionId" in disk and version != disk["VersionId"]:
        raise _changed(disk, f"version {version}")
    if head["ETag"].strip('"') != disk["ETag"]:
        raise _changed(disk, f"ETag {head['ETag']}")
    return head


def tag_with_request(s3: S3Client, address: ObjectAddress, request_id: str) -> bool:
    """Add the tag `vmie:request-id` to those the object has; tell whether it was possible."""
    try:
        existing = s3.get_object_tagging(Bucket=address.bucket, Key=address.key)["TagSet"]
        tags = [tag for tag in existing if tag["Key"] != REQUEST_ID_TAG]
        if len(tags) >= _MOST_TAGS:
            return False
        tags.append({"Key": REQUEST_ID_TAG, "Value": request_id})
        s3.put_object_tagging(Bucket=address.bucket, Key=address.key, Tagging={"TagSet": tags})
    except (ClientError, BotoCoreError):
        return False
    return True


def _require_readable(head: HeadObjectOutputTypeDef, key: str) -> None:
    if head["ContentLength"] == 0:
        raise RequestRejected("EmptyObject", f"{key!r} is empty (0 bytes); upload the disk image again.")
    storage_class = str(head.get("StorageClass", "STANDARD"))
    archived = storage_class in _ARCHIVED or head.get("ArchiveStatus") in _ARCHIVE_STATUS
    if archived and 'ongoing-request="false"' not in head.get("Restore", ""):
        raise RequestRejected(
            "ArchivedObject",
            f"{key!r} lies in the storage class {storage_class}; VM Import cannot read archived objects.",
            storage_class=storage_class,
        )


def _head(s3: S3Client, disk: dict[str, Any], *, missing: Any) -> HeadObjectOutputTypeDef:
    try:
        with transient_errors_named():
            return s3.head_object(Bucket=disk["Bucket"], Key=disk["Key"])
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            raise missing(disk) from error
        raise _unreadable(s3, disk, error) from error


def _missing(disk: dict[str, Any]) -> RequestFailure:
    return RequestRejected(
        "SourceMissing", f"There is no object {disk['Key']!r} in the bucket {disk['Bucket']}.", **disk
    )


def _deleted(disk: dict[str, Any]) -> RequestFailure:
    return RequestFailure(
        "SourceDeleted", f"{disk['Key']!r} was deleted before its import ended.", status="Cancelled"
    )


def _unreadable(s3: S3Client, disk: dict[str, Any], error: ClientError) -> RequestFailure:
    key, status = disk["Key"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    reason = error_code(error)
    if status == 400:  # HeadObject has no body to say why; GetObject has.
        told = _refusal_of_get(s3, disk)
        if told is not None and _NEEDS_KEY in error_message(told):
            return RequestRejected(
                "CustomerProvidedKey",
                f"{key!r} is encrypted with a customer-provided key (SSE-C), which VM Import does not have.",
            )
        reason = error_code(told) if told is not None else reason
    return RequestRejected("SourceUnreadable", f"{key!r} cannot be read ({reason}, HTTP {status}).")


def _refusal_of_get(s3: S3Client, disk: dict[str, Any]) -> ClientError | None:
    """Why S3 does not give the object's first byte; None where it does."""
    try:
        with transient_errors_named():
            s3.get_object(Bucket=disk["Bucket"], Key=disk["Key"], Range="bytes=0-0")["Body"].close()
    except ClientError as error:
        return error
    return None


def _changed(disk: dict[str, Any], found: str) -> RequestFailure:
    asked = f"version {disk['VersionId']}" if "VersionId" in disk else f"ETag {disk['ETag']}"
    return RequestFailure(
        "SourceChanged",
        f"{disk['Key']!r} was overwritten before its import ended: "
        f"{asked} was asked for, {found} is there now.",
    )
