"""What exports write to S3: is it there, is it whole, and away with what nobody needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.errors import RequestFailure
from vmie_runtime.object_checksum import checksum_of
from vmie_runtime.stages.containers import ObjectAddress

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

WRITE_PROBE = "vmimportexport_write_verification"
"""The empty object that VM Import/Export writes at the bucket's root before it exports, and leaves there."""

_MISSING = ("404", "NoSuchKey", "NotFound")


def address_of(uri: str) -> ObjectAddress:
    """The object that `s3://bucket/key` names, whatever its key is made of."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return ObjectAddress(bucket=bucket, key=key)


def exported_file(s3: S3Client, uri: str, *, smallest: int = 1) -> dict[str, Any]:
    """An exported file as results tell of it.

    Args:
        s3: The S3 client.
        uri: `s3://bucket/key`.
        smallest: Bytes that it has at least.

    Returns:
        `Uri`, `Size` in bytes, and `Checksum`: what S3 recorded, as `checksum_of` writes it. Where it
        recorded none it is `ETag:` and the entity tag, which is no digest of what was written in parts.

    Raises:
        RequestFailure: If there is no such object, or one that is too small to be what was exported.
    """
    found = _head(s3, address_of(uri))
    if found is None:
        raise RequestFailure("ExportedFileMissing", f"The task completed, and there is no {uri}.", uri=uri)
    size = int(found["ContentLength"])
    if size < smallest:
        raise RequestFailure(
            "ExportedFileTruncated",
            f"The task completed, and {uri} has {size:,} bytes; it must have at least {smallest:,}.",
            uri=uri,
        )
    checksum = checksum_of(found) or "ETag:" + found["ETag"].strip('"')
    return {"Uri": uri, "Size": size, "Checksum": checksum}


def is_there(s3: S3Client, uri: str) -> bool:
    """Tell whether an export has written a file."""
    return _head(s3, address_of(uri)) is not None


def remove_exports(s3: S3Client, uris: tuple[str, ...]) -> None:
    """Remove what exports have written, as far as it is there, and their probes.

    In a versioned bucket the bytes stay as noncurrent versions until the bucket's lifecycle expires them.
    """
    for uri in uris:
        location = address_of(uri)
        if is_there(s3, uri):
            with transient_errors_named():
                s3.delete_object(Bucket=location.bucket, Key=location.key)
    remove_probes(s3, uris)


def remove_probes(s3: S3Client, uris: tuple[str, ...]) -> None:
    """Remove the empty object that the service wrote beside exports."""
    for bucket in sorted({address_of(uri).bucket for uri in uris}):
        with transient_errors_named():
            s3.delete_object(Bucket=bucket, Key=WRITE_PROBE)


def _head(s3: S3Client, location: ObjectAddress) -> Any:
    try:
        with transient_errors_named():
            return s3.head_object(Bucket=location.bucket, Key=location.key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error_code(error) not in _MISSING:
            raise
        return None
