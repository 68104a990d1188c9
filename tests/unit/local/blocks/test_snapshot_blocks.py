from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_local.blocks import BLOCK_SIZE, BlockStore, SnapshotBlocks
from vmie_local.blocks.snapshot_blocks import nonzero_blocks

ONES, TWOS = b"\1" * BLOCK_SIZE, b"\2" * BLOCK_SIZE


@pytest.fixture
def store(tmp_path: Path) -> BlockStore:
    return BlockStore(tmp_path / "snapshots")


def test_a_block_that_was_never_written_is_not_there(store: BlockStore) -> None:
    blocks = store.create("snap-1", 1)
    blocks.write(5, ONES)

    assert blocks.indexes() == [5]
    assert blocks.read(5) == ONES
    assert blocks.read(4) is None


def test_a_block_of_zeros_that_was_written_is_there(store: BlockStore) -> None:
    blocks = store.create("snap-1", 1)
    blocks.write(0, bytes(BLOCK_SIZE))

    assert blocks.read(0) == bytes(BLOCK_SIZE)


def test_writing_again_replaces(store: BlockStore) -> None:
    blocks = store.create("snap-1", 1)
    blocks.write(0, ONES)
    blocks.write(0, TWOS)

    assert blocks.read(0) == TWOS


@pytest.mark.parametrize("index", [-1, 2048, 99999])
def test_a_block_outside_the_volume_is_refused(store: BlockStore, index: int) -> None:
    with pytest.raises(ValueError, match="outside a volume of 1 GiB"):
        store.create("snap-1", 1).write(index, ONES)


def test_data_that_is_no_block_is_refused(store: BlockStore) -> None:
    with pytest.raises(ValueError, match="not 3"):
        store.create("snap-1", 1).write(0, b"abc")


def test_a_child_sees_its_parent_s_blocks_under_its_own(store: BlockStore) -> None:
    parent = store.create("snap-1", 1)
    parent.write(0, ONES)
    parent.write(1, ONES)
    child = store.create("snap-2", 1, "snap-1")
    child.write(1, TWOS)
    child.write(2, TWOS)

    assert [child.read(n) for n in range(3)] == [ONES, TWOS, TWOS]
    assert child.indexes() == [0, 1, 2]
    assert child.own_indexes() == [1, 2]
    assert child.changed_since(parent) == [1, 2]
    assert child.origin is parent
    assert parent.read(1) == ONES


def test_a_parent_that_is_deleted_stays_as_long_as_a_child_needs_it(store: BlockStore) -> None:
    store.create("snap-1", 1).write(0, ONES)
    child = store.create("snap-2", 1, "snap-1")
    grandchild = store.create("snap-3", 1, "snap-2")
    child.write(1, TWOS)
    store.remove("snap-1")
    store.remove("snap-2")

    assert (grandchild.read(0), grandchild.read(1)) == (ONES, TWOS)
    assert store.find("snap-1") is None
    store.remove("snap-3")
    assert store.bytes_on_disk() == 0


def test_flattening_writes_the_volume_as_a_raw_image(store: BlockStore, tmp_path: Path) -> None:
    parent = store.create("snap-1", 1)
    parent.write(0, ONES)
    child = store.create("snap-2", 1, "snap-1")
    child.write(3, TWOS)
    child.flatten_into(tmp_path / "flat")

    with (tmp_path / "flat").open("rb") as file:
        assert file.read(4 * BLOCK_SIZE) == ONES + bytes(2 * BLOCK_SIZE) + TWOS
    assert (tmp_path / "flat").stat().st_size == 1 << 30


def test_adopting_a_raw_image_moves_it_and_skips_zeros(store: BlockStore, tmp_path: Path) -> None:
    image = tmp_path / "disk.raw"
    image.write_bytes(ONES + bytes(BLOCK_SIZE) + TWOS[:100])
    blocks = store.adopt("snap-1", 1, image)

    assert blocks.indexes() == [0, 2]
    assert blocks.read(2) == TWOS[:100].ljust(BLOCK_SIZE, b"\0")
    assert not image.exists()


def test_a_snapshot_can_be_adopted_without_an_image(store: BlockStore) -> None:
    assert store.adopt("snap-1", 1, None).indexes() == []


def test_removing_what_is_not_there_does_nothing(store: BlockStore) -> None:
    store.remove("snap-1")

    assert store.find("snap-1") is None


def test_clearing_empties_the_disk(store: BlockStore) -> None:
    store.create("snap-1", 1).write(0, ONES)
    store.clear()

    assert store.bytes_on_disk() == 0
    assert store.find("snap-1") is None


@given(st.sets(st.integers(0, 30), max_size=8), st.integers(1, BLOCK_SIZE - 1))
def test_every_block_with_a_byte_in_it_is_found_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, indexes: set[int], offset: int
) -> None:
    path = tmp_path_factory.mktemp("sparse") / "disk"
    with path.open("wb") as file:
        file.truncate(31 * BLOCK_SIZE)
        for index in indexes:
            os.pwrite(file.fileno(), b"x", index * BLOCK_SIZE + offset)

    assert list(nonzero_blocks(path)) == sorted(indexes)


def test_a_hole_at_the_end_is_no_block(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(3 << 40)

    assert list(nonzero_blocks(path)) == []
    assert SnapshotBlocks(path, 3072).indexes() == []


def test_a_volume_and_a_snapshot_of_it_share_the_blocks_of_the_first_snapshot(store: BlockStore) -> None:
    store.create("snap-1", 1).write(3, ONES)
    store.derive("vol-1", 4, "snap-1")
    store.derive("snap-2", 4, "vol-1")
    store.remove("vol-1")

    taken = store.require("snap-2")
    assert (taken.indexes(), taken.read(3), taken.volume_size) == ([3], ONES, 4)
    assert taken.origin is store.require("snap-1")
    assert not taken.path.exists()


def test_a_copy_outlives_its_source_and_begins_a_lineage(store: BlockStore) -> None:
    source = store.create("snap-1", 1)
    source.write(0, ONES)
    store.derive("snap-2", 1, "snap-1", copy=True)
    store.remove("snap-1")

    copy = store.require("snap-2")
    assert copy.read(0) == ONES
    assert copy.origin is copy
    store.remove("snap-2")
    assert not source.path.exists()


def test_there_is_nothing_to_share_of_what_nobody_wrote_to(store: BlockStore) -> None:
    store.derive("snap-2", 1, "vol-1")

    assert store.find("snap-2") is None
