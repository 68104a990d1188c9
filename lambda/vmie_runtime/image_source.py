"""An S3 object as the readers of disk images need it: bytes by ranges, all of the same object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.object_checksum import checksum_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class S3ImageSource:
    """A range source over the current object, which EC2 reads too; never over another one in its place."""

    def __init__(self, s3: S3Client, *, bucket: str, key: str, etag: str, size: int) -> None:
        """Describe the object; nothing is read yet.

        Args:
            s3: The S3 client.
            bucket: The bucket.
            key: The key.
            etag: The entity tag, without quotes; compared by S3 at every read.
            size: The size in bytes.
        """
        self._s3, self._key, self._size = s3, key, size
        self._object: dict[str, Any] = {"Bucket": bucket, "Key": key, "IfMatch": f'"{etag}"'}

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def checksum(self) -> str | None:
        """The checksum that S3 keeps of the object, as `checksum_of` writes it; None without one.

        It is for the record: where S3 does not give it, the image is inspected all the same.
        """
        try:
            return checksum_of(self._s3.head_object(**self._object, ChecksumMode="ENABLED"))
        except (BotoCoreError, ClientError):
            return None

    def read(self, offset: int, length: int) -> bytes:
        """The bytes from `offset`, fewer than `length` only at the end.

        Raises:
            RequestFailure: If the object is gone, another one, or not to be read.
        """
        last = min(offset + length, self._size) - 1
        if last < offset:
            return b""
        try:
            with transient_errors_named():
                return self._s3.get_object(**self._object, Range=f"bytes={offset}-{last}")["Body"].read()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 412:
                raise RequestFailure(
                    "SourceChanged", f"{self._key!r} was overwritten while it was inspected."
                ) from error
            if status == 404:
                raise RequestFailure(
                    "SourceDeleted", f"{self._key!r} was deleted before its import ended.", status="Cancelled"
                ) from error
            # The object's head can be read without its KMS key, its bytes cannot.
            raise RequestRejected(
                "SourceUnreadable",
                f"{self._key!r} cannot be read ({error_code(error)}: {error_message(error)}).",
            ) from error
