"""The files of a Linux guest, over the file systems that it mounts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from vmie_images.filesystems.paths import resolve
from vmie_images.filesystems.tree import SMALL_FILE, FileTree, Kind, Node
from vmie_images.volumes.volume import Volume


@dataclass(frozen=True)
class _Place:
    """A node, the file system that holds it, and the path that leads to it without links."""

    tree: FileTree
    node: Node
    path: str


class LinuxRoot:
    """Reads paths as the running guest would, with its other file systems mounted.

    Symbolic links lead from one file system to another as they do in the guest; ``..`` stops at the root.

    Attributes:
        volume: The volume that holds the root directory.
        subvolume: The path of the btrfs subvolume that does; ``None`` where it is the top level, or no btrfs.
        unread: Paths at which the guest has a file system that could not be read. What is not found below
            them may be there all the same.
    """

    def __init__(self, volume: Volume, tree: FileTree, subvolume: str | None = None) -> None:
        self.volume = volume
        self.subvolume = subvolume
        self.tree = tree
        self.unread: set[str] = set()
        self._mounts: dict[str, tuple[FileTree, Volume]] = {}

    def mount(self, point: str, tree: FileTree, volume: Volume) -> None:
        """Show another file system at a path such as ``/boot``."""
        self._mounts[point.rstrip("/")] = (tree, volume)

    def mounted(self, point: str) -> Volume | None:
        """The volume mounted at exactly this path."""
        return self._mounts[point][1] if point in self._mounts else None

    @property
    def clean(self) -> bool:
        """Whether every file system of the guest that is read was unmounted, so that it holds what the guest
        wrote last."""
        return self.volume.clean and all(volume.clean for _, volume in self._mounts.values())

    def hides(self, path: str) -> bool:
        """Whether a path may lead somewhere in the guest although it does not here."""
        return any(path == point or path.startswith(f"{point}/") for point in self.unread)

    def find(self, path: str, follow: bool = True) -> Node | None:
        """The node at an absolute path; ``None`` where there is none.

        Args:
            path: The path.
            follow: Whether a symbolic link at the path's end is followed.

        Raises:
            CorruptImageError: The path passes through more symbolic links than any honest tree has.
        """
        place = self._resolve(path, follow)
        return None if place is None else place.node

    def _resolve(self, path: str, follow: bool = True) -> _Place | None:
        return resolve(
            path,
            start=self._start,
            step=self._step,
            link=lambda place: (
                partial(place.tree.target, place.node) if place.node.kind is Kind.SYMLINK else None
            ),
            above=lambda place: place.path.rpartition("/")[0],
            follow=follow,
        )

    def _start(self, path: str) -> tuple[_Place, str]:
        """The innermost file system that a path names by its mount point, and the path inside it."""
        point = path.rstrip("/")
        while point and point not in self._mounts:
            point = point.rpartition("/")[0]
        tree = self._mounts[point][0] if point else self.tree
        return _Place(tree, tree.root(), point), path[len(point) :]

    def _step(self, place: _Place, name: str) -> _Place | None:
        """From a directory to what it holds by that name, or to what is mounted there."""
        path = f"{place.path}/{name}"
        if path in self._mounts:
            return self._start(path)[0]
        node = place.tree.lookup(place.node, name) if place.node.kind is Kind.DIRECTORY else None
        return None if node is None else _Place(place.tree, node, path)

    def read(self, path: str, limit: int = SMALL_FILE) -> bytes | None:
        """The first ``limit`` bytes of a file; ``None`` where there is none."""
        place = self._resolve(path)
        if place is None or place.node.kind is not Kind.FILE:
            return None
        return place.tree.content(place.node, 0, min(place.node.size, limit))

    def text(self, path: str, limit: int = SMALL_FILE) -> str | None:
        """A small text file; ``None`` where there is none."""
        data = self.read(path, limit)
        return None if data is None else data.decode("utf-8", "replace")

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted; none where there is no directory."""
        place = self._resolve(path)
        if place is None or place.node.kind is not Kind.DIRECTORY:
            return []
        return sorted(place.tree.names(place.node))

    def exists(self, path: str) -> bool:
        """Whether the path leads to anything."""
        return self.find(path) is not None

    def is_file(self, path: str) -> bool:
        """Whether the path leads to a regular file."""
        node = self.find(path)
        return node is not None and node.kind is Kind.FILE

    def link(self, path: str) -> str | None:
        """The target of the symbolic link at a path; ``None`` where there is no link."""
        place = self._resolve(path, follow=False)
        linked = place is not None and place.node.kind is Kind.SYMLINK
        return place.tree.target(place.node) if place is not None and linked else None

    def content(self, path: str, offset: int, length: int) -> bytes:
        """A stretch of a file; empty where there is none."""
        place = self._resolve(path)
        return b"" if place is None else place.tree.content(place.node, offset, length)
