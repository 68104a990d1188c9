"""Several files that together hold the disks of one machine."""

from __future__ import annotations

import lzma
import re
from functools import cache
from pathlib import Path

import pytest

from tests.unit.images.builders import ova, vhd, vmdk
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from vmie_images import Budget, FileSource, ImageFile, Inspection, MemorySource, inspect_containers

DEMO = Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk"
LVM = Path(__file__).parents[2] / "data" / "filesystems"
DATA_DISK = mbr_disk(contents={MIB: b"data"})
BLANK = bytes(4 * MIB)


@cache
def demo() -> bytes:
    return DEMO.read_bytes()


def inspect(*files: tuple[str, bytes], **options) -> Inspection:
    return inspect_containers([ImageFile(MemorySource(data), name) for name, data in files], **options)


def codes(inspection: Inspection) -> set[str]:
    return {finding.code for finding in inspection.findings}


def test_the_disks_are_numbered_across_the_files_and_counted_together() -> None:
    document = inspect(("demo.vmdk", demo()), ("data.vhd", vhd.fixed(DATA_DISK))).to_document()

    assert [(disk["Number"], disk["Name"], disk["File"]) for disk in document["Disks"]] == [
        (1, "demo.vmdk", "demo.vmdk"),
        (2, "data.vhd", "data.vhd"),
    ]
    assert [disk["Container"]["Format"] for disk in document["Disks"]] == ["VMDK", "VHD"]
    assert [len(disk["Partitions"]) for disk in document["Disks"]] == [1, 1]
    assert document["Container"] == {
        "Format": "mixed",
        "Subtype": None,
        "VirtualSize": (256 << 20) + len(DATA_DISK),
        "StoredSize": len(demo()) + len(DATA_DISK) + 512,
    }
    assert document["Recommendation"]["Format"] is None
    assert document["Recommendation"]["Method"] == "image"


def test_files_of_one_format_share_it() -> None:
    inspection = inspect(("a.vmdk", demo()), ("b.vmdk", vmdk.stream_optimized(DATA_DISK)))

    assert (inspection.container.format, inspection.container.subtype) == ("VMDK", "streamOptimized")
    assert inspection.recommendation.format == "VMDK"


def test_the_disks_of_an_ova_are_numbered_before_those_of_the_next_file() -> None:
    archive = ova.ova({"disk1.vmdk": demo(), "disk2.vmdk": vmdk.stream_optimized(DATA_DISK)})

    document = inspect(("machine.ova", archive), ("more.raw", DATA_DISK)).to_document()

    assert [(disk["Number"], disk["Name"], disk["File"]) for disk in document["Disks"]] == [
        (1, "disk1.vmdk", "machine.ova"),
        (2, "disk2.vmdk", "machine.ova"),
        (3, "more.raw", "more.raw"),
    ]


def test_two_files_of_one_name_are_told_apart() -> None:
    inspection = inspect(("disk.vmdk", demo()), ("disk.vmdk", b"not a disk"))

    assert [disk.image.name for disk in inspection.disks] == ["disk.vmdk (file 1)"]
    assert {finding.disk for finding in inspection.findings if finding.code == "UnsupportedFormat"} == {
        "disk.vmdk (file 2)"
    }


def test_a_data_disk_adds_no_finding_to_the_systems() -> None:
    alone, both = inspect(("demo.vmdk", demo())), inspect(("demo.vmdk", demo()), ("data.raw", DATA_DISK))

    assert codes(both) == codes(alone)
    assert both.verdicts["image"] == "accepted"


@pytest.mark.parametrize("data", [BLANK, mbr_disk()[:446] + bytes(64) + b"\x55\xaa" + BLANK])
def test_a_data_disk_without_partitions_is_a_doubt_and_no_rejection(data) -> None:
    inspection = inspect(("demo.vmdk", demo()), ("blank.raw", data))

    (finding,) = [found for found in inspection.findings if found.code == "DataDiskWithoutPartitions"]
    assert finding.disk == "blank.raw"
    assert not codes(inspection) & {"NoPartitionTable", "NoPartitions"}
    assert inspection.verdicts == {"image": "doubtful", "snapshot": "accepted", "direct": "accepted"}


def test_a_machine_whose_disks_are_all_blank_is_rejected() -> None:
    assert inspect(("a.raw", BLANK), ("b.raw", BLANK)).verdicts["image"] == "rejected"


