"""The header of a hosted sparse VMDK extent, which a stream repeats in its footer.

Source: VMware's "Virtual Disk Format 5.0".
"""

from __future__ import annotations

from dataclasses import dataclass

from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import is_power_of_two, unpack

SECTOR = 512
MAX_CAPACITY = 64 << 40
"""Bytes of the largest VMDK that VMware makes (62 TiB), rounded up."""
MAX_GRAIN = 1 << 20
"""Bytes of the largest grains that are read; VMware's tools make them of 64 KiB."""
AT_END = 0xFFFFFFFFFFFFFFFF
"""What a stream's header gives as the place of its grain directory."""

_LAYOUT = "<4sIIQQQQIQQQB4sH"
_LINE_ENDS, _REDUNDANT, _COMPRESSED, _MARKERS = 1, 1 << 1, 1 << 16, 1 << 17
_FIRST_READ = 32 * 1024
"""Bytes at the file's start that the reader has by then."""


@dataclass(frozen=True)
class SparseHeader:
    """What a header says; places and sizes are bytes, but for ``directory``, which is a sector.

    Attributes:
        version: 1 to 3.
        size: The disk's capacity.
        grain_size: What is stored together.
        entries: Grains that one table lists.
        descriptor_offset: Where the text descriptor is embedded.
        descriptor_size: Its size; 0 where there is none.
        directory: Where the grain directory is, or ``AT_END``.
        compressed: Whether grains are packed.
        has_markers: Whether they come with markers, as in a stream.
    """

    version: int
    size: int
    grain_size: int
    entries: int
    descriptor_offset: int
    descriptor_size: int
    directory: int
    compressed: bool
    has_markers: bool

    @property
    def tables(self) -> int:
        """How many grain tables the directory lists."""
        return -(-self.size // (self.grain_size * self.entries))

    def describes_the_disk_of(self, other: SparseHeader) -> bool:
        """Whether header and footer are about one disk."""
        mine = (self.version, self.size, self.grain_size, self.entries)
        return mine == (other.version, other.size, other.grain_size, other.entries)


def parse_header(data: bytes) -> SparseHeader:
    """Read a header.

    Raises:
        CorruptImageError: It contradicts the format.
        UnreadableLayoutError: Its grains are larger than any that are read.
    """
    (_, version, flags, capacity, grain, text_at, text_size, entries, redundant, directory, *rest) = unpack(
        _LAYOUT, data
    )
    _, _, ends, algorithm = rest
    if ends != b"\n \r\n" and flags & _LINE_ENDS:
        raise CorruptImageError(
            "line ends in the header were converted, as by a transfer in text mode", "VmdkTextMode"
        )
    if version not in (1, 2, 3):
        raise CorruptImageError(f"VMDK version {version}; 1 to 3 exist")
    if not 8 <= grain <= 1 << 16 or not is_power_of_two(grain) or entries != 512:
        raise CorruptImageError(f"grains of {grain} sectors and {entries} entries per grain table")
    if grain * SECTOR > MAX_GRAIN:
        raise UnreadableLayoutError(f"a VMDK with grains of {grain * SECTOR} bytes")
    if not 0 < capacity * SECTOR <= MAX_CAPACITY:
        raise CorruptImageError(f"a capacity of {capacity} sectors")
    if flags & _COMPRESSED and algorithm != 1:
        raise CorruptImageError(
            f"compression algorithm {algorithm}; 1 (deflate) is the only one", "VmdkCompression"
        )
    tables = -(-capacity // (grain * entries))
    if flags & _REDUNDANT and 0 < redundant * SECTOR <= _FIRST_READ - 4 * tables:
        # The other copy of the directory usually lies in what is read already.
        directory = redundant
    return SparseHeader(
        version=version,
        size=capacity * SECTOR,
        grain_size=grain * SECTOR,
        entries=entries,
        descriptor_offset=text_at * SECTOR,
        descriptor_size=text_size * SECTOR,
        directory=directory,
        compressed=bool(flags & _COMPRESSED),
        has_markers=bool(flags & _MARKERS),
    )
