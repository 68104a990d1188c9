"""A hosted sparse VMDK extent, compressed (stream-optimized) or not, as a readable disk.

Grain directory and grain tables are looked up entry by entry, so that a header that claims a huge disk
costs nothing.
"""

from __future__ import annotations

from collections import OrderedDict

from vmie_images.compression import inflate
from vmie_images.containers.vmdk_header import AT_END, SECTOR, parse_header
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack
from vmie_images.ranges import RangeSource, read_by_blocks, read_exactly

_FOOTER_MARKER = 3
_ZERO_GRAIN = 1
_MARKER_SIZE = 12
_WINDOW = 64 * 1024
_TABLES_WINDOW = 192 * 1024
_BEFORE_TABLE = 24 * 1024
_BEHIND_TABLE = 56 * 1024
_MAX_STRETCH = 1 << 20
_MAX_ENTRIES_TRIED = 1 << 15
_MAX_TABLES_TRIED = 192
_CACHED_GRAINS = 2 << 20
"""Bytes of inflated grains that are kept."""
_CACHED_TABLES = 64


class SparseExtent:
    """The disk inside a sparse extent; a ``RangeSource`` of what the guest sees, once it is opened.

    Attributes:
        header: What the file's header says.
        size: Bytes of the disk.

    Raises:
        CorruptImageError: The header contradicts the format.
        UnreadableLayoutError: Its grains are larger than any that are read.
    """

    def __init__(self, source: RangeSource) -> None:
        self._source = source
        self.header = header = parse_header(read_exactly(source, 0, SECTOR, "VMDK header"))
        self.size = header.size
        self._grain_size, self._entries = header.grain_size, header.entries
        self._tables, self._directory = header.tables, header.directory
        self._grains: OrderedDict[int, bytes] = OrderedDict()
        self._read_tables: OrderedDict[int, tuple[int, ...]] = OrderedDict()

    def _read_footer(self) -> None:
        footer_at = self._find_footer()
        if footer_at is None:
            raise CorruptImageError(
                "the header says that the grain directory is at the end, and no footer is there",
                "VmdkTruncated",
            )
        footer = parse_header(read_exactly(self._source, footer_at, SECTOR, "VMDK footer"))
        if not footer.describes_the_disk_of(self.header):
            raise CorruptImageError("the footer and the header describe different disks")
        if footer.directory == AT_END:
            raise CorruptImageError("neither header nor footer says where the grain directory is")
        self._directory = footer.directory

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

    def open(self) -> None:
        """Find the grain directory; check what a cut file shows without reading it all.

        Raises:
            CorruptImageError: There is no footer though the header says so, or the directory or the last
                grain lies beyond the file's end.
        """
        if self._directory == AT_END:
            self._read_footer()
        size = self._source.size
        if self.header.has_markers and size % SECTOR:
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
        if not self.header.compressed:
            self._table(0)
            return
        last = None if self._ends_properly() else self._last_grain()
        if last is not None:
            end = last + self._stored_length(last)
            if end > size:
                raise CorruptImageError(
                    f"the last grain ends at byte {end}, the file ends at {size}", "VmdkTruncated"
                )

    def _ends_properly(self) -> bool:
        """Whether a stream ends with the marker that its writer puts there last, a sector of zeros."""
        end = self._source.size - SECTOR
        return self.header.has_markers and end > 0 and not any(self._source.read(end, SECTOR))

    def _last_grain(self) -> int | None:
        """Where the last grain of the last grain table in use is stored.

        ``None`` where nothing is stored, or where so much of the disk's end is empty that looking costs
        too much.
        """
        looked_at = 0
        for index in range(self._tables - 1, max(-1, self._tables - 1 - _MAX_ENTRIES_TRIED), -1):
            table = self._place_of_table(index)
            if not table:
                continue
            # Tables usually lie side by side, and this goes backwards: one request for a window of them.
            self._source.read(table // _WINDOW * _WINDOW, _WINDOW)
            stored = max(self._table(index))
            if stored > _ZERO_GRAIN:
                return stored * SECTOR
            looked_at += 1
            if looked_at >= _MAX_TABLES_TRIED:
                return None
        return None

    def _stored_length(self, offset: int) -> int:
        if not self.header.compressed:
            return self._grain_size
        marker = self._source.read(offset, 12)
        if len(marker) < 12:
            return 12
        return 12 + number("<I", marker, 8)

    def _place_of_table(self, index: int) -> int:
        if self._directory in (0, AT_END):
            raise CorruptImageError("the header names no grain directory")
        at = self._directory * SECTOR + 4 * index
        table = number("<I", read_exactly(self._source, at, 4, "VMDK grain directory")) * SECTOR
        if table + 4 * self._entries > self._source.size:
            raise CorruptImageError(
                f"a grain table at byte {table}, the file ends at {self._source.size}", "VmdkTruncated"
            )
        return table

    def _table(self, index: int) -> tuple[int, ...]:
        """The entries of a grain table, in sectors; none where there is no table.

        Raises:
            CorruptImageError: It lists a grain beyond the file's end.
        """
        if index not in self._read_tables:
            place = self._place_of_table(index)
            entries: tuple[int, ...] = ()
            if place:
                self._source.read(*self._around_table(place))
                raw = read_exactly(self._source, place, 4 * self._entries, "VMDK grain table")
                entries = unpack(f"<{self._entries}I", raw)
                end = max(entries) * SECTOR
                if end >= self._source.size:
                    raise CorruptImageError(
                        f"a grain at byte {end}, the file ends at {self._source.size}", "VmdkTruncated"
                    )
            self._read_tables[index] = entries
            if len(self._read_tables) > _CACHED_TABLES:
                self._read_tables.popitem(last=False)
        return self._read_tables[index]

    def _around_table(self, place: int) -> tuple[int, int]:
        """What to read along with a table: where it begins, and its length."""
        if not self.header.compressed:
            # Other writers than those of streams put all tables side by side.
            return place // _TABLES_WINDOW * _TABLES_WINDOW, _TABLES_WINDOW
        if self.header.directory != AT_END:
            return place, 4 * self._entries
        # The table comes right behind its grains, and those of the next table follow it.
        start = max(0, place - _BEFORE_TABLE)
        return start, place - start + _BEHIND_TABLE

    def _locate(self, grain: int) -> int:
        entries = self._table(grain // self._entries)
        return entries[grain % self._entries] * SECTOR if entries else 0

    def read(self, offset: int, length: int) -> bytes:
        """Return the guest's bytes from ``offset``; grains that are not stored read as zeros."""
        if not self.header.compressed and offset >= 0 and self._grain_size < length <= _MAX_STRETCH:
            self._fetch_neighbours(offset, min(length, self.size - offset))
        return read_by_blocks(self._read_grain, self._grain_size, self.size, offset, length)

    def _fetch_neighbours(self, offset: int, length: int) -> None:
        """Read what a long stretch needs from the file at once, where its grains lie side by side in it."""
        first, last = offset // self._grain_size, (offset + length - 1) // self._grain_size
        start = self._locate(first)
        places = range(start, start + (last - first + 1) * self._grain_size, self._grain_size)
        if start > _ZERO_GRAIN * SECTOR and all(
            self._locate(grain) == place for grain, place in zip(range(first, last + 1), places, strict=True)
        ):
            self._source.read(start + offset % self._grain_size, length)

    def _read_grain(self, grain: int, skip: int, count: int) -> bytes:
        at = self._locate(grain)
        if at <= _ZERO_GRAIN * SECTOR:
            return bytes(count)
        if not self.header.compressed:
            return read_exactly(self._source, at + skip, count, "VMDK grain")
        return self._inflated(at)[skip : skip + count].ljust(count, b"\0")

    def _inflated(self, at: int) -> bytes:
        data = self._grains.get(at)
        if data is None:
            data = self._grains[at] = self._inflate(at)
            if len(self._grains) * self._grain_size > _CACHED_GRAINS:
                self._grains.popitem(last=False)
        self._grains.move_to_end(at)
        return data

    def _inflate(self, at: int) -> bytes:
        # One read for the marker and what follows it, and for the next grain: most pack to half their size
        # and less, and what belongs together lies together.
        length = number("<I", self._source.read(at, _MARKER_SIZE + self._grain_size * 7 // 8), 8)
        if not 0 < length <= 2 * self._grain_size:
            raise _damaged(at, f"claims {length} compressed bytes")
        packed = read_exactly(self._source, at + _MARKER_SIZE, length, "VMDK grain")
        try:
            data = inflate(packed, self._grain_size + 1)
        except CorruptImageError as error:
            raise _damaged(at, f"does not inflate: {error.found}") from None
        if len(data) > self._grain_size:
            raise _damaged(at, f"inflates past {self._grain_size} bytes")
        return data


def _damaged(at: int, what: str) -> CorruptImageError:
    return CorruptImageError(f"the grain at byte {at} {what}", "VmdkCorrupt")
