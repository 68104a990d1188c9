"""Disks and machines of which not enough is known to reject them, and twins of which it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.images.builders import vhd, vhdx
from tests.unit.images.builders.linux import KERNEL, examine, guest, kernel_image, menu
from tests.unit.images.builders.memory_tree import MemoryTree, volume
from tests.unit.images.builders.messages import disk
from tests.unit.images.builders.partitioned import MIB, mbr_disk, mbr_record
from tests.unit.images.inspecting import codes_of, content, image_verdict, inspect
from tests.unit.images.test_filesystems import image
from vmie_images import FileSource, ImageFile, Inspection, MemorySource, Verdict, inspect_containers
from vmie_images.filesystems.btrfs import Btrfs
from vmie_images.filesystems.btrfs_trees import BtrfsTrees
from vmie_images.findings import FindingLog
from vmie_images.guest import linux_roots
from vmie_images.guest.linux_roots import find_roots
from vmie_images.volumes.volume import Volume

_DEMO = Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk"


def test_the_halves_of_a_mirror_are_one_system_and_two_systems_are_two() -> None:
    mirror = [volume(MemoryTree(guest(), uuid="same"), number) for number in (1, 2)]
    systems = [volume(MemoryTree(guest(), uuid=f"own-{number}"), number) for number in (1, 2)]

    assert [len(find_roots(volumes, FindingLog())) for volumes in (mirror, systems)] == [1, 2]


@pytest.mark.parametrize(("most", "found", "doubted"), [(12, 1, False), (1, 0, True)])
def test_where_not_every_subvolume_was_looked_into_the_system_may_be_in_another(
    most, found, doubted, monkeypatch
) -> None:
    monkeypatch.setattr(linux_roots, "MAX_SUBVOLUMES", most)
    trees = BtrfsTrees(image("btrfs-subvolumes"))
    held = Volume("d", 0, MemorySource(b""), kind="btrfs", tree=Btrfs(trees), btrfs=trees)

    assert len(find_roots([held], FindingLog())) == found
    assert (held.problem is not None) is doubted


def machine(*disks: bytes) -> Inspection:
    return inspect_containers(
        [ImageFile(MemorySource(data), f"disk-{number}.raw") for number, data in enumerate(disks)]
    )


def test_a_system_mirrored_over_two_disks_is_not_taken_for_two() -> None:
    whole = disk("linux")

    assert "SeveralOperatingSystems" not in codes_of(machine(whole, whole).findings)
    assert "SeveralOperatingSystems" in codes_of(inspect(disk("linux-twice")).findings)


def test_where_a_disk_cannot_be_read_the_system_may_be_on_it() -> None:
    damaged = vhdx.vhdx(mbr_disk(), log=b"l" * 16)[: 3 * MIB]
    files = [ImageFile(MemorySource(mbr_disk()), "a.raw"), ImageFile(MemorySource(damaged), "b.vhdx")]

    inspection = inspect_containers(files)

    assert "GuestUnknown" in codes_of(inspection.findings)
    assert "NoOperatingSystem" not in codes_of(inspection.findings)
    assert "NoOperatingSystem" in codes_of(inspect(mbr_disk()).findings)


STALE_ISO = b"\x01CD001\x01"


def filled(at: int, mark: bytes, partitioned: bool) -> bytes:
    content = bytearray(mbr_disk() if partitioned else bytes(8 * MIB))
    content[at : at + len(mark)] = mark
    return bytes(content)


@pytest.mark.parametrize(("at", "mark"), [(0x8000, STALE_ISO), (0, b"hsqs")], ids=["ISO 9660", "squashfs"])
@pytest.mark.parametrize("partitioned", [True, False])
def test_a_raw_disk_may_hold_what_is_a_file_elsewhere(at, mark, partitioned) -> None:
    inspection = inspect(filled(at, mark, partitioned), "disk.raw")

    assert inspection.container.format == "RAW"
    assert inspection.verdicts["snapshot"] is not Verdict.REJECTED
    assert inspection.verdicts["direct"] is not Verdict.REJECTED
    assert ("NoPartitionTable" in codes_of(inspection.findings)) is not partitioned


@pytest.mark.parametrize(("at", "mark"), [(0x8000, STALE_ISO), (0, b"hsqs")], ids=["ISO 9660", "squashfs"])
@pytest.mark.parametrize("name", ["disk.vmdk", "disk.iso"])
def test_without_partitions_only_its_declaration_makes_it_a_disk(at, mark, name) -> None:
    inspection = inspect(filled(at, mark, partitioned=False), name)

    assert "UnsupportedFormat" in codes_of(inspection.findings)
    assert inspection.verdicts["snapshot"] is Verdict.REJECTED


def test_a_fixed_vhd_with_the_mark_of_a_file_system_is_a_vhd() -> None:
    inspection = inspect(vhd.fixed(filled(0x8000, STALE_ISO, partitioned=False)), "disk.vhd")

    assert (inspection.container.format, inspection.container.subtype) == ("VHD", "fixed")


def test_a_fixed_vhd_declared_as_raw_is_a_doubt_and_a_dynamic_one_is_not() -> None:
    fixed = inspect(vhd.fixed(mbr_disk()), "disk.raw")
    dynamic = inspect(vhd.dynamic(mbr_disk()), "disk.raw")

    assert "FormatMismatch" in codes_of(fixed.findings) & codes_of(dynamic.findings)
    assert fixed.verdicts["snapshot"] is Verdict.DOUBTFUL
    assert dynamic.verdicts["snapshot"] is Verdict.REJECTED


def test_a_raw_disk_that_ends_within_a_sector_is_a_doubt() -> None:
    with FileSource(_DEMO) as source:
        raw = content(inspect_containers([ImageFile(source, "demo.vmdk")]))

    assert inspect(raw).verdicts["snapshot"] is Verdict.ACCEPTED
    assert inspect(raw + b"\n").verdicts["snapshot"] is Verdict.DOUBTFUL
    assert inspect(raw + b"\n").verdicts["image"] is Verdict.DOUBTFUL


def test_a_logical_partition_that_is_out_of_sight_may_hold_the_system() -> None:
    broken = bytearray(mbr_disk())
    broken[:512] = mbr_record((0x83, 2048, 2048), (0x05, 4096, 8192))

    assert inspect(bytes(broken)).verdicts["image"] is Verdict.DOUBTFUL


def test_the_kernel_of_a_neighbour_says_nothing_of_a_release_without_a_row() -> None:
    named = 'ID=ubuntu\nNAME="Ubuntu"\nVERSION_ID="{}"\n'
    files = guest(boot__grub__grub_dot_cfg=menu("6.14.0-1-generic")) | {
        "boot/vmlinuz-6.14.0-1-generic": kernel_image(),
        "boot/initrd.img-6.14.0-1-generic": guest()[f"boot/initrd.img-{KERNEL}"],
        "boot/config-6.14.0-1-generic": guest()[f"boot/config-{KERNEL}"],
    }

    between = examine(files | {"etc/os-release": named.format("25.04")})[1]
    listed = examine(files | {"etc/os-release": named.format("25.10")})[1]

    assert (codes_of(between), image_verdict(between)) == ({"ReleaseNotListed"}, Verdict.DOUBTFUL)
    assert (codes_of(listed), image_verdict(listed)) == ({"KernelNotSupported"}, Verdict.REJECTED)
