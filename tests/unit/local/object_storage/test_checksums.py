import base64
import hashlib
import zlib
from pathlib import Path

import pytest

from vmie_local.object_storage import BodyStore, ObjectBody
from vmie_local.object_storage.checksums import composite, wrong_digest


@pytest.fixture
def body(tmp_path: Path) -> ObjectBody:
    return BodyStore(tmp_path).save([b"hello"])


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def headers(data: bytes) -> dict[str, str]:
    return {
        "content-md5": base64_of(hashlib.md5(data, usedforsecurity=False).digest()),
        "x-amz-checksum-crc32": base64_of(zlib.crc32(data).to_bytes(4, "big")),
        "x-amz-checksum-sha1": base64_of(hashlib.sha1(data, usedforsecurity=False).digest()),
        "x-amz-checksum-sha256": base64_of(hashlib.sha256(data).digest()),
    }


def test_right_checksums_pass(body: ObjectBody) -> None:
    assert wrong_digest(body, headers(b"hello")) is None


@pytest.mark.parametrize("name", sorted(headers(b"")))
def test_a_wrong_checksum_is_named(body: ObjectBody, name: str) -> None:
    wrong = {**headers(b"hello"), name: headers(b"other")[name]}
    assert str(wrong_digest(body, wrong)).lower() == name


def test_the_checksum_of_parts_is_the_checksum_of_their_checksums(tmp_path: Path) -> None:
    store = BodyStore(tmp_path)
    parts = [store.save([b"a"]), store.save([b"b"])]
    expected = hashlib.sha256(hashlib.sha256(b"a").digest() + hashlib.sha256(b"b").digest()).digest()
    assert composite("SHA256", parts) == base64_of(expected)
    assert composite("CRC64NVME", parts) is None
