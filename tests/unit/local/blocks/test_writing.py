from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.blocks.fakes import ACCOUNT_KEY, Ebs, block, checksum
from vmie_local.blocks import BLOCK_SIZE
from vmie_local.blocks.writing import MAX_PENDING
from vmie_local.front_door.api_call import ApiError


@pytest.fixture
def ebs(tmp_path: Path) -> Ebs:
    return Ebs(tmp_path)


def test_a_snapshot_is_pending_until_it_is_completed(ebs: Ebs) -> None:
    answer = ebs.start(Description="root", Tags=[{"Key": "a", "Value": "b"}])
    snapshot_id = answer["SnapshotId"]

    assert answer["Status"] == ebs.snapshots.known[snapshot_id].status == "pending"
    assert (answer["BlockSize"], answer["VolumeSize"], answer["OwnerId"]) == (524288, 1, "123456789012")
    assert ebs.snapshots.tags[snapshot_id] == {"a": "b"}
    ebs.put(snapshot_id, 0, block(1))
    assert ebs.complete(snapshot_id, 1) == {"Status": "completed"}
    assert ebs.snapshots.known[snapshot_id].status == "completed"


def test_a_put_answers_with_the_checksum(ebs: Ebs) -> None:
    snapshot_id = ebs.start()["SnapshotId"]

    assert ebs.put(snapshot_id, 0, block(1)) == {
        "Checksum": checksum(block(1)),
        "ChecksumAlgorithm": "SHA256",
    }


def test_the_linear_checksum_is_that_of_the_written_blocks_in_order(ebs: Ebs) -> None:
    snapshot_id = ebs.start()["SnapshotId"]
    ebs.put(snapshot_id, 9, block(9))
    ebs.put(snapshot_id, 2, block(2))
    digests = b"".join(hashlib.sha256(block(n)).digest() for n in (2, 9))
    right = base64.b64encode(hashlib.sha256(digests).digest()).decode()

    with pytest.raises(ApiError, match="checksum"):
        ebs.complete(snapshot_id, 2, Checksum=checksum(b"x"))
    assert ebs.complete(snapshot_id, 2, Checksum=right) == {"Status": "completed"}


@pytest.mark.parametrize(
    ("parameters", "code", "reason"),
    [
        ({"VolumeSize": 0}, "ValidationException", "INVALID_VOLUME_SIZE"),
        ({"VolumeSize": 65537}, "ValidationException", "INVALID_VOLUME_SIZE"),
        ({"Timeout": 9}, "ValidationException", "INVALID_PARAMETER_VALUE"),
        ({"Timeout": 4321}, "ValidationException", "INVALID_PARAMETER_VALUE"),
        ({"KmsKeyArn": "arn:aws:kms:x"}, "ValidationException", "INVALID_DEPENDENCY_REQUEST"),
        ({"ParentSnapshotId": "snap-f"}, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND"),
        (
            {"ParentSnapshotId": "snap-f", "Encrypted": False},
            "ValidationException",
            "INVALID_DEPENDENCY_REQUEST",
        ),
    ],
)
def test_a_start_the_service_does_not_take_is_refused(
    ebs: Ebs, parameters: dict[str, Any], code: str, reason: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        ebs.start(**parameters)

    assert (refusal.value.code, refusal.value.members) == (code, {"Reason": reason})
    assert ebs.snapshots.known == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"DataLength": 512},
        {"ChecksumAlgorithm": "MD5"},
        {"Checksum": checksum(b"x")},
        {"Checksum": None},
        {"BlockIndex": 2048},
    ],
)
def test_a_put_the_service_does_not_take_is_refused(ebs: Ebs, changes: dict[str, Any]) -> None:
    snapshot_id = ebs.start()["SnapshotId"]

    with pytest.raises(ApiError) as refusal:
        ebs.put(snapshot_id, 0, block(1), **changes)
    assert refusal.value.code == "ValidationException"
    assert ebs.store.require(snapshot_id).indexes() == []


def test_a_body_that_is_no_block_is_refused(ebs: Ebs) -> None:
    with pytest.raises(ApiError, match="the body has 3"):
        ebs.put(ebs.start()["SnapshotId"], 0, b"abc")


