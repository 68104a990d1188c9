"""S3 as the local AWS keeps it: on disk, by ranges, with S3's limits."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from vmie_local import LocalAws

MIB = 1 << 20
numbers = count(1)


@pytest.fixture
def s3(cloud: LocalAws) -> Any:
    return cloud.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"storage-{next(numbers)}"
    s3.create_bucket(Bucket=name)
    return name


class Zeros(io.RawIOBase):
    """A large upload that costs its sender no memory either."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def read(self, size: int = -1) -> bytes:
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        self._at += wanted
        return bytes(wanted)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = {os.SEEK_SET: offset, os.SEEK_CUR: self._at + offset, os.SEEK_END: self._size + offset}[
            whence
        ]
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def resident() -> int:
    """The memory of this process, in which the local AWS runs too; bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory from /proc")
def test_a_large_object_goes_to_disk_and_comes_in_ranges(s3: Any, bucket: str) -> None:
    size = 600 * MIB
    before = resident()
    s3.put_object(Bucket=bucket, Key="large", Body=Zeros(size))
    answer = s3.get_object(Bucket=bucket, Key="large")
    assert sum(len(chunk) for chunk in answer["Body"].iter_chunks(MIB)) == size
    part = s3.get_object(Bucket=bucket, Key="large", Range=f"bytes={size - 5}-")
    assert (part["Body"].read(), part["ContentRange"]) == (bytes(5), f"bytes {size - 5}-{size - 1}/{size}")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/large")
    assert resident() - before < 64 * MIB
    assert s3.head_object(Bucket=bucket, Key="copy")["ContentLength"] == size
    for key in ("large", "copy"):
        s3.delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=2-4", b"234"),
        ("bytes=7-", b"789"),
        ("bytes=-3", b"789"),
        ("bytes=5-500", b"56789"),
    ],
)
def test_ranges_give_their_bytes(s3: Any, bucket: str, header: str, expected: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="digits", Range=header)
    assert (answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"]) == (expected, 206)


def test_a_range_behind_the_end_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="digits", Range="bytes=10-")
    assert code_of(error) == "InvalidRange"


def test_parts_become_one_object_with_the_etag_of_s3(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="whole")["UploadId"]
    named = {"Bucket": bucket, "Key": "whole", "UploadId": upload}
    first = os.urandom(5 * MIB)
    etags = [
        s3.upload_part(**named, PartNumber=1, Body=first)["ETag"],
        s3.upload_part_copy(
            **named, PartNumber=2, CopySource=f"{bucket}/source", CopySourceRange="bytes=3-5"
        )["CopyPartResult"]["ETag"],
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    done = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in (first, b"345"))
    assert done["ETag"] == f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-2"'
    assert s3.get_object(Bucket=bucket, Key="whole")["Body"].read() == first + b"345"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([{"PartNumber": 1, "ETag": '"0"'}], "InvalidPart"),
        ([{"PartNumber": 2, "ETag": '"0"'}], "InvalidPart"),
    ],
)
def test_parts_that_were_not_uploaded_are_refused(s3: Any, bucket: str, parts: list, code: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="whole")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="whole", UploadId=upload, PartNumber=1, Body=b"a")
    with pytest.raises(ClientError) as error:
        s3.complete_multipart_upload(
            Bucket=bucket, Key="whole", UploadId=upload, MultipartUpload={"Parts": parts}
        )
    assert code_of(error) == code


def test_versions_keep_their_bodies(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"one", b"two")]
    assert len(set(versions)) == 2
    bodies = [s3.get_object(Bucket=bucket, Key="k", VersionId=one)["Body"].read() for one in versions]
    assert bodies == [b"one", b"two"]


def test_uploads_with_checksums_in_a_trailer_arrive_whole(cloud: LocalAws, bucket: str) -> None:
    default = boto3.client("s3", endpoint_url=cloud.endpoint, **credentials(cloud))
    body = os.urandom(3 * MIB)
    done = default.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(body))
    assert done["ChecksumCRC32"]
    answer = default.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (answer["Body"].read(), answer["ChecksumCRC32"]) == (body, done["ChecksumCRC32"])


def test_a_wrong_digest_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"1", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")
    assert code_of(error) == "BadDigest"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_key_has_1024_bytes_at_most(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k" * 1024, Body=b"")
    for key in ("k" * 1025, "ü" * 513):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket=bucket, Key=key, Body=b"")
        assert code_of(error) == "KeyTooLongError"


def test_an_archived_object_shows_its_class_and_cannot_be_read(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    assert s3.head_object(Bucket=bucket, Key="cold")["StorageClass"] == "GLACIER"
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="cold")
    assert code_of(error) == "InvalidObjectState"


def test_an_upload_replaces_the_file_of_the_one_before(cloud: LocalAws, s3: Any, bucket: str) -> None:
    files = cloud.data_dir / "objects"
    before = set(files.iterdir())
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="same", Body=os.urandom(100))
    assert len(set(files.iterdir()) - before) == 1
    s3.delete_object(Bucket=bucket, Key="same")
    assert set(files.iterdir()) - before == set()


@pytest.fixture
def secret(s3: Any, bucket: str) -> Iterator[dict[str, Any]]:
    """The parameters that read an object named `secret`."""
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    s3.put_object(Bucket=bucket, Key="secret", Body=b"secret", **key)
    yield key


def test_a_customers_key_is_asked_for(s3: Any, bucket: str, secret: dict[str, Any]) -> None:
    named = {"Bucket": bucket, "Key": "secret"}
    assert s3.get_object(**named, **secret)["Body"].read() == b"secret"
    assert s3.head_object(**named, **secret)["SSECustomerAlgorithm"] == "AES256"
    wrong = {**secret, "SSECustomerKey": bytes(32)}
    refused = [
        (s3.head_object, {}, "400"),
        (s3.head_object, wrong, "403"),
        (s3.get_object, {}, "InvalidRequest"),
        (s3.get_object, wrong, "AccessDenied"),
    ]
    for call, given, code in refused:
        with pytest.raises(ClientError) as error:
            call(**named, **given)
        assert code_of(error) == code
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/secret")
    assert code_of(error) == "InvalidRequest"


def test_a_customers_key_of_a_multipart_upload_counts_for_the_object(s3: Any, bucket: str) -> None:
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m", **key)["UploadId"]
    named = {"Bucket": bucket, "Key": "m", "UploadId": upload}
    with pytest.raises(ClientError) as error:
        s3.upload_part(**named, PartNumber=1, Body=b"a")
    assert code_of(error) == "InvalidRequest"
    etag = s3.upload_part(**named, PartNumber=1, Body=b"a", **key)["ETag"]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket=bucket, Key="m")
    assert code_of(error) == "400"
    assert s3.get_object(Bucket=bucket, Key="m", **key)["Body"].read() == b"a"


def test_a_policy_that_denies_plain_http_does_not_lock_anybody_out(s3: Any, bucket: str) -> None:
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statement = {**denied, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=str({"Statement": [statement]}).replace("'", '"'))
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def credentials(cloud: LocalAws) -> dict[str, str]:
    environ = cloud.environ()
    return {
        "aws_access_key_id": environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
        "region_name": environ["AWS_REGION"],
    }
