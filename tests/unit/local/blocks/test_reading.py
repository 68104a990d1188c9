from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.blocks.fakes import Ebs, block, checksum
from tests.unit.local.vm_import.fakes import HERE
from vmie_local.blocks.ports import Snapshot
from vmie_local.blocks.tokens import BLOCK_TOKEN_SECONDS
from vmie_local.front_door.api_call import ApiError


@pytest.fixture
def ebs(tmp_path: Path) -> Ebs:
    return Ebs(tmp_path)


def list_blocks(ebs: Ebs, snapshot_id: str, **parameters: Any) -> dict[str, Any]:
    return ebs.reader.list_snapshot_blocks(HERE, {"SnapshotId": snapshot_id, **parameters})


def get(ebs: Ebs, snapshot_id: str, index: int, token: str) -> dict[str, Any]:
    given = {"SnapshotId": snapshot_id, "BlockIndex": index, "BlockToken": token}
    return ebs.reader.get_snapshot_block(HERE, given)


def test_what_was_written_is_listed_and_read_back(ebs: Ebs) -> None:
    snapshot_id = ebs.snapshot({7: block(7), 3: block(3)}, VolumeSize=2)
    listed = list_blocks(ebs, snapshot_id)

    assert [entry["BlockIndex"] for entry in listed["Blocks"]] == [3, 7]
    assert (listed["VolumeSize"], listed["BlockSize"]) == (2, 524288)
    assert listed["ExpiryTime"].timestamp() == ebs.clock.now() + BLOCK_TOKEN_SECONDS
    answer = get(ebs, snapshot_id, 3, listed["Blocks"][0]["BlockToken"])
    assert answer["BlockData"] == block(3)
    assert (answer["Checksum"], answer["ChecksumAlgorithm"]) == (checksum(block(3)), "SHA256")


def test_a_snapshot_nobody_wrote_to_has_no_blocks(ebs: Ebs) -> None:
    ebs.snapshots.known["snap-f"] = Snapshot("snap-f", 8, "completed")

    assert list_blocks(ebs, "snap-f")["Blocks"] == []


@pytest.mark.parametrize("operation", ["list", "get", "changed"])
def test_a_snapshot_that_is_not_there_is_not_found(ebs: Ebs, operation: str) -> None:
    with pytest.raises(ApiError) as refusal:
        if operation == "list":
            list_blocks(ebs, "snap-f")
        elif operation == "get":
            get(ebs, "snap-f", 0, "")
        else:
            ebs.reader.list_changed_blocks(HERE, {"SecondSnapshotId": "snap-f"})

    assert refusal.value.code == "ResourceNotFoundException"
    assert refusal.value.members == {"Reason": "SNAPSHOT_NOT_FOUND"}


def test_a_pending_snapshot_cannot_be_read(ebs: Ebs) -> None:
    with pytest.raises(ApiError, match="is pending, not completed"):
        list_blocks(ebs, ebs.start()["SnapshotId"])


def test_pages_follow_one_another(ebs: Ebs) -> None:
    snapshot_id = ebs.snapshot({index: block(1) for index in range(0, 500, 2)})
    found, token = [], None
    for _ in range(5):
        listed = list_blocks(ebs, snapshot_id, MaxResults=100, **({"NextToken": token} if token else {}))
        found += [entry["BlockIndex"] for entry in listed["Blocks"]]
        token = listed.get("NextToken")
        if token is None:
            break

    assert found == list(range(0, 500, 2))


def test_a_list_can_begin_in_the_middle(ebs: Ebs) -> None:
    snapshot_id = ebs.snapshot({index: block(1) for index in range(5)})
    listed = list_blocks(ebs, snapshot_id, StartingBlockIndex=3)

    assert [entry["BlockIndex"] for entry in listed["Blocks"]] == [3, 4]


@pytest.mark.parametrize("size", [99, 10001])
def test_a_page_has_100_to_10000_entries(ebs: Ebs, size: int) -> None:
    with pytest.raises(ApiError, match="between 100 and 10000"):
        list_blocks(ebs, ebs.snapshot({}), MaxResults=size)


@pytest.mark.parametrize("token", ["AAAA", "not base64!", ""])
def test_an_invented_page_token_is_refused(ebs: Ebs, token: str) -> None:
    snapshot_id = ebs.snapshot({0: block(1)})
    if not token:
        token = list_blocks(ebs, snapshot_id)["Blocks"][0]["BlockToken"]

    with pytest.raises(ApiError) as refusal:
        list_blocks(ebs, snapshot_id, NextToken=token)
    assert refusal.value.members == {"Reason": "INVALID_PAGE_TOKEN"}


def test_a_block_token_is_for_one_block_and_a_while(ebs: Ebs) -> None:
    snapshot_id = ebs.snapshot({0: block(0), 1: block(1)})
    token = list_blocks(ebs, snapshot_id)["Blocks"][0]["BlockToken"]
    ebs.clock.moment += BLOCK_TOKEN_SECONDS - 1
    assert get(ebs, snapshot_id, 0, token)["BlockData"] == block(0)

    for wrong in ((1, token), (0, token[:-4] + "AAAA"), (0, "")):
        with pytest.raises(ApiError) as refusal:
            get(ebs, snapshot_id, *wrong)
        assert refusal.value.members == {"Reason": "INVALID_BLOCK_TOKEN"}
    ebs.clock.moment += 1
    with pytest.raises(ApiError):
        get(ebs, snapshot_id, 0, token)


def test_changed_blocks_are_those_that_differ(ebs: Ebs) -> None:
    first = ebs.snapshot({0: block(0), 1: block(1), 2: block(2)})
    second = ebs.snapshot({1: block(9), 2: block(2), 3: block(3)}, ParentSnapshotId=first)
    answer = ebs.reader.list_changed_blocks(HERE, {"FirstSnapshotId": first, "SecondSnapshotId": second})

    assert [entry["BlockIndex"] for entry in answer["ChangedBlocks"]] == [1, 3]
    one, three = answer["ChangedBlocks"]
    assert get(ebs, first, 1, one["FirstBlockToken"])["BlockData"] == block(1)
    assert get(ebs, second, 1, one["SecondBlockToken"])["BlockData"] == block(9)
    assert "FirstBlockToken" not in three


def test_without_a_first_snapshot_every_block_has_changed(ebs: Ebs) -> None:
    second = ebs.snapshot({4: block(4)})
    answer = ebs.reader.list_changed_blocks(HERE, {"SecondSnapshotId": second})

    assert [set(entry) for entry in answer["ChangedBlocks"]] == [{"BlockIndex", "SecondBlockToken"}]


def test_snapshots_without_a_common_origin_are_not_compared(ebs: Ebs) -> None:
    first, second = ebs.snapshot({0: block(0)}), ebs.snapshot({0: block(0)})

    with pytest.raises(ApiError) as refusal:
        ebs.reader.list_changed_blocks(HERE, {"FirstSnapshotId": first, "SecondSnapshotId": second})
    assert refusal.value.members == {"Reason": "UNRELATED_SNAPSHOTS"}
