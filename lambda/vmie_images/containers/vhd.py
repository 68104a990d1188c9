"""VHD files, fixed, dynamic and differencing.

Source: Microsoft's "Virtual Hard Disk Image Format Specification" 1.0. All numbers are big-endian.
"""

from __future__ import annotations

from vmie_images.containers.container import DiskImage
from vmie_images.errors import CorruptImageError
from vmie_images.fields import is_power_of_two, number, unpack
from vmie_images.findings import FindingLog
from vmie_images.ranges import RangeSource, Window, read_by_blocks, read_exactly

FOOTER_SIZE = 512
MAX_SIZE = 64 << 40
_COOKIE = b"conectix"
_TYPES = {2: "fixed", 3: "dynamic", 4: "differencing"}
_UNUSED = 0xFFFFFFFF
_BAT_CHECKED = 256 * 1024
"""Bytes of a block allocation table that are checked entry by entry: 128 GiB of disk in 2 MiB blocks."""


def open_vhd(image: DiskImage, source: RangeSource, log: FindingLog) -> None:
    """Recognise a VHD, check it and fill in the image.

    Raises:
        CorruptImageError: No footer describes a disk.
    """
    footer, end = _footer(source, log)
    kind = number(">I", footer, 60)
    image.subtype = _TYPES.get(kind)
    image.virtual_size = size = number(">Q", footer, 48)
    if image.subtype is None:
        raise CorruptImageError(f"disk type {kind}; 2 (fixed), 3 (dynamic) and 4 (differencing) exist")
    if not 0 < size <= MAX_SIZE:
        raise CorruptImageError(f"a disk of {size} bytes")
    _check_sum(footer, "footer", 64, log)
    if image.subtype == "fixed":
        if size != end:
            log.add("VhdSizeMismatch", f"the footer says {size} bytes, {end} bytes lie before it")
        image.data = Window(source, 0, min(size, end))
        return
    if image.subtype == "differencing":
        log.add("VhdDifferencing", "a differencing VHD")
        return
    blocks = DynamicVhd(source, footer, log)
    blocks.check(end, log)
    image.data = blocks


def _footer(source: RangeSource, log: FindingLog) -> tuple[bytes, int]:
    """The footer that counts, and where the data ends."""
    copy = source.read(0, FOOTER_SIZE)
    end = source.size - FOOTER_SIZE
    last = source.read(max(0, end), FOOTER_SIZE)
    if last[1:9] == _COOKIE:
        # Virtual PC before 2004 wrote footers of 511 bytes.
        return last[1:] + b"\0", source.size - 511
    if last.startswith(_COOKIE):
        dynamic = number(">I", last, 60) != 2
        if dynamic and copy != last:
            which = "is missing" if not copy.startswith(_COOKIE) else "differs"
            log.add("VhdFootersDiffer", f"the copy of the footer at the file's start {which}")
        return last, end
    if len(copy) == FOOTER_SIZE and copy.startswith(_COOKIE):
        log.add(
            "VhdTruncated", "the copy of the footer is at the file's start, the footer at its end is missing"
        )
        return copy, source.size
    raise CorruptImageError("no footer at the file's end", "VhdTruncated")


def _check_sum(structure: bytes, what: str, at: int, log: FindingLog) -> None:
    """The checksum is the complement of the sum of all bytes but its own."""
    stored = number(">I", structure, at)
    actual = ~(sum(structure) - sum(structure[at : at + 4])) & 0xFFFFFFFF
    if stored != actual:
        log.add("VhdChecksum", f"the {what}'s checksum is {stored:#010x}, its bytes give {actual:#010x}")


class DynamicVhd:
    """The disk inside a dynamic VHD; a ``RangeSource`` of what the guest sees.

    Raises:
        CorruptImageError: The dynamic header contradicts the format.
    """

    def __init__(self, source: RangeSource, footer: bytes, log: FindingLog) -> None:
        self._source = source
        self.size: int = number(">Q", footer, 48)
        header = read_exactly(source, number(">Q", footer, 16), 1024, "dynamic disk header")
        if not header.startswith(b"cxsparse"):
            raise CorruptImageError("no dynamic disk header where the footer says")
        _check_sum(header, "dynamic disk header", 36, log)
        self._table, _, self._entries, self._block = unpack(">QIII", header, 16)
        if not 512 <= self._block <= 1 << 28 or not is_power_of_two(self._block):
            raise CorruptImageError(f"blocks of {self._block} bytes")
        if self._entries * self._block < self.size:
            raise CorruptImageError(
                f"{self._entries} blocks of {self._block} bytes for a disk of {self.size}"
            )
        if self._table + 4 * self._entries > source.size:
            raise CorruptImageError(
                f"the block allocation table should end at byte {self._table + 4 * self._entries}, "
                f"the file ends at {source.size}",
                "VhdTruncated",
            )
        self._bitmap = -(-self._block // 512 // 8 // 512) * 512

    def check(self, end: int, log: FindingLog) -> None:
        """Report blocks that the table puts beyond the data's end."""
        count = min(self._entries, _BAT_CHECKED // 4)
        entries = unpack(
            f">{count}I", read_exactly(self._source, self._table, 4 * count, "block allocation table")
        )
        furthest = max((entry for entry in entries if entry != _UNUSED), default=None)
        if furthest is not None:
            needed = furthest * 512 + self._bitmap + self._block
            if needed > end:
                log.add("VhdTruncated", f"a block ends at byte {needed}, the data ends at {end}")

    def read(self, offset: int, length: int) -> bytes:
        """Return the guest's bytes from ``offset``; blocks that are not stored read as zeros."""
        return read_by_blocks(self._read_block, self._block, self.size, offset, length)

    def _read_block(self, block: int, skip: int, count: int) -> bytes:
        entry = number(">I", read_exactly(self._source, self._table + 4 * block, 4, "block allocation table"))
        if entry == _UNUSED:
            return bytes(count)
        return read_exactly(self._source, entry * 512 + self._bitmap + skip, count, "VHD block")
