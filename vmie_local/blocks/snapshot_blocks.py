"""The blocks of one snapshot: a sparse file and the indexes that were written."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

BLOCK_SIZE = 512 * 1024
"""Bytes of a block of every EBS snapshot (EBS direct APIs, `BlockSize`)."""

GIB = 1 << 30
_ZEROS = bytes(BLOCK_SIZE)


class SnapshotBlocks:
    """What one snapshot holds, as the difference to its parent.

    The file has block `i` at byte `i * BLOCK_SIZE`, so a snapshot without a parent is also a raw disk image.
    Blocks that were never written are holes and take no space on disk.
    """

    def __init__(
        self,
        path: Path,
        volume_size: int,
        parent: SnapshotBlocks | None = None,
        *,
        of_lineage: bool = True,
    ) -> None:
        """Name the place of the blocks; nothing is created before the first write.

        Args:
            path: The sparse file.
            volume_size: GiB.
            parent: Where blocks come from that this snapshot does not have itself.
            of_lineage: Whether it continues its parent's lineage; a copy begins one of its own.
        """
        self.path, self.volume_size, self.parent = path, volume_size, parent
        self._of_lineage = of_lineage
        self._own: set[int] = set()
        self._lock = threading.Lock()

    @property
    def block_count(self) -> int:
        """How many blocks the volume has room for."""
        return self.volume_size * GIB // BLOCK_SIZE

    @property
    def origin(self) -> SnapshotBlocks:
        """The first snapshot of its lineage: itself if it has no parent or is a copy."""
        return self.parent.origin if self.parent and self._of_lineage else self

    def write(self, index: int, data: bytes) -> None:
        """Keep a block; writing one again replaces it.

        Args:
            index: Counted from 0.
            data: Exactly `BLOCK_SIZE` bytes.

        Raises:
            ValueError: If the index lies outside the volume or the data is no block.
        """
        if not 0 <= index < self.block_count:
            raise ValueError(f"Block {index} lies outside a volume of {self.volume_size} GiB.")
        if len(data) != BLOCK_SIZE:
            raise ValueError(f"A block has {BLOCK_SIZE} bytes, not {len(data)}.")
        with self._lock:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _write_all(descriptor, data, index * BLOCK_SIZE)
            finally:
                os.close(descriptor)
            self._own.add(index)

    def read(self, index: int) -> bytes | None:
        """The bytes of a block, or None where neither this snapshot nor a parent has it."""
        if index in self._own:
            with self.path.open("rb") as file:
                file.seek(index * BLOCK_SIZE)
                return file.read(BLOCK_SIZE).ljust(BLOCK_SIZE, b"\0")
        return self.parent.read(index) if self.parent else None

    def indexes(self) -> list[int]:
        """The indexes of every block, its parents' included, in order."""
        with self._lock:
            found = set(self._own)
        if self.parent:
            found.update(self.parent.indexes())
        return sorted(found)

    def own_indexes(self) -> list[int]:
        """The indexes of the blocks that this snapshot has itself, in order."""
        with self._lock:
            return sorted(self._own)

    def adopt_file(self) -> None:
        """Take a raw image that already lies at `path`: its blocks that are not all zeros become ours."""
        if not self.path.exists():
            return
        with self._lock:
            self._own = set(nonzero_blocks(self.path))

    def changed_since(self, older: SnapshotBlocks) -> list[int]:
        """The indexes of blocks that differ from those of another snapshot, in order."""
        candidates = sorted(set(self.indexes()) | set(older.indexes()))
        return [index for index in candidates if self.read(index) != older.read(index)]

    def flatten_into(self, target: Path) -> None:
        """Write the whole volume as one sparse raw image."""
        with target.open("wb") as file:
            file.truncate(self.volume_size * GIB)
            for index in self.indexes():
                file.seek(index * BLOCK_SIZE)
                file.write(self.read(index) or b"")


def nonzero_blocks(path: Path) -> Iterator[int]:
    """The indexes of a raw image's blocks that hold anything but zeros; holes of the file are not read."""
    with path.open("rb", buffering=0) as file:
        last = -1
        for start, end in _data_ranges(file.fileno()):
            for index in range(max(start // BLOCK_SIZE, last + 1), -(-end // BLOCK_SIZE)):
                last = index
                data = os.pread(file.fileno(), BLOCK_SIZE, index * BLOCK_SIZE)
                if data != _ZEROS[: len(data)]:
                    yield index


def _data_ranges(descriptor: int) -> Iterator[tuple[int, int]]:
    end, position = os.fstat(descriptor).st_size, 0
    while position < end:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
            position = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            start, position = position, end  # the filesystem knows no holes
        yield start, position


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
