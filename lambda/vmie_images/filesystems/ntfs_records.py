"""NTFS file records, attributes and run lists."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, unpack

SECTOR = 512
_MAX_ATTRIBUTES = 256
MAX_RUNS = 1 << 14
"""Runs of one file; the master file table and the hives, the largest files here, have some hundreds."""
_END = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Run:
    """Clusters of an attribute that lie together; ``start`` is ``None`` for a hole."""

    clusters: int
    start: int | None


class Runs:
    """Where a value lies: its runs in order, found by the cluster of the value.

    Raises:
        CorruptImageError: There are more of them than any file here has.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._runs: list[Run] = []
        self._starts: list[int] = []
        self.clusters = 0
        for run in runs:
            if len(self._runs) == MAX_RUNS:
                raise CorruptImageError(f"an NTFS file of more than {MAX_RUNS} runs")
            self._runs.append(run)
            self._starts.append(self.clusters)
            self.clusters += run.clusters

    def __bool__(self) -> bool:
        return bool(self._runs)

    def from_cluster(self, cluster: int) -> Iterator[tuple[int, Run]]:
        """The runs from the one that holds a cluster of the value on, each with its first cluster of the
        value."""
        first = max(0, bisect_right(self._starts, cluster) - 1)
        for index in range(first, len(self._runs)):
            yield self._starts[index], self._runs[index]


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
            if len(runs) == MAX_RUNS:
                raise CorruptImageError(f"an NTFS attribute of more than {MAX_RUNS} runs")
            work()
            length_size, offset_size = self.data[at] & 15, self.data[at] >> 4
            middle = at + 1 + length_size
            end = middle + offset_size
            if end > len(self.data) or length_size > 8 or offset_size > 8:
                raise CorruptImageError("an NTFS run list is damaged")
            count = int.from_bytes(self.data[at + 1 : middle], "little")
            if not count:
                raise CorruptImageError("an NTFS run list with an empty run")
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
        work()
        absent, name_length, name_at = unpack("<BBH", record, at + 8)
        name = record[at + name_at : at + name_at + 2 * name_length].decode("utf-16-le", "replace")
        yield Attribute(kind, name, not absent, record[at : at + length])
        at += length
