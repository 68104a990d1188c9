"""The exports' ports, on this cloud's public endpoint and on moto."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_local.moto_seams import s3_ownership
from vmie_local.object_storage import Handover, ObjectBody
from vmie_local.object_storage.handover import HEADER
from vmie_local.place import Place
from vmie_local.vm_import.exports.ports import BucketControls, StoreRefusedError

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_SMALLEST_PART = 64 << 20
_MOST_PARTS = 10_000


class CloudBuckets:
    """S3 over HTTP, so that the role's permissions are checked and every call is recorded.

    The Region's export service is a stranger to the bucket's account. What the bucket grants it has been
    checked before, so here it has the administrator's key.
    """

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud

    def controls(self, bucket: str) -> BucketControls | None:
        """A bucket's controls, or None if there is no such bucket."""
        found = s3_ownership.controls_of(bucket)
        return BucketControls(**found) if found else None

    def write_probe(self, place: Place, role_arn: str | None, bucket: str, key: str) -> None:
        """Write an empty object.

        Raises:
            StoreRefusedError: If S3 refuses.
        """
        client = self._cloud.client("s3", region=place.region, role_arn=role_arn)
        try:
            client.put_object(Bucket=bucket, Key=key, Body=b"")
        except ClientError as error:
            raise _refusal(error) from error

    def upload(
        self, place: Place, role_arn: str | None, bucket: str, key: str, file: Path
    ) -> MultipartUpload:
        """Send a file, which is gone afterwards.

        Raises:
            StoreRefusedError: If S3 refuses.
        """
        upload = MultipartUpload(
            self._cloud.client("s3", region=place.region, role_arn=role_arn),
            self._cloud.client("s3", region=place.region),
            self._cloud.handover,
            bucket,
            key,
        )
        upload.send(file)
        return upload


class MultipartUpload:
    """A file in parts: S3 shows nothing of it before it is completed."""

    def __init__(self, client: Any, owner: Any, handover: Handover, bucket: str, key: str) -> None:
        """Prepare; nothing is sent yet.

        Args:
            client: S3 as the one who writes.
            owner: S3 as the bucket's owner, who may always end an upload, as the one who began it may.
            handover: Takes the parts' bodies.
            bucket: The bucket.
            key: The object's key.
        """
        self._client, self._owner, self._handover = client, owner, handover
        self._address = {"Bucket": bucket, "Key": key}
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._token = ""
        client.meta.events.register("before-call.s3.UploadPart", self._name_body)

    def send(self, file: Path) -> None:
        """Send every part.

        Raises:
            StoreRefusedError: If S3 refuses; nothing is left of the upload then.
        """
        body = self._handover.adopt(file)
        try:
            self._upload_id = self._client.create_multipart_upload(**self._address)["UploadId"]
            size = max(_SMALLEST_PART, -(-len(body) // _MOST_PARTS))
            for number, start in enumerate(range(0, len(body), size), 1):
                self._send_part(number, body[start : start + size])
        except ClientError as error:
            self.discard()
            raise _refusal(error) from error

    def finish(self) -> None:
        """Make the object.

        Raises:
            StoreRefusedError: If S3 refuses.
        """
        try:
            self._client.complete_multipart_upload(
                **self._address, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
            )
        except ClientError as error:
            raise _refusal(error) from error
        self._upload_id = None

    def discard(self) -> None:
        """Forget the parts; after `finish` there are none."""
        upload_id, self._upload_id = self._upload_id, None
        if upload_id is not None:
            try:
                self._owner.abort_multipart_upload(**self._address, UploadId=upload_id)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("NoSuchUpload", "NoSuchBucket"):
                    raise

    def _send_part(self, number: int, body: ObjectBody) -> None:
        self._token = self._handover.offer(body)
        try:
            answer = self._client.upload_part(
                **self._address, UploadId=self._upload_id, PartNumber=number, Body=b""
            )
        finally:
            self._handover.withdraw(self._token)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def _name_body(self, params: dict[str, Any], **_: Any) -> None:
        params["headers"][HEADER] = self._token


def _refusal(error: ClientError) -> StoreRefusedError:
    return StoreRefusedError(
        int(error.response["ResponseMetadata"]["HTTPStatusCode"]), str(error.response["Error"]["Code"])
    )
