"""A file system in memory, and volumes that hold it."""

from __future__ import annotations

from vmie_images.filesystems.tree import FileTree, Kind, Node
from vmie_images.partitions.partition import Partition
from vmie_images.ranges import MemorySource
from vmie_images.volumes.volume import Volume


class MemoryTree(FileTree):
    """Files by path, without the first slash; a target that starts with ``->`` makes a symbolic link."""

    def __init__(
        self,
        files: dict[str, bytes | str],
        name: str = "ext4",
        uuid: str | None = None,
        label: str | None = None,
    ) -> None:
        self.name, self.uuid, self.label = name, uuid, label
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    def root(self) -> Node:
        return Node(Kind.DIRECTORY, 0, "")

    def lookup(self, directory: Node, name: str) -> Node | None:
        if self.name in ("NTFS", "FAT32"):
            name = next((known for known in self.names(directory) if known.lower() == name.lower()), name)
        path = f"{directory.handle}/{name}".lstrip("/")
        data = self._files.get(path)
        if data is not None:
            link = data.startswith(b"->")
            return Node(Kind.SYMLINK if link else Kind.FILE, len(data) - 2 * link, path)
        inside = any(known.startswith(f"{path}/") for known in self._files)
        return Node(Kind.DIRECTORY, 0, path) if inside else None

    def names(self, directory: Node) -> list[str]:
        prefix = f"{directory.handle}/".lstrip("/")
        return sorted({path[len(prefix) :].split("/")[0] for path in self._files if path.startswith(prefix)})

    def content(self, node: Node, offset: int, length: int) -> bytes:
        data = self._files[node.handle]
        return (
            data.removeprefix(b"->")[offset : offset + length]
            if node.kind is Kind.SYMLINK
            else data[offset : offset + length]
        )


def volume(tree: FileTree | None, number: int = 1, kind: str = "Linux", disk: str = "disk.raw") -> Volume:
    """A partition that holds a file system."""
    partition = Partition(number, kind, number << 20, 1 << 20, uuid=f"0d15c0de-{number:02x}")
    return Volume(disk, 0, MemorySource(b""), partition, tree=tree, kind=tree.name if tree else None)
