"""NTFS file records, attributes and run lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack

SECTOR = 512
_MAX_ATTRIBUTES = 256
_MAX_RUNS = 1 << 16
_END = 0xFFFFFFFF


@dataclass(frozen=True)
class Run:
    """Clusters of an attribute that lie together; ``start`` is ``None`` for a hole."""

    clusters: int
    start: int | None


@dataclass(frozen=True)
class Attribute:
    """An attribute: type, name, whether its value is in the record, and its bytes, header included."""

    type: int
    name: str
    resident: bool
    data: bytes

    @property
    def value(self) -> bytes:
        """The value of a resident attribute."""
        length, offset = unpack("<IH", self.data, 16)
        return self.data[offset : offset + length]

    @property
    def first_cluster(self) -> int:
        """The first cluster of the attribute's whole value that this part of it describes."""
        return 0 if self.resident else number("<Q", self.data, 16)

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return number("<I", self.data, 16) if self.resident else number("<Q", self.data, 48)

    @property
    def valid_size(self) -> int:
        """Bytes of the value that were ever written; the rest reads as zeros."""
        return self.size if self.resident else number("<Q", self.data, 56)

    @property
    def flags(self) -> int:
        """1 compressed, 0x4000 encrypted, 0x8000 sparse."""
        return number("<H", self.data, 12)

    @property
    def runs(self) -> list[Run]:
        """Where the value of an attribute that is not resident lies."""
        at, cluster = number("<H", self.data, 32), 0
        runs: list[Run] = []
        while at < len(self.data) and self.data[at]:
            if len(runs) > _MAX_RUNS:
                raise CorruptImageError("an NTFS attribute with too many runs")
            length_size, offset_size = self.data[at] & 15, self.data[at] >> 4
            middle = at + 1 + length_size
            end = middle + offset_size
            if end > len(self.data) or length_size > 8 or offset_size > 8:
                raise CorruptImageError("an NTFS run list is damaged")
            count = int.from_bytes(self.data[at + 1 : middle], "little")
            if offset_size:
                cluster += int.from_bytes(self.data[middle:end], "little", signed=True)
                if cluster < 0:
                    raise CorruptImageError("an NTFS run list leads before the volume's start")
            runs.append(Run(count, cluster if offset_size else None))
            at = end
        return runs


def with_fixups(data: bytes, magic: bytes, what: str) -> bytes:
    """A record with the last two bytes of its sectors put back, which the update sequence keeps.

    Raises:
        CorruptImageError: The record has another mark, or was written only in part.
    """
    if not data.startswith(magic):
        raise CorruptImageError(f"an NTFS {what} without its mark")
    offset, count = unpack("<HH", data, 4)
    sequence = data[offset : offset + 2]
    record = bytearray(data)
    for index in range(1, min(count, len(data) // SECTOR + 1)):
        end = SECTOR * index
        if record[end - 2 : end] != sequence:
            raise CorruptImageError(f"an NTFS {what} was written only in part")
        record[end - 2 : end] = data[offset + 2 * index : offset + 2 * index + 2].ljust(2, b"\0")
    return bytes(record)


def attributes(record: bytes) -> Iterator[Attribute]:
    """The attributes of a file record."""
    at = number("<H", record, 20)
    for _ in range(_MAX_ATTRIBUTES):
        if at + 16 > len(record):
            return
        kind, length = unpack("<II", record, at)
        if kind == _END or length < 24:
            return
        absent, name_length, name_at = unpack("<BBH", record, at + 8)
        name = record[at + name_at : at + name_at + 2 * name_length].decode("utf-16-le", "replace")
        yield Attribute(kind, name, not absent, record[at : at + length])
        at += length
