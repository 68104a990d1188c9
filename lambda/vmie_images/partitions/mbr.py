"""The master boot record and its logical partitions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack
from vmie_images.findings import FindingLog
from vmie_images.partitions.partition import Partition
from vmie_images.ranges import RangeSource, read_exactly

GPT_PROTECTIVE = 0xEE
MAX_LOGICAL = 128
_EXTENDED = (0x05, 0x0F, 0x85)
_TYPES = {
    0x01: "FAT12",
    0x04: "FAT16",
    0x06: "FAT16",
    0x07: "NTFS or exFAT",
    0x0B: "FAT32",
    0x0C: "FAT32",
    0x0E: "FAT16",
    0x27: "Windows recovery",
    0x42: "Windows dynamic disk",
    0x82: "Linux swap",
    0x83: "Linux",
    0x8E: "Linux LVM",
    0xA5: "FreeBSD",
    0xA6: "OpenBSD",
    0xA9: "NetBSD",
    0xAF: "Apple HFS",
    0xBF: "Solaris",
    0xEF: "EFI system",
    0xFD: "Linux RAID",
}


@dataclass(frozen=True)
class Record:
    """An entry of a boot record, in sectors."""

    slot: int
    active: bool
    type: int
    start: int
    sectors: int


def has_signature(sector: bytes) -> bool:
    """Whether a sector ends as boot sectors do."""
    return sector[510:512] == b"\x55\xaa"


def has_boot_code(sector: bytes) -> bool:
    """Whether there is code before the partition entries."""
    return has_signature(sector) and any(sector[:440])


def is_file_system(sector: bytes) -> bool:
    """Whether a boot sector belongs to a file system, whose code may look like partition entries."""
    return (
        sector[3:11] in (b"NTFS    ", b"EXFAT   ", b"-FVE-FS-")
        or sector[54:59] in (b"FAT12", b"FAT16")
        or sector[82:87] == b"FAT32"
    )


def records(sector: bytes) -> list[Record]:
    """The entries in use; none where the sector is not a boot record."""
    if len(sector) < 512 or not has_signature(sector) or is_file_system(sector):
        return []
    found = []
    for slot in range(4):
        status, kind, start, sectors = unpack("<B3xB3xII", sector, 446 + 16 * slot)
        if status & 0x7F:
            return []  # neither active nor inactive: these bytes are no table
        if kind and sectors:
            found.append(Record(slot + 1, status == 0x80, kind, start, sectors))
    return found


def read_partitions(
    disk: RangeSource, primary: list[Record], sector_size: int, log: FindingLog
) -> list[Partition]:
    """Primary and logical partitions."""
    partitions = []
    for record in primary:
        if record.type in _EXTENDED:
            partitions += _logical(disk, record, sector_size, log)
        else:
            partitions.append(_partition(record, record.slot, 0, sector_size))
    signature = number("<I", disk.read(440, 4))
    return [replace(part, uuid=f"{signature:08x}-{part.number:02x}") for part in partitions]


def _partition(record: Record, number: int, base: int, sector_size: int) -> Partition:
    return Partition(
        number=number,
        type=_TYPES.get(record.type, f"{record.type:#04x}"),
        start=(base + record.start) * sector_size,
        size=record.sectors * sector_size,
        active=record.active,
    )


def _logical(disk: RangeSource, extended: Record, sector_size: int, log: FindingLog) -> list[Partition]:
    """Follow the chain of extended boot records, which must lead forward."""
    partitions: list[Partition] = []
    at = extended.start
    for _ in range(MAX_LOGICAL):
        try:
            sector = read_exactly(disk, at * sector_size, 512, "extended boot record")
        except CorruptImageError as error:
            log.add("MbrExtendedDamaged", error.found)
            return partitions
        if not has_signature(sector):
            log.add("MbrExtendedDamaged", f"sector {at} is not an extended boot record")
            return partitions
        entries = records(sector)
        for record in entries:
            if record.type not in _EXTENDED:
                partitions.append(_partition(record, 5 + len(partitions), at, sector_size))
        link = next((record for record in entries if record.type in _EXTENDED), None)
        if link is None:
            return partitions
        if extended.start + link.start <= at:
            log.add("MbrExtendedDamaged", f"the extended boot record at sector {at} leads backwards")
            return partitions
        at = extended.start + link.start
    log.add("MbrExtendedDamaged", f"more than {MAX_LOGICAL} logical partitions")
    return partitions
