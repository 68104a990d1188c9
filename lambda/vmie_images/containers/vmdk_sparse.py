"""A hosted sparse VMDK extent, compressed (stream-optimized) or not, as a readable disk.

Grain directory and grain tables are looked up entry by entry, so that a header that claims a huge disk
costs nothing.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict

from vmie_images.containers.vmdk_descriptor import VmdkDescriptor
from vmie_images.errors import CorruptImageError
from vmie_images.fields import is_power_of_two, number, unpack
from vmie_images.ranges import RangeSource, read_by_blocks, read_exactly

SECTOR = 512
MAX_CAPACITY = 64 << 40
"""Bytes of the largest VMDK that VMware makes (62 TiB), rounded up."""

_HEADER = "<4sIIQQQQIQQQB4sH"
_GD_AT_END = 0xFFFFFFFFFFFFFFFF
_FOOTER_MARKER = 3
_COMPRESSED, _MARKERS = 1 << 16, 1 << 17
_ZERO_GRAIN = 1
_MARKER_SIZE = 12
_WINDOW = 64 * 1024
_MAX_ENTRIES_TRIED = 1 << 15
_MAX_TABLES_TRIED = 192
_CACHED_GRAINS = 16


class SparseExtent:
    """The disk inside a sparse extent; a ``RangeSource`` of what the guest sees, once it is opened.

    Raises:
        CorruptImageError: The header contradicts the format.
    """

    def __init__(self, source: RangeSource) -> None:
        self._source = source
        header = read_exactly(source, 0, SECTOR, "VMDK header")
        self._read_header(header)
        self._grains: OrderedDict[int, bytes] = OrderedDict()

    def _read_header(self, header: bytes) -> None:
        (
            _,
            version,
            flags,
            capacity,
            grain,
            descriptor,
            length,
            entries,
            _,
            directory,
            _,
            _,
            ends,
            algorithm,
        ) = unpack(_HEADER, header)
        if ends != b"\n \r\n" and flags & 1:
            raise CorruptImageError(
                "line ends in the header were converted, as by a transfer in text mode", "VmdkTextMode"
            )
        if version not in (1, 2, 3):
            raise CorruptImageError(f"VMDK version {version}; 1 to 3 exist")
        if not 8 <= grain <= 1 << 16 or not is_power_of_two(grain) or entries != 512:
            raise CorruptImageError(f"grains of {grain} sectors and {entries} entries per grain table")
        if not 0 < capacity * SECTOR <= MAX_CAPACITY:
            raise CorruptImageError(f"a capacity of {capacity} sectors")
        self.size: int = capacity * SECTOR
        self.compressed = bool(flags & _COMPRESSED)
        self.has_markers = bool(flags & _MARKERS)
        self.descriptor_offset: int = descriptor * SECTOR
        self.descriptor_size: int = length * SECTOR
        if self.compressed and algorithm != 1:
            raise CorruptImageError(
                f"compression algorithm {algorithm}; 1 (deflate) is the only one", "VmdkCompression"
            )
        self._identity = (version, capacity, grain, entries)
        self._grain_size: int = grain * SECTOR
        self._entries: int = entries
        self._tables = -(-capacity // (grain * entries))
        self._directory: int = directory

    def _read_footer(self) -> None:
        footer_at = self._find_footer()
        if footer_at is None:
            raise CorruptImageError(
                "the header says that the grain directory is at the end, and no footer is there",
                "VmdkTruncated",
            )
        fields = unpack(_HEADER, read_exactly(self._source, footer_at, SECTOR, "VMDK footer"))
        if (fields[1], fields[3], fields[4], fields[7]) != self._identity:
            raise CorruptImageError("the footer and the header describe different disks")
        if fields[9] == _GD_AT_END:
            raise CorruptImageError("neither header nor footer says where the grain directory is")
        self._directory = fields[9]

    def _find_footer(self) -> int | None:
        """The footer is the last sector but one; some tools pad the file with zeros after it."""
        end = self._source.size // SECTOR * SECTOR
        start = max(0, end - 128 * SECTOR)
        tail = self._source.read(start, end - start)
        for offset in range(len(tail) - SECTOR, SECTOR - 1, -SECTOR):
            if (
                tail[offset : offset + 4] == b"KDMV"
                and number("<I", tail, offset - SECTOR + 12) == _FOOTER_MARKER
            ):
                return start + offset
        return None

    def has_descriptor_type(self, descriptor: VmdkDescriptor) -> bool:
        """Whether the descriptor, if there is one, agrees that the extent is stream-optimized."""
        return descriptor.create_type in (None, "streamOptimized")

    def open(self) -> None:
        """Find the grain directory; check what a cut file shows without reading it all.

        Raises:
            CorruptImageError: There is no footer though the header says so, or the directory or the last
                grain lies beyond the file's end.
        """
        if self._directory == _GD_AT_END:
            self._read_footer()
        size = self._source.size
        if self.has_markers and size % SECTOR:
            raise CorruptImageError(
                f"a stream is whole sectors of {SECTOR} bytes, the file ends {size % SECTOR} bytes into one",
                "VmdkTruncated",
            )
        directory_end = self._directory * SECTOR + 4 * self._tables
        if self._directory == 0 or directory_end > size:
            raise CorruptImageError(
                f"the grain directory should end at byte {directory_end}, the file ends at {size}",
                "VmdkTruncated",
            )
        last = self._last_grain()
        if last is not None:
            end = last + self._stored_length(last)
            if end > size:
                raise CorruptImageError(
                    f"the last grain ends at byte {end}, the file ends at {size}", "VmdkTruncated"
                )

    def _last_grain(self) -> int | None:
        """Where the last grain of the last grain table in use is stored.

        ``None`` where nothing is stored, or where so much of the disk's end is empty that looking costs
        too much.
        """
        looked_at = 0
        for index in range(self._tables - 1, max(-1, self._tables - 1 - _MAX_ENTRIES_TRIED), -1):
            table = self._table(index)
            if not table:
                continue
            # Tables usually lie side by side, and this goes backwards: one request for a window of them.
            self._source.read(table // _WINDOW * _WINDOW, _WINDOW)
            raw = read_exactly(self._source, table, 4 * self._entries, "VMDK grain table")
            stored = max(unpack(f"<{self._entries}I", raw))
            if stored > _ZERO_GRAIN:
                return int(stored) * SECTOR
            looked_at += 1
            if looked_at >= _MAX_TABLES_TRIED:
                return None
        return None

    def _stored_length(self, offset: int) -> int:
        if not self.compressed:
            return self._grain_size
        marker = self._source.read(offset, 12)
        if len(marker) < 12:
            return 12
        return 12 + number("<I", marker, 8)

    def _table(self, index: int) -> int:
        if self._directory in (0, _GD_AT_END):
            raise CorruptImageError("the header names no grain directory")
        at = self._directory * SECTOR + 4 * index
        table = number("<I", read_exactly(self._source, at, 4, "VMDK grain directory")) * SECTOR
        if table + 4 * self._entries > self._source.size:
            raise CorruptImageError(
                f"a grain table at byte {table}, the file ends at {self._source.size}", "VmdkTruncated"
            )
        return table

    def _locate(self, grain: int) -> int:
        table = self._table(grain // self._entries)
        if not table:
            return 0
        at = table + 4 * (grain % self._entries)
        return number("<I", read_exactly(self._source, at, 4, "VMDK grain table")) * SECTOR

    def read(self, offset: int, length: int) -> bytes:
        """Return the guest's bytes from ``offset``; grains that are not stored read as zeros."""
        return read_by_blocks(self._read_grain, self._grain_size, self.size, offset, length)

    def _read_grain(self, grain: int, skip: int, count: int) -> bytes:
        at = self._locate(grain)
        if at <= _ZERO_GRAIN * SECTOR:
            return bytes(count)
        if not self.compressed:
            return read_exactly(self._source, at + skip, count, "VMDK grain")
        return self._inflated(at)[skip : skip + count].ljust(count, b"\0")

    def _inflated(self, at: int) -> bytes:
        data = self._grains.get(at)
        if data is None:
            data = self._grains[at] = self._inflate(at)
            if len(self._grains) > _CACHED_GRAINS:
                self._grains.popitem(last=False)
        self._grains.move_to_end(at)
        return data

    def _inflate(self, at: int) -> bytes:
        # One read for the marker and what follows it: a grain of a disk packs to half its size and less.
        length = number("<I", self._source.read(at, _MARKER_SIZE + self._grain_size // 2), 8)
        if not 0 < length <= 2 * self._grain_size:
            raise CorruptImageError(f"a grain of {length} compressed bytes at byte {at}")
        packed = read_exactly(self._source, at + _MARKER_SIZE, length, "VMDK grain")
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(packed, self._grain_size + 1)
        except zlib.error as error:
            raise CorruptImageError(f"the grain at byte {at} does not inflate ({error})") from None
        if len(data) > self._grain_size:
            raise CorruptImageError(f"the grain at byte {at} inflates past {self._grain_size} bytes")
        return data
