from __future__ import annotations

import struct
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.images.builders import partitioned
from vmie_local.disk_images.errors import DiskImageError, NoPartitionsError, UnknownGuestError
from vmie_local.disk_images.partitions import Guest, look_at

MIB = partitioned.MIB
EXT4 = (0x438, b"\x53\xef")
BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649")


def guest_of(folder: Path, disk: bytes) -> Guest:
    path = folder / "disk"
    path.write_bytes(disk)
    return look_at(path)


def with_magic(start: int, at: int, magic: bytes) -> dict[int, bytes]:
    return {start + at: magic}


@pytest.mark.parametrize(
    ("at", "magic", "platform"),
    [
        (0x438, b"\x53\xef", "Linux"),
        (0, b"XFSB", "Linux"),
        (0x10040, b"_BHRfS_M", "Linux"),
        (0x8000, b"JFS1", "Linux"),
        (0x200, b"LABELONE", "Linux"),
        (3, b"NTFS    ", "Windows"),
    ],
)
def test_the_filesystem_tells_the_platform(tmp_path: Path, at: int, magic: bytes, platform: str) -> None:
    disk = partitioned.mbr_disk(4 * MIB, with_magic(MIB, at, magic))

    assert guest_of(tmp_path, disk) == Guest(platform, "legacy-bios")


def test_an_efi_partition_on_a_gpt_means_uefi_unless_a_bios_can_boot_too(tmp_path: Path) -> None:
    esp, root = (partitioned.ESP_GUID, 2048, 4095, "esp"), (partitioned.LINUX_GUID, 4096, 8191, "root")
    bios = (BIOS_BOOT, 8192, 9215, "bios")
    for partitions, mode in (
        ((esp, root), "uefi"),
        ((esp, root, bios), "legacy-bios"),
        ((root,), "legacy-bios"),
    ):
        disk = partitioned.gpt_disk(8 * MIB, partitions)
        disk[4096 * 512 + 0x438 : 4096 * 512 + 0x43A] = b"\x53\xef"
        assert guest_of(tmp_path, bytes(disk)).boot_mode == mode


def test_a_logical_partition_is_found(tmp_path: Path) -> None:
    disk = bytearray(8 * MIB)
    disk[:512] = partitioned.mbr_record((0x05, 4096, 8192))
    disk[4096 * 512 : 4097 * 512] = partitioned.mbr_record((0x83, 2048, 2048))
    start = (4096 + 2048) * 512
    disk[start + 0x438 : start + 0x43A] = b"\x53\xef"

    assert guest_of(tmp_path, bytes(disk)).platform == "Linux"


def test_a_chain_of_logical_partitions_that_turns_back_ends(tmp_path: Path) -> None:
    disk = bytearray(8 * MIB)
    disk[:512] = partitioned.mbr_record((0x05, 4096, 8192))
    disk[4096 * 512 : 4097 * 512] = partitioned.mbr_record((0x05, 1, 2048))
    disk[4097 * 512 : 4098 * 512] = partitioned.mbr_record((0x05, 1, 2048))

    with pytest.raises(NoPartitionsError):
        guest_of(tmp_path, bytes(disk))


@pytest.mark.parametrize(
    "disk",
    [
        bytes(MIB),
        b"",
        b"x" * 100,
        partitioned.mbr_record() + bytes(MIB),
        b"\xeb\x52\x90NTFS    ".ljust(446, b"\xaa").ljust(510, b"\x99") + b"\x55\xaa" + bytes(MIB),
    ],
    ids=["zeros", "empty", "short", "empty table", "a filesystem's boot sector"],
)
def test_a_disk_without_partitions_is_no_volume(tmp_path: Path, disk: bytes) -> None:
    with pytest.raises(NoPartitionsError):
        guest_of(tmp_path, disk)


def test_partitions_without_a_filesystem_hold_no_guest(tmp_path: Path) -> None:
    with pytest.raises(UnknownGuestError):
        guest_of(tmp_path, partitioned.mbr_disk(4 * MIB, {MIB: b"LUKS\xba\xbe"}))


@given(st.binary(max_size=4096), st.integers(0, 2**32 - 1), st.binary(min_size=92, max_size=92))
def test_no_table_makes_it_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, header: bytes
) -> None:
    record = partitioned.mbr_record((0xEE, 1, 100), (0x05, start, 50), (0x83, start, 9))
    disk = record + (b"EFI PART" + header[8:]).ljust(512, b"\0") + noise
    try:
        guest_of(tmp_path_factory.mktemp("disk"), disk)
    except (DiskImageError, struct.error) as error:
        assert isinstance(error, DiskImageError)
