"""What cannot be imported ends at once, with what was found and what is accepted."""

import base64
import os
from hashlib import md5

import pytest

from tests.local.pipeline.harness import DEMO_DISK, Pipeline

BAD = {
    "images/notes.txt": (b"hello", "UnsupportedSuffix", ".txt"),
    "images/no-suffix": (b"hello", "UnsupportedSuffix", "no suffix"),
    "images/empty.vmdk": (b"", "EmptyObject", "0 bytes"),
    "images/text.vmdk": (b"This is a shopping list.\n" * 50, None, "text"),
    "images/noise.vmdk": (os.urandom(65536), None, ""),
    "images/gzip.ova": (b"\x1f\x8b\x08\x00" + os.urandom(4096), None, "gzip"),
    "images/vmdk-inside.vhd": (None, None, "VMDK"),
    "snapshots/appliance.ova": (None, "UnsupportedSuffix", "becomes a snapshot"),
    "requests/notes.json": (b"not JSON", "InvalidJson", "JSON"),
    "requests/empty.json": (b"{}", None, "DiskContainers"),
}


@pytest.fixture
def dropped(pipeline: Pipeline):
    for key, (body, _, _) in BAD.items():
        pipeline.upload(key, body)


def test_what_is_no_disk_image_is_rejected_by_name(pipeline: Pipeline, dropped: None):
    for key, (_, code, named) in BAD.items():
        result = pipeline.ended(key)
        assert result["Status"] == "Rejected", (key, result)
        assert code is None or result["Error"]["Code"] == code, (key, result)
        assert named.lower() in result["Error"]["Message"].lower(), (key, result)
        assert result["Error"]["Remedy"], key
        assert "ImportTaskId" not in result


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.999])
def test_a_truncated_upload_is_rejected_as_truncated(pipeline: Pipeline, kept: float):
    disk = DEMO_DISK.read_bytes()
    key = f"images/truncated-{kept}.vmdk"
    pipeline.upload(key, disk[: int(len(disk) * kept)])

    result = pipeline.ended(key)

    assert result["Status"] in ("Rejected", "Failed"), result
    assert "ImageId" not in result
    assert any(
        word in str(result["Error"]).lower() for word in ("truncated", "ends", "cut short", "end-of-stream")
    )


def test_an_archived_object_is_rejected_with_its_storage_class(pipeline: Pipeline):
    pipeline.upload("images/archived.vmdk", StorageClass="GLACIER")

    result = pipeline.ended("images/archived.vmdk")

    assert (result["Status"], result["Error"]["Code"]) == ("Rejected", "ArchivedObject"), result
    assert "GLACIER" in result["Error"]["Message"]
    assert "restore" in result["Error"]["Remedy"].lower()


def test_an_object_under_a_customers_own_key_is_rejected(pipeline: Pipeline):
    key = os.urandom(32)
    pipeline.upload(
        "images/sse-c.vmdk",
        SSECustomerAlgorithm="AES256",
        SSECustomerKey=base64.b64encode(key).decode(),
        SSECustomerKeyMD5=base64.b64encode(md5(key, usedforsecurity=False).digest()).decode(),
    )

    result = pipeline.ended("images/sse-c.vmdk")

    assert (result["Status"], result["Error"]["Code"]) == ("Rejected", "CustomerProvidedKey"), result
