"""The partition table of a disk: MBR or GPT, checked against the disk's size."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from vmie_images.findings import FindingLog
from vmie_images.partitions import gpt, mbr
from vmie_images.partitions.partition import Partition
from vmie_images.ranges import RangeSource


@dataclass
class PartitionTable:
    """Partitions in the order of their numbers.

    Attributes:
        scheme: ``MBR``, ``GPT`` or ``None`` where the disk has no partition table.
        partitions: The partitions.
        boot_code: Whether the first sector holds code that a BIOS would run.
        hybrid: Whether a GPT comes with an MBR that shows some of its partitions.
        whole_disk: Whether the disk starts with a file system instead of a table.
    """

    scheme: str | None = None
    partitions: list[Partition] = field(default_factory=list)
    boot_code: bool = False
    hybrid: bool = False
    whole_disk: bool = False


def read_table(disk: RangeSource, sector_size: int, log: FindingLog) -> PartitionTable:
    """Read a disk's partition table.

    Args:
        disk: The disk as the guest sees it.
        sector_size: Bytes per logical sector.
        log: Receives what is wrong with the table.
    """
    sector = disk.read(0, 512)
    table = PartitionTable(boot_code=mbr.has_boot_code(sector))
    records = mbr.records(sector)
    protective = [record for record in records if record.type == mbr.GPT_PROTECTIVE]
    if protective or (not records and gpt.is_header(disk, sector_size)):
        table.scheme = "GPT"
        table.hybrid = len(records) > len(protective)
        table.partitions = gpt.read_partitions(disk, sector_size, log)
    elif records:
        table.scheme = "MBR"
        table.partitions = mbr.read_partitions(disk, records, sector_size, log)
    elif mbr.is_file_system(sector):
        table.whole_disk = True
        table.boot_code = False
    elif mbr.has_signature(sector):
        table.scheme = "MBR"
    _check(disk, table, log)
    return table


def _check(disk: RangeSource, table: PartitionTable, log: FindingLog) -> None:
    for partition in table.partitions:
        if partition.end > disk.size:
            log.add(
                "PartitionBeyondEnd",
                f"partition {partition.number} ends at byte {partition.end}, the disk at {disk.size}",
            )
    in_order = sorted(table.partitions, key=lambda partition: partition.start)
    for before, after in itertools.pairwise(in_order):
        if before.end > after.start:
            log.add("PartitionsOverlap", f"partitions {before.number} and {after.number}")
            break
