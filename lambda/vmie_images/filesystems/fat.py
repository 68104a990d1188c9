"""FAT12, FAT16 and FAT32, with long names.

Source: Microsoft's "FAT32 File System Specification" 1.03.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import is_power_of_two, number, unpack
from vmie_images.filesystems.directories import Directories
from vmie_images.filesystems.tree import FileTree, Kind, Node
from vmie_images.ranges import RangeSource, read_exactly

MAX_CLUSTERS = 1 << 14
"""Clusters of a file that are followed for one piece of it."""
MAX_DIRECTORY = 1 << 18
"""Bytes of a directory that are searched; a FAT directory cannot have more than 2 MiB."""
_MAX_LONG_NAME = 260
"""Characters of the twenty entries that a long name may have."""
_DELETED, _END = 0xE5, 0x00
_LONG_NAME, _VOLUME, _DIRECTORY = 0x0F, 0x08, 0x10


@dataclass(frozen=True)
class _Place:
    """First cluster; 0 is the root directory of FAT12 and FAT16, which lies before the clusters."""

    cluster: int


class Fat(FileTree):
    """A FAT file system; names are found in any case.

    Raises:
        CorruptImageError: The BIOS parameter block contradicts the format.
    """

    def __init__(self, volume: RangeSource) -> None:
        self._volume = volume
        block = read_exactly(volume, 0, 512, "FAT boot sector")
        sector, per_cluster, reserved, copies, roots, small, length = unpack("<HBHBHHxH", block, 11)
        if sector not in (512, 1024, 2048, 4096) or not is_power_of_two(per_cluster) or not copies:
            raise CorruptImageError("the FAT boot sector's geometry is impossible")
        length = length or number("<I", block, 36)
        total = small or number("<I", block, 32)
        self._table = reserved * sector
        self._root_at = (reserved + copies * length) * sector
        self._root_size = roots * 32
        self._data_at = self._root_at + -(-self._root_size // sector) * sector
        self._cluster_size = per_cluster * sector
        clusters = max(0, total - self._data_at // sector) // per_cluster
        self._bits = 12 if clusters < 4085 else 16 if clusters < 65525 else 32
        self._clusters = clusters
        self._root_cluster = number("<I", block, 44) if self._bits == 32 else 0
        self.name = f"FAT{self._bits}"
        self._reached: dict[int, tuple[int, int | None]] = {}
        self._directories: Directories[list[tuple[str, str, Node]]] = Directories()
        extended = 67 if self._bits == 32 else 39
        self.uuid = "{1:04X}-{0:04X}".format(*unpack("<HH", block, extended))
        label = block[extended + 4 : extended + 15].decode("ascii", "replace").strip()
        self.label = label if label not in ("", "NO NAME") else None

    def root(self) -> Node:
        """The root directory."""
        return Node(Kind.DIRECTORY, 0, _Place(self._root_cluster))

    def _next(self, cluster: int) -> int | None:
        if self._bits == 12:
            pair = number("<H", read_exactly(self._volume, self._table + cluster * 3 // 2, 2, "FAT"))
            value = pair >> 4 if cluster & 1 else pair & 0xFFF
        else:
            width, layout = (4, "<I") if self._bits == 32 else (2, "<H")
            value = number(layout, read_exactly(self._volume, self._table + cluster * width, width, "FAT"))
            value &= 0x0FFFFFFF
        return value if 2 <= value < self._clusters + 2 else None

    def _read_chain(self, cluster: int, offset: int, length: int) -> bytes:
        parts: list[bytes] = []
        index, skip = divmod(offset, self._cluster_size)
        # A long file is read piece by piece: each goes on where the one before it ended.
        reached, follow = self._reached.get(cluster, (0, self._first(cluster)))
        if reached > index:
            reached, follow = 0, self._first(cluster)
        for place in range(reached, reached + MAX_CLUSTERS):
            if follow is None or length <= 0:
                break
            if place >= index:
                self._reached = {cluster: (place, follow)}
                count = min(length, self._cluster_size - skip)
                at = self._data_at + (follow - 2) * self._cluster_size + skip
                parts.append(self._volume.read(at, count))
                length, skip = length - count, 0
            follow = self._next(follow)
        return b"".join(parts)

    def _first(self, cluster: int) -> int | None:
        return cluster if 2 <= cluster < self._clusters + 2 else None

    def content(self, node: Node, offset: int, length: int) -> bytes:
        """Bytes of a file."""
        length = max(0, min(length, node.size - offset))
        return self._read_chain(node.handle.cluster, offset, length)

    def _entries(self, directory: Node) -> list[tuple[str, str, Node]]:
        """Long name, short name and node of each entry."""
        cluster: int = directory.handle.cluster
        return self._directories.of(cluster, lambda: self._read_entries(cluster))

    def _read_entries(self, cluster: int) -> list[tuple[str, str, Node]]:
        if cluster == 0:
            data = self._volume.read(self._root_at, min(self._root_size, MAX_DIRECTORY))
        else:
            data = self._read_chain(cluster, 0, MAX_DIRECTORY)
        entries, long_name = [], ""
        for at in range(0, len(data) - 31, 32):
            work()
            entry = data[at : at + 32]
            if entry[0] == _END:
                break
            if entry[0] == _DELETED:
                long_name = ""
            elif entry[11] == _LONG_NAME:
                piece = (entry[1:11] + entry[14:26] + entry[28:32]).decode("utf-16-le", "replace")
                long_name = (piece.split("\0", 1)[0] + long_name)[:_MAX_LONG_NAME]
            else:
                short = _short_name(entry)
                if not entry[11] & _VOLUME and short not in (".", ".."):
                    entries.append((long_name or short, short, _node(entry)))
                long_name = ""
        return entries

    def lookup(self, directory: Node, name: str) -> Node | None:
        """The node of that name, in any case, in a directory; ``None`` where there is none."""
        wanted = name.lower()
        entries = self._entries(directory)
        work(len(entries))
        for long_name, short, node in entries:
            if wanted in (long_name.lower(), short.lower()):
                return node
        return None

    def names(self, directory: Node) -> list[str]:
        """The names in a directory, long where there are long ones."""
        entries = self._entries(directory)
        work(len(entries))
        return [name for name, _, _ in entries]


def _short_name(entry: bytes) -> str:
    stem = entry[:8].decode("latin-1").rstrip()
    suffix = entry[8:11].decode("latin-1").rstrip()
    return f"{stem}.{suffix}" if suffix else stem


def _node(entry: bytes) -> Node:
    high, low, size = unpack("<H4xHI", entry, 20)
    kind = Kind.DIRECTORY if entry[11] & _DIRECTORY else Kind.FILE
    return Node(kind, size, _Place(high << 16 | low))
