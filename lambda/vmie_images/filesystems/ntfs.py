"""NTFS: directories and files, without compression and encryption.

Source: the Linux-NTFS project's documentation, and Microsoft's NTFS structures as Windows' headers show them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import is_power_of_two, number, unpack
from vmie_images.filesystems.ntfs_records import Attribute, Runs, attributes, with_fixups
from vmie_images.filesystems.tree import FileTree, Kind, Node
from vmie_images.ranges import RangeSource, read_exactly

_ATTRIBUTE_LIST, _VOLUME_NAME, _VOLUME_INFORMATION = 0x20, 0x60, 0x70
_DATA, _INDEX_ROOT, _INDEX_ALLOCATION = 0x80, 0x90, 0xA0
_VOLUME_FILE, _ROOT_FILE = 3, 5
_COMPRESSED, _ENCRYPTED = 0x1, 0x4000
_IS_DIRECTORY, _VOLUME_DIRTY = 0x2, 0x1
_DOS_NAME = 2
_REFERENCE = (1 << 48) - 1
_CACHED_RECORDS = 64
_CACHED_FILES = 8
_MAX_DEPTH = 24
_MAX_EXTENSIONS = 64
MAX_DIRECTORY = 1 << 20
"""Bytes of a directory's index that are listed."""


class Ntfs(FileTree):
    """An NTFS file system; names are found in any case.

    Raises:
        CorruptImageError: The boot sector or the master file table contradicts the format.
    """

    name = "NTFS"

    def __init__(self, volume: RangeSource) -> None:
        self._volume = volume
        boot = read_exactly(volume, 0, 512, "NTFS boot sector")
        sector, per_cluster = unpack("<HB", boot, 11)
        # Above 128 the number is a negative power of two.
        self._cluster = sector * (per_cluster if per_cluster <= 128 else 1 << min(256 - per_cluster, 32))
        self._record_size = self._sized(unpack("<b", boot, 64)[0])
        self._index_size = self._sized(unpack("<b", boot, 68)[0])
        if not is_power_of_two(self._cluster) or not 512 <= self._cluster <= 2 << 20:
            raise CorruptImageError(f"NTFS clusters of {self._cluster} bytes")
        if not 512 <= self._record_size <= 65536 or not 512 <= self._index_size <= 65536:
            raise CorruptImageError("the NTFS boot sector's geometry is impossible")
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._files: OrderedDict[int, tuple[Attribute | None, Runs]] = OrderedDict()
        self._indexes: OrderedDict[int, tuple[bytes, Runs]] = OrderedDict()
        self._table = Runs()
        at = number("<Q", boot, 48) * self._cluster
        first = with_fixups(
            read_exactly(volume, at, self._record_size, "NTFS master file table"), b"FILE", "record"
        )
        self._table = _runs_of(self._parts(first, _DATA))
        self.uuid = f"{number('<Q', boot, 72):016X}"
        self.label, self.clean = self._volume_facts()

    def _sized(self, value: int) -> int:
        return value * self._cluster if value > 0 else 1 << min(-value, 32)

    def _volume_facts(self) -> tuple[str | None, bool]:
        record = self._record(_VOLUME_FILE)
        label, clean = None, True
        for attribute in attributes(record):
            if attribute.type == _VOLUME_NAME and attribute.resident:
                label = attribute.value.decode("utf-16-le", "replace") or None
            if attribute.type == _VOLUME_INFORMATION and attribute.resident:
                clean = not number("<H", attribute.value, 10) & _VOLUME_DIRTY
        return label, clean

    def _record(self, index: int) -> bytes:
        if index not in self._cache:
            data = self._read_runs(self._table, index * self._record_size, self._record_size)
            self._cache[index] = with_fixups(data, b"FILE", "file record")
            if len(self._cache) > _CACHED_RECORDS:
                self._cache.popitem(last=False)
        return self._cache[index]

    def _parts(self, record: bytes, kind: int, name: str = "") -> list[Attribute]:
        """The parts of one attribute, over all records that hold some of it, in order."""
        own = list(attributes(record))
        found = [attribute for attribute in own if (attribute.type, attribute.name) == (kind, name)]
        # A record has one list of attributes at most.
        listing = next((attribute for attribute in own if attribute.type == _ATTRIBUTE_LIST), None)
        if listing is not None and self._table:
            found += self._listed(listing, kind, name, found)
        return sorted(found, key=lambda attribute: attribute.first_cluster)

    def _listed(self, listing: Attribute, kind: int, name: str, known: list[Attribute]) -> list[Attribute]:
        data = (
            listing.value
            if listing.resident
            else self._read_runs(Runs(listing.runs), 0, min(listing.size, 1 << 18))
        )
        at, found = 0, list[Attribute]()
        seen: set[int] = set()
        while at + 26 <= len(data) and len(seen) < _MAX_EXTENSIONS:
            entry_kind, length, name_length, name_at = unpack("<IHBB", data, at)
            if length < 26:
                break
            work()
            entry_name = data[at + name_at : at + name_at + 2 * name_length].decode("utf-16-le", "replace")
            reference = number("<Q", data, at + 16) & _REFERENCE
            if (entry_kind, entry_name) == (kind, name) and reference not in seen:
                seen.add(reference)
                held = attributes(self._record(reference))
                found += [
                    part for part in held if (part.type, part.name) == (kind, name) and part not in known
                ]
            at += length
        return found

    def _read_runs(self, runs: Runs, offset: int, length: int) -> bytes:
        parts = []
        for cluster, run in runs.from_cluster(offset // self._cluster):
            place = cluster * self._cluster
            count = min(length, place + run.clusters * self._cluster - offset)
            if count <= 0:
                break
            if run.start is None:
                work(over=count)
                parts.append(bytes(count))
            else:
                at = run.start * self._cluster + offset - place
                parts.append(read_exactly(self._volume, at, count, "NTFS clusters"))
            offset, length = offset + count, length - count
        return b"".join(parts)

    def root(self) -> Node:
        """The root directory."""
        return Node(Kind.DIRECTORY, 0, _ROOT_FILE)

    def _node(self, index: int) -> Node:
        record = self._record(index)
        if number("<H", record, 22) & _IS_DIRECTORY:
            return Node(Kind.DIRECTORY, 0, index)
        data = self._parts(record, _DATA)
        return Node(Kind.FILE, data[0].size if data else 0, index)

    def content(self, node: Node, offset: int, length: int) -> bytes:
        """Bytes of a file.

        Raises:
            UnreadableLayoutError: The file is compressed or encrypted.
        """
        first, runs = self._data_of(node.handle)
        if first is None:
            return b""
        if first.flags & (_COMPRESSED | _ENCRYPTED):
            raise UnreadableLayoutError("a compressed or encrypted NTFS file")
        length = max(0, min(length, first.size - offset))
        if first.resident:
            return first.value[offset : offset + length]
        valid = max(0, min(length, first.valid_size - offset))
        return self._read_runs(runs, offset, valid).ljust(length, b"\0")

    def _data_of(self, index: int) -> tuple[Attribute | None, Runs]:
        """The first part of a file's data attribute, and the runs of all parts."""
        if index not in self._files:
            parts = self._parts(self._record(index), _DATA)
            self._files[index] = (parts[0] if parts else None, _runs_of(parts))
            if len(self._files) > _CACHED_FILES:
                self._files.popitem(last=False)
        return self._files[index]

    def _index(self, directory: Node) -> tuple[bytes, Runs]:
        """The root of a directory's index, and the runs of its further nodes."""
        if directory.handle not in self._indexes:
            self._indexes[directory.handle] = self._read_index(directory)
            if len(self._indexes) > _CACHED_FILES:
                self._indexes.popitem(last=False)
        return self._indexes[directory.handle]

    def _read_index(self, directory: Node) -> tuple[bytes, Runs]:
        record = self._record(directory.handle)
        root = next(iter(self._parts(record, _INDEX_ROOT, "$I30")), None)
        if root is None or not root.resident:
            raise CorruptImageError("an NTFS directory without an index")
        return root.value, _runs_of(self._parts(record, _INDEX_ALLOCATION, "$I30"))

    def lookup(self, directory: Node, name: str) -> Node | None:
        """The node of that name, in any case, in a directory; ``None`` where there is none."""
        wanted = name.upper()
        data, runs = self._index(directory)
        start, end = 16 + number("<I", data, 16), 16 + number("<I", data, 20)
        for _ in range(_MAX_DEPTH):
            child = None
            for entry, reference, below, _ in _entries(data, start, end):
                if entry is not None and entry.upper() == wanted:
                    return self._node(reference)
                if entry is None or wanted < entry.upper():
                    child = below
                    break
            if child is None:
                return None
            unit = self._cluster if self._cluster <= self._index_size else 512
            data = with_fixups(self._read_runs(runs, child * unit, self._index_size), b"INDX", "index record")
            start, end = 24 + number("<I", data, 24), 24 + number("<I", data, 28)
        raise CorruptImageError("an NTFS index is too deep")

    def names(self, directory: Node) -> list[str]:
        """The names in a directory, without the short ones of DOS."""
        data, runs = self._index(directory)
        entries = list(_entries(data, 16 + number("<I", data, 16), 16 + number("<I", data, 20)))
        size = min(runs.clusters * self._cluster, MAX_DIRECTORY)
        for at in range(0, size, self._index_size):
            node = self._read_runs(runs, at, self._index_size)
            if node.startswith(b"INDX"):
                node = with_fixups(node, b"INDX", "index record")
                entries += _entries(node, 24 + number("<I", node, 24), 24 + number("<I", node, 28))
        return sorted({name for name, _, _, space in entries if name and name != "." and space != _DOS_NAME})


def _runs_of(parts: list[Attribute]) -> Runs:
    return Runs(run for part in parts if not part.resident for run in part.runs)


def _entries(data: bytes, at: int, end: int) -> Iterator[tuple[str | None, int, int | None, int]]:
    """Name (``None`` for the last entry), file, child node and name space of the entries of an index node."""
    end = min(end, len(data))
    while at + 16 <= end:
        work()
        reference, length, key_length, flags = unpack("<QHHI", data, at)
        name, space = None, 0
        if key_length >= 66 and not flags & 2:
            size, space = unpack("<BB", data, at + 16 + 64)
            name = data[at + 82 : at + 82 + 2 * size].decode("utf-16-le", "replace")
        below = number("<Q", data, at + length - 8) if flags & 1 else None
        yield name, reference & _REFERENCE, below, space
        if flags & 2 or length < 16:
            return
        at += length