def test_a_completed_snapshot_takes_no_more_blocks(ebs: Ebs) -> None:
    snapshot_id = ebs.snapshot({0: block(1)})

    with pytest.raises(ApiError, match="is completed, not pending"):
        ebs.put(snapshot_id, 1, block(1))
    with pytest.raises(ApiError, match="is completed, not pending"):
        ebs.complete(snapshot_id, 1)


def test_a_snapshot_that_is_not_there_takes_no_blocks(ebs: Ebs) -> None:
    with pytest.raises(ApiError) as refusal:
        ebs.put("snap-f", 0, block(1))

    assert (refusal.value.code, refusal.value.status) == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("count", [0, 2, None])
def test_a_wrong_count_does_not_complete(ebs: Ebs, count: int | None) -> None:
    snapshot_id = ebs.start()["SnapshotId"]
    ebs.put(snapshot_id, 0, block(1))

    with pytest.raises(ApiError, match="1 blocks were written"):
        ebs.complete(snapshot_id, count)  # type: ignore[arg-type]
    assert ebs.snapshots.known[snapshot_id].status == "pending"


def test_a_block_written_twice_counts_once(ebs: Ebs) -> None:
    snapshot_id = ebs.start()["SnapshotId"]
    ebs.put(snapshot_id, 0, block(1))
    ebs.put(snapshot_id, 0, block(2))

    assert ebs.complete(snapshot_id, 1) == {"Status": "completed"}


def test_a_child_inherits_encryption_and_blocks(ebs: Ebs) -> None:
    parent = ebs.snapshot({0: block(1)}, Encrypted=True)
    answer = ebs.start(ParentSnapshotId=parent, VolumeSize=2)

    assert (answer["SseType"], answer["KmsKeyArn"]) == ("sse-kms", ACCOUNT_KEY)
    assert ebs.store.require(answer["SnapshotId"]).read(0) == block(1)


def test_a_child_cannot_be_smaller_than_its_parent(ebs: Ebs) -> None:
    parent = ebs.snapshot({}, VolumeSize=2)

    with pytest.raises(ApiError, match="has 2 GiB"):
        ebs.start(ParentSnapshotId=parent)


def test_a_pending_snapshot_cannot_be_a_parent(ebs: Ebs) -> None:
    with pytest.raises(ApiError, match="is pending, not completed"):
        ebs.start(ParentSnapshotId=ebs.start()["SnapshotId"])


def test_encryption_by_default_encrypts(ebs: Ebs) -> None:
    ebs.snapshots.encrypted_by_default = True

    assert ebs.start()["SseType"] == "sse-kms"


def test_the_same_token_gives_the_same_snapshot(ebs: Ebs) -> None:
    first = ebs.start(ClientToken="t", Description="x")

    assert ebs.start(ClientToken="t", Description="x") == first
    with pytest.raises(ApiError) as refusal:
        ebs.start(ClientToken="t", Description="y")
    assert (refusal.value.code, refusal.value.status) == ("ConflictException", 409)


def test_a_silent_snapshot_ends_in_error_after_its_timeout(ebs: Ebs) -> None:
    snapshot_id = ebs.start(Timeout=10)["SnapshotId"]
    ebs.clock.moment += 599
    ebs.put(snapshot_id, 0, block(1))
    ebs.clock.moment += 599
    ebs.put(snapshot_id, 1, block(1))
    ebs.clock.moment += 600

    with pytest.raises(ApiError, match="is error, not pending"):
        ebs.put(snapshot_id, 2, block(1))
    assert ebs.snapshots.known[snapshot_id].status == "error"


def test_the_quota_of_pending_snapshots_holds(ebs: Ebs) -> None:
    started = [ebs.start()["SnapshotId"] for _ in range(MAX_PENDING)]

    with pytest.raises(ApiError) as refusal:
        ebs.start()
    assert refusal.value.code == "ConcurrentLimitExceededException"
    ebs.complete(started[0], 0)
    assert ebs.start()["Status"] == "pending"


def test_a_block_is_half_a_mebibyte() -> None:
    assert BLOCK_SIZE == 524288
