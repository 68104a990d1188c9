"""Partition tables, and what partitions begin with: enough to tell Linux from Windows and BIOS from UEFI."""

from __future__ import annotations

import os
import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vmie_local.disk_images.errors import NoPartitionsError, UnknownGuestError

SECTOR = 512
_EFI_SYSTEM = uuid.UUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93B")
_BIOS_BOOT = uuid.UUID("21686148-6449-6E6F-744E-656564454649")
_EXTENDED_TYPES = {0x05, 0x0F, 0x85}
_MBR_EFI_SYSTEM, _MBR_PROTECTIVE = 0xEF, 0xEE
_MAX_GPT_ENTRIES, _MAX_LOGICAL = 1024, 64

_LINUX_MAGICS = (
    (0x438, b"\x53\xef"),  # ext2, ext3, ext4: s_magic of the superblock at 1 KiB
    (0, b"XFSB"),
    (0x10040, b"_BHRfS_M"),  # btrfs: the superblock at 64 KiB
    (0x8000, b"JFS1"),
    (0x200, b"LABELONE"),  # an LVM physical volume
)
_WINDOWS_MAGICS = ((3, b"NTFS    "),)


@dataclass(frozen=True)
class Partition:
    """One partition: where it begins (bytes) and its type, a GPT GUID or an MBR number."""

    start: int
    type: uuid.UUID | int


@dataclass(frozen=True)
class Guest:
    """What the disk says about the operating system on it.

    Attributes:
        platform: `Linux` or `Windows`.
        boot_mode: `uefi` where there is an EFI system partition and nothing for a BIOS, else `legacy-bios`.
        gpt: Whether its partition table is a GPT.
    """

    platform: str
    boot_mode: str
    gpt: bool = False


def look_at(raw_image: Path) -> Guest:
    """Tell the guest on a raw disk.

    Raises:
        NoPartitionsError: If there is no partition table or it names no partition.
        UnknownGuestError: If no partition begins as a filesystem of Linux or Windows.
    """
    with raw_image.open("rb") as disk:
        read = _reader(disk)
        gpt, partitions = _partitions(read)
        if not partitions:
            raise NoPartitionsError("the disk has no partition table, or an empty one")
        platform = _platform(read, partitions)
        efi = any(partition.type in (_EFI_SYSTEM, _MBR_EFI_SYSTEM) for partition in partitions)
        bios = not gpt or any(partition.type == _BIOS_BOOT for partition in partitions)
        return Guest(platform, "uefi" if efi and not bios else "legacy-bios", gpt)


Read = Callable[[int, int], bytes]


def _reader(disk: BinaryIO) -> Read:
    size = disk.seek(0, os.SEEK_END)

    def read(offset: int, length: int) -> bytes:
        if offset >= size:
            return b""  # a table may name any sector
        disk.seek(offset)
        return disk.read(length)

    return read


def _partitions(read: Read) -> tuple[bool, list[Partition]]:
    """Whether the table is a GPT, and its partitions."""
    boot_sector = read(0, SECTOR)
    if len(boot_sector) < SECTOR or boot_sector[510:] != b"\x55\xaa":
        return False, []
    primary = list(_mbr_entries(boot_sector))
    if any(kind == _MBR_PROTECTIVE for kind, _ in primary):
        gpt = list(_gpt_entries(read))
        if gpt:
            return True, gpt
    partitions: list[Partition] = []
    for kind, start in primary:
        if kind in _EXTENDED_TYPES:
            partitions.extend(_logical(read, start))
        elif kind != _MBR_PROTECTIVE:
            partitions.append(Partition(start * SECTOR, kind))
    return False, partitions


def _mbr_entries(sector: bytes) -> Iterator[tuple[int, int]]:
    """Type and first sector of the entries in use; none where the sector is a filesystem's."""
    for number in range(4):
        entry = sector[446 + 16 * number : 462 + 16 * number]
        start, sectors = struct.unpack_from("<II", entry, 8)
        if entry[0] not in (0x00, 0x80):
            return
        if entry[4] and start and sectors:
            yield entry[4], start


def _logical(read: Read, base: int) -> Iterator[Partition]:
    """The logical partitions of an extended one; a chain that does not advance ends."""
    table_at = base
    for _ in range(_MAX_LOGICAL):
        sector = read(table_at * SECTOR, SECTOR)
        if len(sector) < SECTOR or sector[510:] != b"\x55\xaa":
            return
        following = None
        for kind, start in _mbr_entries(sector):
            if kind in _EXTENDED_TYPES:
                following = base + start
            else:
                yield Partition((table_at + start) * SECTOR, kind)
        if following is None or following <= table_at:
            return
        table_at = following


def _gpt_entries(read: Read) -> Iterator[Partition]:
    header = read(SECTOR, SECTOR)
    if not header.startswith(b"EFI PART"):
        return
    table_at, count, entry_size = struct.unpack_from("<QII", header, 72)
    if entry_size < 128 or entry_size % 8:
        return
    for number in range(min(count, _MAX_GPT_ENTRIES)):
        entry = read(table_at * SECTOR + number * entry_size, 128)
        if len(entry) == 128 and any(entry[:16]):
            (start,) = struct.unpack_from("<Q", entry, 32)
            yield Partition(start * SECTOR, uuid.UUID(bytes_le=entry[:16]))


def _platform(read: Read, partitions: list[Partition]) -> str:
    for platform, magics in (("Linux", _LINUX_MAGICS), ("Windows", _WINDOWS_MAGICS)):
        for partition in partitions:
            if any(read(partition.start + at, len(magic)) == magic for at, magic in magics):
                return platform
    raise UnknownGuestError("no partition begins as a filesystem of Linux or Windows")
