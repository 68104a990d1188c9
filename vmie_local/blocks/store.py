"""Where the blocks of every snapshot lie."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from vmie_local.blocks.snapshot_blocks import SnapshotBlocks


class BlockStore:
    """Snapshots by id, each a file in one folder. Volumes are kept like snapshots, by their own ids."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made with the first snapshot.

        Args:
            folder: Nobody else writes to it.
        """
        self._folder = folder
        self._snapshots: dict[str, SnapshotBlocks] = {}
        self._lock = threading.Lock()

    def path(self, snapshot_id: str) -> Path:
        """The file of a snapshot, made or not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{snapshot_id}.raw"

    def create(self, snapshot_id: str, volume_size: int, parent_id: str | None = None) -> SnapshotBlocks:
        """Begin an empty snapshot.

        Args:
            snapshot_id: `snap-…`.
            volume_size: GiB.
            parent_id: The snapshot whose blocks it begins with.

        Raises:
            KeyError: If there is no such parent.
        """
        with self._lock:
            parent = self._snapshots[parent_id] if parent_id else None
            blocks = SnapshotBlocks(self.path(snapshot_id), volume_size, parent)
            self._snapshots[snapshot_id] = blocks
            return blocks

    def derive(self, new_id: str, volume_size: int, source_id: str, *, copy: bool = False) -> None:
        """Let a new snapshot or volume begin with the blocks of another, which are shared.

        Args:
            new_id: `snap-…` or `vol-…`.
            volume_size: GiB.
            source_id: The snapshot or volume. Where nobody wrote to it, there is nothing to share.
            copy: Whether it begins a lineage of its own, as a copy of a snapshot does.
        """
        with self._lock:
            source = self._snapshots.get(source_id)
            if source:
                path = self.path(new_id)
                self._snapshots[new_id] = SnapshotBlocks(path, volume_size, source, of_lineage=not copy)

    def adopt(self, snapshot_id: str, volume_size: int, raw_image: Path | None) -> SnapshotBlocks:
        """Make a snapshot of a raw image, which is moved here; without an image the snapshot is empty."""
        blocks = self.create(snapshot_id, volume_size)
        if raw_image is not None:
            shutil.move(raw_image, blocks.path)
            blocks.adopt_file()
        return blocks

    def find(self, snapshot_id: str) -> SnapshotBlocks | None:
        """The blocks of a snapshot, or None if nobody wrote any."""
        with self._lock:
            return self._snapshots.get(snapshot_id)

    def require(self, snapshot_id: str) -> SnapshotBlocks:
        """The blocks of a snapshot.

        Raises:
            KeyError: If nobody wrote any.
        """
        with self._lock:
            return self._snapshots[snapshot_id]

    def remove(self, snapshot_id: str) -> None:
        """Forget a snapshot. Its file stays as long as a snapshot that builds on it needs it."""
        with self._lock:
            gone = self._snapshots.pop(snapshot_id, None)
            if gone is None or any(_descends(blocks, gone) for blocks in self._snapshots.values()):
                return
            gone.path.unlink(missing_ok=True)
            ancestor = gone.parent
            while ancestor and ancestor not in self._snapshots.values():
                if any(_descends(blocks, ancestor) for blocks in self._snapshots.values()):
                    return
                ancestor.path.unlink(missing_ok=True)
                ancestor = ancestor.parent

    def clear(self) -> None:
        """Remove every block from disk."""
        with self._lock:
            self._snapshots.clear()
            if self._folder.exists():
                shutil.rmtree(self._folder, ignore_errors=True)

    def bytes_on_disk(self) -> int:
        """How much space the blocks really take."""
        if not self._folder.exists():
            return 0
        return sum(path.stat().st_blocks * 512 for path in self._folder.iterdir())


def _descends(blocks: SnapshotBlocks, ancestor: SnapshotBlocks) -> bool:
    parent = blocks.parent
    while parent is not None:
        if parent is ancestor:
            return True
        parent = parent.parent
    return False
