"""The GUID partition table, from whichever of its copies is intact.

Source: UEFI Specification 2.10, chapter 5.
"""

from __future__ import annotations

import zlib
from uuid import UUID

from vmie_images.errors import CorruptImageError
from vmie_images.fields import unpack
from vmie_images.findings import FindingLog
from vmie_images.partitions.partition import Partition
from vmie_images.ranges import RangeSource, read_exactly

MAX_ENTRIES = 1024
_LEGACY_ACTIVE = 1 << 2
_TYPES = {
    UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"): "EFI system",
    UUID("21686148-6449-6e6f-744e-656564454649"): "BIOS boot",
    UUID("0fc63daf-8483-4772-8e79-3d69d8477de4"): "Linux",
    UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"): "Linux",  # root, x86-64
    UUID("bc13c2ff-59e6-4262-a352-b275fd6f7172"): "Linux",  # extended boot loader
    UUID("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"): "Linux swap",
    UUID("e6d6d379-f507-44c2-a23c-238f2a3df928"): "Linux LVM",
    UUID("a19d880f-05fc-4d3b-a006-743f0f84911e"): "Linux RAID",
    UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"): "Microsoft basic data",
    UUID("e3c9e316-0b5c-4db8-817d-f92df00215ae"): "Microsoft reserved",
    UUID("de94bba4-06d1-4d40-a16a-bfd50179d6ac"): "Windows recovery",
    UUID("5808c8aa-7e8f-42e0-85d2-e1e90434cfb3"): "Windows dynamic disk",
    UUID("af9b60a0-1431-4f62-bc68-3311714a69ad"): "Windows dynamic disk",
}


def is_header(disk: RangeSource, sector_size: int) -> bool:
    """Whether the second sector starts as a GPT header does."""
    return disk.read(sector_size, 8) == b"EFI PART"


def read_partitions(disk: RangeSource, sector_size: int, log: FindingLog) -> list[Partition]:
    """The partitions of the first intact copy; a damaged copy is a finding."""
    last = disk.size // sector_size - 1
    problems = []
    intact: bytes | None = None
    for place, sector in (("at the disk's start", 1), ("at the disk's end", last)):
        try:
            entries = _entries(disk, sector, sector_size)
        except CorruptImageError as error:
            problems.append(f"the copy {place}: {error.found}")
        else:
            intact = intact if intact is not None else entries
    if intact is None:
        log.add("GptDamaged", "; ".join(problems))
        return []
    if problems:
        log.add("GptOneCopy", problems[0])
    return _partitions(intact, sector_size)


def _entries(disk: RangeSource, sector: int, sector_size: int) -> bytes:
    """The entry array of one copy, in entries of 128 bytes.

    Raises:
        CorruptImageError: The header or the array is missing or damaged.
    """
    header = read_exactly(disk, sector * sector_size, 512, "GPT header")
    signature, _, header_size, stored = unpack("<8sIII", header)
    if signature != b"EFI PART":
        raise CorruptImageError("no GPT header")
    if not 92 <= header_size <= 512:
        raise CorruptImageError(f"a header of {header_size} bytes")
    if zlib.crc32(header[:16] + bytes(4) + header[20:header_size]) != stored:
        raise CorruptImageError("the header's checksum does not match")
    place, count, entry_size, stored = unpack("<QIII", header, 72)
    if not 0 < count <= MAX_ENTRIES or entry_size not in (128, 256, 512):
        raise CorruptImageError(f"{count} entries of {entry_size} bytes")
    array = read_exactly(disk, place * sector_size, count * entry_size, "GPT entry array")
    if zlib.crc32(array) != stored:
        raise CorruptImageError("the entry array's checksum does not match")
    return b"".join(array[at : at + 128] for at in range(0, len(array), entry_size))


def _partitions(entries: bytes, sector_size: int) -> list[Partition]:
    partitions = []
    for index in range(len(entries) // 128):
        entry = entries[128 * index : 128 * (index + 1)]
        guid = UUID(bytes_le=entry[:16])
        first, last, attributes = unpack("<QQQ", entry, 32)
        if not guid.int or last < first:
            continue
        partitions.append(
            Partition(
                number=index + 1,
                type=_TYPES.get(guid, str(guid)),
                start=first * sector_size,
                size=(last - first + 1) * sector_size,
                active=bool(attributes & _LEGACY_ACTIVE),
                name=entry[56:128].decode("utf-16-le", "replace").split("\0", 1)[0] or None,
                uuid=str(UUID(bytes_le=entry[16:32])),
            )
        )
    return partitions
