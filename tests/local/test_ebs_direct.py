"""The EBS direct APIs through boto3."""

from __future__ import annotations

import base64
import hashlib
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vmie_local import LocalAws

BLOCK = 524288


@pytest.fixture(scope="module")
def ebs(cloud: LocalAws) -> Any:
    return cloud.client("ebs")


@pytest.fixture(scope="module")
def ec2(cloud: LocalAws) -> Any:
    return cloud.client("ec2")


def block(seed: int) -> bytes:
    return random.Random(seed).randbytes(BLOCK)  # noqa: S311 - test data


def checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def put(ebs: Any, snapshot_id: str, index: int, data: bytes) -> None:
    ebs.put_snapshot_block(
        SnapshotId=snapshot_id,
        BlockIndex=index,
        BlockData=data,
        DataLength=len(data),
        Checksum=checksum(data),
        ChecksumAlgorithm="SHA256",
    )


def write(ebs: Any, blocks: dict[int, bytes], **parameters: Any) -> str:
    snapshot_id = str(ebs.start_snapshot(**{"VolumeSize": 1, **parameters})["SnapshotId"])
    for index, data in blocks.items():
        put(ebs, snapshot_id, index, data)
    digests = b"".join(hashlib.sha256(blocks[index]).digest() for index in sorted(blocks))
    answer = ebs.complete_snapshot(
        SnapshotId=snapshot_id,
        ChangedBlocksCount=len(blocks),
        Checksum=checksum(digests),
        ChecksumAlgorithm="SHA256",
        ChecksumAggregationMethod="LINEAR",
    )
    assert answer["Status"] == "completed"
    return snapshot_id


def test_what_is_written_is_read_back(ebs: Any) -> None:
    snapshot_id = write(ebs, {0: block(0), 2047: block(1)})
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot_id)

    assert (listed["BlockSize"], listed["VolumeSize"]) == (BLOCK, 1)
    assert [entry["BlockIndex"] for entry in listed["Blocks"]] == [0, 2047]
    for entry, seed in zip(listed["Blocks"], (0, 1), strict=True):
        answer = ebs.get_snapshot_block(
            SnapshotId=snapshot_id, BlockIndex=entry["BlockIndex"], BlockToken=entry["BlockToken"]
        )
        assert answer["BlockData"].read() == block(seed)
        assert (answer["DataLength"], answer["Checksum"]) == (BLOCK, checksum(block(seed)))


def test_ec2_shows_the_snapshot_pending_and_then_completed(ebs: Any, ec2: Any) -> None:
    started = ebs.start_snapshot(VolumeSize=3, Description="by hand", Tags=[{"Key": "a", "Value": "b"}])
    snapshot_id = started["SnapshotId"]
    (shown,) = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert (shown["State"], shown["VolumeSize"], shown["Description"]) == ("pending", 3, "by hand")
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    ebs.complete_snapshot(SnapshotId=snapshot_id, ChangedBlocksCount=0)

    (shown,) = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert shown["State"] == "completed"


def test_a_child_changes_some_of_its_parent_s_blocks(ebs: Any) -> None:
    parent = write(ebs, {0: block(0), 1: block(1)})
    child = write(ebs, {1: block(2)}, ParentSnapshotId=parent)
    changed = ebs.list_changed_blocks(FirstSnapshotId=parent, SecondSnapshotId=child)["ChangedBlocks"]

    assert [entry["BlockIndex"] for entry in changed] == [1]
    first, second = (
        ebs.get_snapshot_block(SnapshotId=snapshot_id, BlockIndex=1, BlockToken=changed[0][token])[
            "BlockData"
        ].read()
        for snapshot_id, token in ((parent, "FirstBlockToken"), (child, "SecondBlockToken"))
    )
    assert (first, second) == (block(1), block(2))


def test_a_wrong_checksum_is_refused(ebs: Any) -> None:
    snapshot_id = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]

    with pytest.raises(ClientError) as refusal:
        ebs.put_snapshot_block(
            SnapshotId=snapshot_id,
            BlockIndex=0,
            BlockData=block(0),
            DataLength=BLOCK,
            Checksum=checksum(b""),
            ChecksumAlgorithm="SHA256",
        )
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    assert refusal.value.response["Reason"] == "INVALID_PARAMETER_VALUE"


def test_a_snapshot_that_does_not_exist_is_not_found(ebs: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        ebs.list_snapshot_blocks(SnapshotId="snap-00000000000000000")

    assert refusal.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
