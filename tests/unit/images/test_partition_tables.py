from __future__ import annotations

import pytest

from tests.unit.images.builders import vhdx
from tests.unit.images.builders.partitioned import ESP_GUID, LINUX_GUID, MIB, gpt_disk, mbr_disk, mbr_record
from tests.unit.images.inspecting import codes, findings, inspect, verdict
from vmie_images import Inspection
from vmie_images.partitions.table import PartitionTable


def partitions(inspection: Inspection) -> list[tuple[int, str, int, int]]:
    table = inspection.disks[0].table
    assert table is not None
    return [(part.number, part.type, part.start // MIB, part.size // MIB) for part in table.partitions]


def test_primary_and_logical_partitions_are_numbered_as_linux_numbers_them() -> None:
    disk = bytearray(16 * MIB)
    disk[:512] = mbr_record((0x83, 2048, 2048), (0x05, 8192, 16384))
    disk[8192 * 512 : 8193 * 512] = mbr_record((0x82, 2048, 2048), (0x05, 6144, 8192))
    disk[14336 * 512 : 14337 * 512] = mbr_record((0x8E, 2048, 2048))

    inspection = inspect(bytes(disk))

    assert partitions(inspection) == [(1, "Linux", 1, 1), (5, "Linux swap", 5, 1), (6, "Linux LVM", 8, 1)]
    assert codes(inspection) == set()


def test_a_chain_of_logical_partitions_that_leads_back_ends() -> None:
    disk = bytearray(8 * MIB)
    disk[:512] = mbr_record((0x05, 2048, 8192))
    disk[2048 * 512 : 2049 * 512] = mbr_record((0x83, 2048, 2048), (0x05, 4096, 4096))
    disk[6144 * 512 : 6145 * 512] = mbr_record((0x83, 2048, 2048), (0x05, 4096, 4096))

    inspection = inspect(bytes(disk))

    assert codes(inspection) == {"MbrExtendedDamaged", "GuestUnknown"}
    assert inspection.verdicts["image"] == "doubtful"
    assert [number for number, *_ in partitions(inspection)] == [5, 6]


GPT = gpt_disk(partitions=((ESP_GUID, 2048, 4095, "EFI"), (LINUX_GUID, 4096, 8191, "root")))
GPT_PARTITIONS = [(1, "EFI system", 1, 1), (2, "Linux", 2, 2)]


def test_a_guid_partition_table_is_read() -> None:
    inspection = inspect(bytes(GPT))

    assert partitions(inspection) == GPT_PARTITIONS
    assert codes(inspection) == set()


@pytest.mark.parametrize("damaged", [512 + 60, 1024 + 3, 8 * MIB - 512 + 60, 8 * MIB - 33 * 512 + 3])
def test_either_copy_of_a_guid_partition_table_is_enough(damaged) -> None:
    disk = bytearray(GPT)
    disk[damaged] ^= 0xFF

    inspection = inspect(bytes(disk))

    assert partitions(inspection) == GPT_PARTITIONS
    assert codes(inspection) == {"GptOneCopy"}
    assert verdict(inspection) == ("doubtful", "accepted", "accepted")


def test_a_disk_with_no_intact_copy_has_no_valid_partitions() -> None:
    disk = bytearray(GPT)
    disk[512 + 60] ^= 0xFF
    disk[-512 + 60] ^= 0xFF

    inspection = inspect(bytes(disk))

    assert "GptDamaged" in codes(inspection)
    assert inspection.verdicts["image"] == "rejected"


def test_a_disk_with_sectors_of_4096_bytes_is_read_in_its_own_sectors() -> None:
    disk = gpt_disk(partitions=((LINUX_GUID, 256, 511, "root"),), sector=4096)

    inspection = inspect(vhdx.vhdx(bytes(disk), sector=4096), "disk.vhdx")

    assert partitions(inspection) == [(1, "Linux", 1, 1)]
    assert codes(inspection) == set()


@pytest.mark.parametrize(
    ("disk", "code", "expected"),
    [
        (bytes(4 * MIB), "NoPartitionTable", ("rejected", "accepted", "accepted")),
        (mbr_record().ljust(4 * MIB, b"\0"), "NoPartitions", ("rejected", "accepted", "accepted")),
        (
            mbr_record((0x83, 2048, 99999)).ljust(4 * MIB, b"\0"),
            "PartitionBeyondEnd",
            ("rejected", "doubtful", "doubtful"),
        ),
        (
            mbr_record((0x83, 2048, 2048), (0x83, 3000, 2048)).ljust(4 * MIB, b"\0"),
            "PartitionsOverlap",
            ("doubtful", "doubtful", "doubtful"),
        ),
    ],
)
def test_a_table_that_an_import_would_fail_on_is_named(disk, code, expected) -> None:
    inspection = inspect(disk)

    assert codes(inspection) == {code}
    assert verdict(inspection) == expected


def test_the_boot_sector_of_a_file_system_is_not_taken_for_a_partition_table() -> None:
    sector = bytearray(mbr_record((0x83, 2048, 2048)))
    sector[3:11] = b"NTFS    "

    inspection = inspect(bytes(sector).ljust(MIB, b"\0"))

    assert "a file system without partitions" in [finding.found for finding in findings(inspection)]
    assert inspection.disks[0].table == PartitionTable(whole_disk=True)


def test_an_active_partition_is_marked() -> None:
    table = inspect(mbr_disk()).disks[0].table

    assert table is not None
    assert [part.active for part in table.partitions] == [True]
    assert table.boot_code


def test_a_gpt_entry_that_ends_before_it_starts_is_no_partition() -> None:
    disk = gpt_disk(partitions=((LINUX_GUID, 4096, 4000, "odd"), (LINUX_GUID, 2048, 4095, "root")))

    assert partitions(inspect(bytes(disk))) == [(2, "Linux", 1, 1)]