def test_a_system_on_the_second_disk_is_found_and_doubted() -> None:
    inspection = inspect(("data.raw", DATA_DISK), ("demo.vmdk", demo()))

    assert inspection.guest is not None
    assert inspection.guest.root is not None
    assert inspection.guest.root["Disk"] == "demo.vmdk"
    (finding,) = [found for found in inspection.findings if found.code == "SystemNotOnBootDisk"]
    assert "disk 2" in finding.found
    assert inspection.verdicts["image"] == "doubtful"


def test_boot_code_on_another_disk_than_the_first_is_named() -> None:
    inspection = inspect(("blank.raw", BLANK), ("demo.vmdk", demo()))

    (finding,) = [found for found in inspection.findings if found.code == "NoBootMode"]
    assert "there is boot code on disk 2" in finding.found


def lvm(number: int) -> bytes:
    return lzma.decompress((LVM / f"lvm-{number}.vmdk.xz").read_bytes())


def test_a_logical_volume_over_two_files_is_read() -> None:
    both = inspect(("one.vmdk", lvm(1)), ("two.vmdk", lvm(2)))

    root = next(volume for volume in both.volumes if volume.mapper == ("vg-data", "root"))
    assert root.filesystem == "ext4"
    assert root.spans == (0, 1)
    assert root.tree is not None
    assert root.tree.read("/deep/a/b/c/d/leaf.txt") == b"deep\n"
    assert "SystemNotOnBootDisk" in codes(both)


def test_a_logical_volume_answers_to_the_name_that_ubuntu_gives_it() -> None:
    data = inspect(("one.vmdk", lvm(1))).disks[0].image.data
    assert data is not None
    words = data.read(0, 4 << 20)
    group = re.findall(rb'vg-data {\nid = "([\w-]{38})"', words)[-1]
    own = re.findall(rb'\nroot {\nid = "([\w-]{38})"', words)[-1]
    both = inspect(("one.vmdk", lvm(1)), ("two.vmdk", lvm(2)))

    name = f"/dev/disk/by-id/dm-uuid-LVM-{(group + own).decode().replace('-', '')}"

    assert [volume.mapper for volume in both.volumes if volume.answers_to(name)] == [("vg-data", "root")]


def test_a_logical_volume_whose_other_disk_is_missing_is_a_doubt() -> None:
    inspection = inspect(("one.vmdk", lvm(1)))

    missing = [finding for finding in inspection.findings if finding.code == "LvmIncomplete"]
    assert any("vg-data/root: a physical volume that is on none of the disks" in f.found for f in missing)


def test_a_file_that_cannot_be_read_leaves_the_others_inspected() -> None:
    inspection = inspect(("broken.vmdk", b"KDMV" + bytes(600)), ("demo.vmdk", demo()))

    assert "VmdkCorrupt" in codes(inspection)
    assert inspection.verdicts["image"] == "rejected"
    assert inspection.guest is not None
    assert inspection.guest.name == "Debian"
    assert [container.format for container in inspection.containers] == ["VMDK", "VMDK"]


def test_each_file_is_held_against_its_own_declared_format() -> None:
    files = [
        ImageFile(MemorySource(demo()), "demo.vmdk"),
        ImageFile(MemorySource(vhd.fixed(DATA_DISK)), "data.vhd", expected="vhdx"),
    ]

    found = [f.found for f in inspect_containers(files).findings if f.code == "FormatMismatch"]

    assert found == ["the file is VHD, declared as VHDX"]


def test_the_budget_is_for_all_files_together() -> None:
    files = [(f"disk{number}.vmdk", demo()) for number in range(3)]
    whole = inspect(*files).cost

    partial = inspect(*files, budget=Budget(gets=whole.gets - 1))

    assert partial.cost.gets == whole.gets - 1
    assert "InspectionIncomplete" in codes(partial)
    assert len(partial.containers) == 3


def test_more_disks_than_an_ami_can_have_are_rejected() -> None:
    disks = [(f"disk{number}.raw", DATA_DISK) for number in range(22)]

    assert "TooManyDisks" in codes(inspect(*disks))
    assert "TooManyDisks" not in codes(inspect(*disks[:21]))


def test_a_machine_has_at_least_one_disk() -> None:
    with pytest.raises(ValueError, match="at least one disk"):
        inspect_containers([])


def test_one_file_gives_the_document_of_a_machine_of_one_disk() -> None:
    with FileSource(DEMO) as source:
        document = inspect_containers([ImageFile(source, "demo.vmdk")]).to_document()

    assert document["Container"]["Format"] == document["Disks"][0]["Container"]["Format"] == "VMDK"
    assert document["Disks"][0]["Number"] == 1
