"""Volumes: what inspections make of them, and the names by which guests mean them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.images.builders.memory_tree import MemoryTree, volume
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from tests.unit.images.fuzz_samples import samples
from tests.unit.images.inspecting import codes, inspect
from vmie_images import Budget, MemorySource, inspect_container
from vmie_images.reader import BLOCK_SIZE
from vmie_images.volumes.volume import Volume


@pytest.mark.parametrize(
    ("offset", "mark", "expected"),
    [
        (0, b"LUKS\xba\xbe\0\2", {"EncryptedVolume"}),
        (3, b"-FVE-FS-", {"EncryptedVolume"}),
        (4096, b"\xfc\x4e\x2b\xa9", {"FileSystemUnreadable", "GuestUnknown"}),
        (32768, b"JFS1", {"FileSystemUnreadable", "GuestUnknown"}),
        (0, b"something unknown", {"GuestUnknown"}),
        (0, b"XFSB" + bytes(100), {"FileSystemDamaged", "GuestUnknown"}),
        (0, b"LABELONE" + bytes(100), {"GuestUnknown"}),
    ],
)
def test_a_volume_that_cannot_be_read_rejects_only_where_it_is_encrypted(offset, mark, expected) -> None:
    inspection = inspect(mbr_disk(contents={MIB + offset: mark}))

    assert codes(inspection) == expected
    assert inspection.verdicts["image"] == ("rejected" if "EncryptedVolume" in expected else "doubtful")
    partition = inspection.to_document()["Disks"][0]["Partitions"][0]
    assert partition["Encrypted"] == ("EncryptedVolume" in expected)


def test_a_partition_with_nothing_on_it_holds_no_system() -> None:
    inspection = inspect(mbr_disk())

    assert [finding.code for finding in inspection.findings] == ["NoOperatingSystem"]
    assert "Unknown OS / Missing OS files" in (inspection.findings[0].to_document()["Why"] or "")


PARTITION = volume(MemoryTree({}, uuid="AbCd", label="root"), 2)
LOGICAL = Volume("d", 0, MemorySource(b""), mapper=("vg-data", "lv-root"))


@pytest.mark.parametrize(
    ("device", "meant"),
    [
        ("UUID=abcd", True),
        ('UUID="AbCd"', True),
        ("LABEL=root", True),
        ("LABEL=other", False),
        ("PARTUUID=0d15c0de-02", True),
        ("/dev/disk/by-uuid/AbCd", True),
        ("/dev/disk/by-label/root", True),
        ("/dev/disk/by-partuuid/0D15C0DE-02", True),
        ("/dev/sda2", True),
        ("/dev/vda2", True),
        ("/dev/xvda2", True),
        ("/dev/sdb2", False),
        ("/dev/sda1", False),
        ("/dev/sda", False),
        ("/dev/nvme0n1p2", False),
        ("/dev/sd", False),
        ("tmpfs", False),
        ("ID=abcd", False),
    ],
)
def test_a_partition_is_meant_by_its_names(device, meant) -> None:
    assert PARTITION.answers_to(device) is meant


@pytest.mark.parametrize(
    ("device", "meant"),
    [
        ("/dev/vg-data/lv-root", True),
        ("/dev/mapper/vg--data-lv--root", True),
        ("/dev/mapper/vg-data-lv-root", False),
        ("/dev/sda", False),
        ("UUID=1", False),
    ],
)
def test_a_logical_volume_is_meant_by_its_group_and_name(device, meant) -> None:
    assert LOGICAL.answers_to(device) is meant


@pytest.mark.parametrize("part", [0.4, 0.6, 0.8, 0.95])
def test_what_was_learnt_before_the_budget_was_spent_stands(part: float) -> None:
    sample = next(sample for sample in samples() if sample.name == "ext4-inline.raw")
    whole = inspect_container(sample.source, name=sample.name)

    partial = inspect_container(
        sample.source, name=sample.name, budget=Budget(gets=int(whole.cost.gets * part))
    )

    assert codes(partial) <= codes(whole) | {"InspectionIncomplete"}
    assert "InspectionIncomplete" in codes(partial)
    assert partial.verdicts["image"] == "doubtful"
    assert partial.disks[0].table == whole.disks[0].table
    assert partial.cost.gets <= whole.cost.gets


def test_a_spent_budget_leaves_the_guest_as_far_as_it_was_read() -> None:
    sample = next(sample for sample in samples() if sample.name == "linux-bls.raw")
    small = Budget(cache_bytes=BLOCK_SIZE)  # so that blocks are read again and again
    gets = inspect_container(sample.source, name=sample.name, budget=small).cost.gets

    partial = inspect_container(sample.source, name=sample.name, budget=replace(small, gets=gets - 1))

    assert "InspectionIncomplete" in codes(partial)
    assert partial.guest is not None
    assert partial.guest.family == "linux"
