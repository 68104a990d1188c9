"""Request files as they lie in the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request import Source
from vmie_runtime.request_documents import RequestFile, parse_file

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MOST_BYTES = 16 * 1024 * 1024
"""10,000 requests of 1,600 bytes."""


def read(s3: S3Client, source: Source) -> RequestFile | None:
    """Read and parse a request file; None where it is not there any more, or another one.

    Raises:
        RequestRejected: If it cannot be read, or holds no request.
    """
    if source.size > MOST_BYTES:
        raise RequestRejected(
            "RequestFileTooLarge",
            f"{source.key!r} has {source.size:,} bytes; a request file has at most {MOST_BYTES:,}.",
            size=source.size,
        )
    try:
        with transient_errors_named():
            answer = s3.get_object(Bucket=source.bucket, Key=source.key, IfMatch=f'"{source.etag}"')
            return parse_file(answer["Body"].read(MOST_BYTES + 1))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 412):
            return None
        raise RequestRejected(
            "SourceUnreadable",
            f"{source.key!r} cannot be read ({error_code(error)}: {error_message(error)}).",
        ) from error
