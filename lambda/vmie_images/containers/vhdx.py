"""VHDX files, fixed, dynamic and differencing.

Source: Microsoft's [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format". All numbers are little-endian.
"""

from __future__ import annotations

from uuid import UUID

from vmie_images.checksums import crc32c
from vmie_images.containers.container import DiskImage
from vmie_images.errors import CorruptImageError
from vmie_images.fields import is_power_of_two, number, unpack
from vmie_images.findings import FindingLog
from vmie_images.ranges import RangeSource, read_by_blocks, read_exactly

MAX_SIZE = 64 << 40
_KIB, _MIB = 1 << 10, 1 << 20
_HEADERS = (64 * _KIB, 128 * _KIB)
_REGION_TABLES = (192 * _KIB, 256 * _KIB)
_TABLE_SIZE = 64 * _KIB
_BAT = UUID("2dc27766-f623-4200-9d64-115e9bfd4a08")
_METADATA = UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e")
_FILE_PARAMETERS = UUID("caa16737-fa36-4d43-b3b6-33f0aa44e76b")
_VIRTUAL_SIZE = UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8")
_SECTOR_SIZE = UUID("8141bf1d-a96f-4709-ba47-f233a8faab5f")
_FULLY_PRESENT = 6
_CHECKED_ENTRIES = 16 * 1024
"""BAT entries that are checked one by one: 512 GiB of disk in 32 MiB blocks."""


def open_vhdx(image: DiskImage, source: RangeSource, log: FindingLog) -> None:
    """Recognise a VHDX, check it and fill in the image.

    Raises:
        CorruptImageError: Headers, regions or metadata contradict the format.
    """
    source.read(_HEADERS[0], _REGION_TABLES[1] - _HEADERS[0])  # one request instead of three
    header = _header(source, log)
    if any(header[48:64]):
        log.add("VhdxDirtyLog", "the header names a log that was not replayed")
        image.settled = False
    disk = VhdxDisk(source, _regions(source, log))
    image.subtype, image.virtual_size, image.sector_size = disk.subtype, disk.size, disk.sector_size
    if disk.subtype == "differencing":
        log.add("VhdxDifferencing", "a differencing VHDX")
        return
    disk.check(log.doubting(not image.settled))
    image.data = disk


def _sound(structure: bytes, signature: bytes) -> bool:
    """Whether a header or region table bears its signature and the CRC-32C of itself with the CRC zeroed."""
    if not structure.startswith(signature):
        return False
    return number("<I", structure, 4) == crc32c(structure[:4] + bytes(4) + structure[8:]) ^ 0xFFFFFFFF


def _header(source: RangeSource, log: FindingLog) -> bytes:
    copies = [read_exactly(source, at, 4 * _KIB, "VHDX header") for at in _HEADERS]
    sound = [copy for copy in copies if _sound(copy, b"head")]
    if not sound:
        raise CorruptImageError("neither copy of the header is intact")
    if len(sound) < len(copies):
        log.add("VhdxHeaderDamaged", "one of the two headers is damaged")
    return max(sound, key=lambda copy: number("<Q", copy, 8))


def _regions(source: RangeSource, log: FindingLog) -> dict[UUID, tuple[int, int]]:
    """Offset and length of each region, by its GUID."""
    for position, at in enumerate(_REGION_TABLES):
        table = read_exactly(source, at, _TABLE_SIZE, "VHDX region table")
        if not _sound(table, b"regi"):
            continue
        if position:
            log.add("VhdxHeaderDamaged", "the first of the two region tables is damaged")
        count = min(number("<I", table, 8), 2047)
        regions = {}
        for index in range(count):
            guid, offset, length = unpack("<16sQI", table, 16 + 32 * index)
            regions[UUID(bytes_le=guid)] = (offset, length)
        return regions
    raise CorruptImageError("neither copy of the region table is intact")


