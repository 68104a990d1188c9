"""The files of a Linux guest, over the file systems that it mounts."""

from __future__ import annotations

from vmie_images.filesystems.tree import SMALL_FILE, FileTree, Node
from vmie_images.volumes.volume import Volume


class LinuxRoot:
    """Reads paths as the running guest would, with its other file systems mounted.

    Attributes:
        volume: The volume that holds the root directory.
        subvolume: The path of the btrfs subvolume that does; ``None`` where it is the top level, or no btrfs.
    """

    def __init__(self, volume: Volume, tree: FileTree, subvolume: str | None = None) -> None:
        self.volume = volume
        self.subvolume = subvolume
        self.tree = tree
        self._mounts: dict[str, tuple[FileTree, Volume]] = {}

    def mount(self, point: str, tree: FileTree, volume: Volume) -> None:
        """Show another file system at a path such as ``/boot``."""
        self._mounts[point.rstrip("/")] = (tree, volume)

    def mounted(self, point: str) -> Volume | None:
        """The volume mounted at exactly this path."""
        return self._mounts[point][1] if point in self._mounts else None

    def _place(self, path: str) -> tuple[FileTree, str]:
        point = path.rstrip("/")
        while point:
            if point in self._mounts:
                return self._mounts[point][0], path[len(point) :] or "/"
            point = point.rpartition("/")[0]
        return self.tree, path

    def find(self, path: str, follow: bool = True) -> Node | None:
        """The node at an absolute path; ``None`` where there is none."""
        tree, inside = self._place(path)
        return tree.find(inside, follow)

    def read(self, path: str, limit: int = SMALL_FILE) -> bytes | None:
        """The first ``limit`` bytes of a file; ``None`` where there is none."""
        tree, inside = self._place(path)
        return tree.read(inside, limit)

    def text(self, path: str, limit: int = SMALL_FILE) -> str | None:
        """A small text file; ``None`` where there is none."""
        data = self.read(path, limit)
        return None if data is None else data.decode("utf-8", "replace")

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted; none where there is no directory."""
        tree, inside = self._place(path)
        return tree.list(inside)

    def exists(self, path: str) -> bool:
        """Whether the path leads to anything."""
        return self.find(path) is not None

    def link(self, path: str) -> str | None:
        """The target of the symbolic link at a path; ``None`` where there is no link."""
        tree, inside = self._place(path)
        node = tree.find(inside, follow=False)
        return tree.target(node) if node is not None and node.kind == "symlink" else None

    def content(self, path: str, offset: int, length: int) -> bytes:
        """A stretch of a file; empty where there is none."""
        tree, inside = self._place(path)
        node = tree.find(inside)
        return b"" if node is None else tree.content(node, offset, length)
