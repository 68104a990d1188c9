"""Amazon S3: the operation and the action often have different names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import (
    Requirement,
    Row,
    Table,
    all_of,
    anywhere,
    partition,
)


def bucket_arn(call: ApiCall, bucket: str) -> str:
    """The ARN of a bucket."""
    return bucket if bucket.startswith("arn:") else f"arn:{partition(call.region)}:s3:::{bucket}"


def object_arn(call: ApiCall, bucket: str, key: str) -> str:
    """The ARN of an object."""
    return f"{bucket_arn(call, bucket)}/{key}"


def _bucket(action: str, members: Mapping[str, str] | None = None) -> Row:
    """An action on the bucket; `members` are parameters that become condition keys."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters
        context = {key: given[member] for member, key in (members or {}).items() if member in given}
        return (Requirement(f"s3:{action}", bucket_arn(call, given["Bucket"]), context),)

    return row


def _object(action: str, versioned: str | None = None) -> Row:
    """An action on the object; `versioned` is the action's name where a version is asked for."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters
        version = given.get("VersionId")
        name = versioned if version is not None and versioned else action
        context = {"s3:VersionId": version} if version is not None else {}
        return (Requirement(f"s3:{name}", object_arn(call, given["Bucket"], given["Key"]), context),)

    return row


_WRITE_KEYS = {
    "ACL": "s3:x-amz-acl",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "s3:x-amz-storage-class",
    "IfNoneMatch": "s3:if-none-match",
    "IfMatch": "s3:if-match",
}
_ALSO_NEEDED = {
    "ACL": "PutObjectAcl",
    "GrantRead": "PutObjectAcl",
    "GrantFullControl": "PutObjectAcl",
    "GrantReadACP": "PutObjectAcl",
    "GrantWriteACP": "PutObjectAcl",
    "ObjectLockMode": "PutObjectRetention",
    "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
}


def _write(call: ApiCall) -> Iterable[Requirement]:
    given = call.parameters
    target = object_arn(call, given["Bucket"], given["Key"])
    context: dict[str, Any] = {key: given[member] for member, key in _WRITE_KEYS.items() if member in given}
    tags = dict(parse_qsl(given.get("Tagging", ""), keep_blank_values=True))
    if tags:
        context |= {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
        context["s3:RequestObjectTagKeys"] = list(tags)
    actions = ["PutObject"] + ["PutObjectTagging"] * bool(tags)
    actions += sorted({action for member, action in _ALSO_NEEDED.items() if member in given})
    return tuple(Requirement(f"s3:{action}", target, context) for action in actions)


def _copy_source(call: ApiCall) -> Iterable[Requirement]:
    source = call.parameters.get("CopySource", "")
    if isinstance(source, str):
        path, _, query = source.partition("?")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        version = parse_qs(query).get("versionId", [None])[0]
    else:
        bucket, key, version = source["Bucket"], source["Key"], source.get("VersionId")
    action = "GetObjectVersion" if version else "GetObject"
    context = {"s3:VersionId": version} if version else {}
    return (Requirement(f"s3:{action}", object_arn(call, bucket, key), context),)


def _put_tagging(call: ApiCall) -> Iterable[Requirement]:
    given = call.parameters
    tags = {tag["Key"]: tag["Value"] for tag in given.get("Tagging", {}).get("TagSet", [])}
    context = {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
    (found,) = _object("PutObjectTagging", "PutObjectVersionTagging")(call)
    return (
        Requirement(
            found.action, found.resource, {**found.context, **context, "s3:RequestObjectTagKeys": list(tags)}
        ),
    )


def _delete_objects(call: ApiCall) -> Iterable[Requirement]:
    for item in call.parameters.get("Delete", {}).get("Objects", []):
        version = item.get("VersionId")
        action = "DeleteObjectVersion" if version else "DeleteObject"
        yield Requirement(f"s3:{action}", object_arn(call, call.parameters["Bucket"], item["Key"]))


def _create_bucket(call: ApiCall) -> Iterable[Requirement]:
    return (Requirement("s3:CreateBucket", bucket_arn(call, call.parameters["Bucket"])),)


_LISTING = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
_get = _object("GetObject", "GetObjectVersion")

S3: Table = {
    "AbortMultipartUpload": _object("AbortMultipartUpload"),
    "CompleteMultipartUpload": _object("PutObject"),
    "CopyObject": all_of(_write, _copy_source),
    "CreateBucket": _create_bucket,
    "CreateMultipartUpload": _write,
    "DeleteBucket": _bucket("DeleteBucket"),
    "DeleteBucketPolicy": _bucket("DeleteBucketPolicy"),
    "DeleteObject": _object("DeleteObject", "DeleteObjectVersion"),
    "DeleteObjectTagging": _object("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "DeleteObjects": _delete_objects,
    "GetBucketAcl": _bucket("GetBucketAcl"),
    "GetBucketCors": _bucket("GetBucketCORS"),
    "GetBucketEncryption": _bucket("GetEncryptionConfiguration"),
    "GetBucketLifecycleConfiguration": _bucket("GetLifecycleConfiguration"),
    "GetBucketLocation": _bucket("GetBucketLocation"),
    "GetBucketLogging": _bucket("GetBucketLogging"),
    "GetBucketNotificationConfiguration": _bucket("GetBucketNotification"),
    "GetBucketOwnershipControls": _bucket("GetBucketOwnershipControls"),
    "GetBucketPolicy": _bucket("GetBucketPolicy"),
    "GetBucketPolicyStatus": _bucket("GetBucketPolicyStatus"),
    "GetBucketReplication": _bucket("GetReplicationConfiguration"),
    "GetBucketTagging": _bucket("GetBucketTagging"),
    "GetBucketVersioning": _bucket("GetBucketVersioning"),
    "GetObject": _get,
    "GetObjectAcl": _object("GetObjectAcl", "GetObjectVersionAcl"),
    "GetObjectAttributes": all_of(_get, _object("GetObjectAttributes", "GetObjectVersionAttributes")),
    "GetObjectLegalHold": _object("GetObjectLegalHold"),
    "GetObjectLockConfiguration": _bucket("GetBucketObjectLockConfiguration"),
    "GetObjectRetention": _object("GetObjectRetention"),
    "GetObjectTagging": _object("GetObjectTagging", "GetObjectVersionTagging"),
    "GetPublicAccessBlock": _bucket("GetBucketPublicAccessBlock"),
    "HeadBucket": _bucket("ListBucket"),
    "HeadObject": _get,
    "ListBuckets": anywhere("s3:ListAllMyBuckets"),
    "ListMultipartUploads": _bucket("ListBucketMultipartUploads"),
    "ListObjectVersions": _bucket("ListBucketVersions", _LISTING),
    "ListObjects": _bucket("ListBucket", _LISTING),
    "ListObjectsV2": _bucket("ListBucket", _LISTING),
    "ListParts": _object("ListMultipartUploadParts"),
    "PutBucketAcl": _bucket("PutBucketAcl"),
    "PutBucketEncryption": _bucket("PutEncryptionConfiguration"),
    "PutBucketLifecycleConfiguration": _bucket("PutLifecycleConfiguration"),
    "PutBucketNotificationConfiguration": _bucket("PutBucketNotification"),
    "PutBucketOwnershipControls": _bucket("PutBucketOwnershipControls"),
    "PutBucketPolicy": _bucket("PutBucketPolicy"),
    "PutBucketTagging": _bucket("PutBucketTagging"),
    "PutBucketVersioning": _bucket("PutBucketVersioning"),
    "PutObject": _write,
    "PutObjectAcl": _object("PutObjectAcl", "PutObjectVersionAcl"),
    "PutObjectLegalHold": _object("PutObjectLegalHold"),
    "PutObjectRetention": _object("PutObjectRetention"),
    "PutObjectTagging": _put_tagging,
    "PutPublicAccessBlock": _bucket("PutBucketPublicAccessBlock"),
    "RestoreObject": _object("RestoreObject"),
    "SelectObjectContent": _object("GetObject"),
    "UploadPart": _object("PutObject"),
    "UploadPartCopy": all_of(_object("PutObject"), _copy_source),
}