class VhdxDisk:
    """The disk inside a VHDX; a ``RangeSource`` of what the guest sees.

    Raises:
        CorruptImageError: Regions or metadata contradict the format.
    """

    def __init__(self, source: RangeSource, regions: dict[UUID, tuple[int, int]]) -> None:
        self._source = source
        if _BAT not in regions or _METADATA not in regions:
            raise CorruptImageError("the region table lacks the block allocation table or the metadata")
        for offset, length in (regions[_BAT], regions[_METADATA]):
            if offset < _MIB or offset + length > source.size:
                raise CorruptImageError(
                    f"a region at bytes {offset}-{offset + length}, the file ends at {source.size}",
                    "VhdxTruncated",
                )
        self._bat, bat_length = regions[_BAT]
        items = self._metadata(*regions[_METADATA])
        parameters = items[_FILE_PARAMETERS]
        self._block, flags = unpack("<II", parameters)
        self.size = number("<Q", items[_VIRTUAL_SIZE])
        self.sector_size = number("<I", items[_SECTOR_SIZE])
        self.subtype = "differencing" if flags & 2 else "fixed" if flags & 1 else "dynamic"
        if not _MIB <= self._block <= 256 * _MIB or not is_power_of_two(self._block):
            raise CorruptImageError(f"blocks of {self._block} bytes")
        if self.sector_size not in (512, 4096) or not 0 < self.size <= MAX_SIZE:
            raise CorruptImageError(f"a disk of {self.size} bytes in sectors of {self.sector_size}")
        self._chunk = (self.sector_size << 23) // self._block
        blocks = -(-self.size // self._block)
        self._entries = blocks + (blocks - 1) // self._chunk
        if 8 * self._entries > bat_length:
            raise CorruptImageError(f"a block allocation table of {bat_length} bytes for {blocks} blocks")

    def _metadata(self, offset: int, length: int) -> dict[UUID, bytes]:
        # The items usually start where the table's 64 KiB end: one request instead of two.
        self._source.read(offset, min(length, _TABLE_SIZE + 4 * _KIB))
        table = read_exactly(self._source, offset, min(length, _TABLE_SIZE), "VHDX metadata")
        if not table.startswith(b"metadata"):
            raise CorruptImageError("no metadata table where the region table says")
        items = {}
        for index in range(min(number("<H", table, 10), 2047)):
            guid, at, size = unpack("<16sII", table, 32 + 32 * index)
            if size <= _KIB and at + size <= length:
                items[UUID(bytes_le=guid)] = read_exactly(
                    self._source, offset + at, size, "VHDX metadata item"
                )
        missing = [name for name in (_FILE_PARAMETERS, _VIRTUAL_SIZE, _SECTOR_SIZE) if name not in items]
        if missing:
            raise CorruptImageError(f"the metadata lacks the item {missing[0]}")
        return items

    def check(self, log: FindingLog) -> None:
        """Report blocks that the table puts beyond the file's end."""
        count = min(self._entries, _CHECKED_ENTRIES)
        table = read_exactly(self._source, self._bat, 8 * count, "VHDX block allocation table")
        present = [entry >> 20 for entry in unpack(f"<{count}Q", table) if entry & 7 == _FULLY_PRESENT]
        if present:
            end = max(present) * _MIB + self._block
            if end > self._source.size:
                log.add("VhdxTruncated", f"a block ends at byte {end}, the file ends at {self._source.size}")

    def read(self, offset: int, length: int) -> bytes:
        """Return the guest's bytes from ``offset``; blocks that are not stored read as zeros."""
        return read_by_blocks(self._read_block, self._block, self.size, offset, length)

    def _read_block(self, block: int, skip: int, count: int) -> bytes:
        # One sector bitmap entry follows every chunk of payload entries.
        at = self._bat + 8 * (block + block // self._chunk)
        entry = number("<Q", read_exactly(self._source, at, 8, "VHDX block allocation table"))
        if entry & 7 != _FULLY_PRESENT:
            return bytes(count)
        return read_exactly(self._source, (entry >> 20) * _MIB + skip, count, "VHDX block")
