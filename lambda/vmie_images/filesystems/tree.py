"""What every file system here offers: nodes, names, content, and paths resolved inside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from vmie_images.errors import CorruptImageError
from vmie_images.filesystems.paths import resolve

MAX_TARGET = 4096
"""Bytes of a symbolic link's target."""
SMALL_FILE = 64 * 1024
"""Bytes that ``read`` returns at most unless told otherwise."""


class Kind(StrEnum):
    """Kinds of node that matter here."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


KINDS_BY_MODE = {0x4: Kind.DIRECTORY, 0x8: Kind.FILE, 0xA: Kind.SYMLINK}
"""Kind by the topmost four bits of a POSIX file mode."""


@dataclass(frozen=True)
class Node:
    """A file or directory; ``handle`` is the file system's own."""

    kind: Kind
    size: int
    handle: Any


class FileTree(ABC):
    """A file system, read-only.

    Paths never lead outside: ``..`` stops at the root, and an absolute symbolic link starts at this tree's
    root.

    Attributes:
        name: Its kind, such as ``ext4``.
        label: Its label; ``None`` where it has none.
        uuid: Its identifier as ``/etc/fstab`` writes it; ``None`` where it has none.
        clean: Whether it was unmounted properly.
    """

    name: str
    label: str | None = None
    uuid: str | None = None
    clean: bool = True

    @abstractmethod
    def root(self) -> Node:
        """The root directory."""

    @abstractmethod
    def lookup(self, directory: Node, name: str) -> Node | None:
        """The node of that name in a directory; ``None`` where there is none."""

    @abstractmethod
    def names(self, directory: Node) -> list[str]:
        """The names in a directory, without ``.`` and ``..``."""

    @abstractmethod
    def content(self, node: Node, offset: int, length: int) -> bytes:
        """Bytes of a file, or of a symbolic link's target."""

    def find(self, path: str, follow: bool = True) -> Node | None:
        """The node at a path; ``None`` where there is none.

        Args:
            path: A path with ``/`` between its parts, taken from the root.
            follow: Whether a symbolic link at the path's end is followed.

        Raises:
            CorruptImageError: The path passes through more symbolic links than any honest tree has.
        """
        return resolve(
            path,
            start=lambda rest: (self.root(), rest),
            step=lambda node, name: self.lookup(node, name) if node.kind is Kind.DIRECTORY else None,
            link=lambda node: partial(self.target, node) if node.kind is Kind.SYMLINK else None,
            above=lambda _: "",
            follow=follow,
        )

    def target(self, link: Node) -> str:
        """Where a symbolic link leads."""
        if not 0 < link.size <= MAX_TARGET:
            raise CorruptImageError(f"a symbolic link of {link.size} bytes")
        return self.content(link, 0, link.size).split(b"\0", 1)[0].decode("utf-8", "surrogateescape")

    def read(self, path: str, limit: int = SMALL_FILE) -> bytes | None:
        """The first ``limit`` bytes of the file at a path; ``None`` where there is no file."""
        node = self.find(path)
        if node is None or node.kind is not Kind.FILE:
            return None
        return self.content(node, 0, min(node.size, limit))

    def list(self, path: str) -> list[str]:
        """The names in the directory at a path, sorted; none where there is no directory."""
        node = self.find(path)
        return sorted(self.names(node)) if node is not None and node.kind is Kind.DIRECTORY else []

    def exists(self, path: str) -> bool:
        """Whether the path leads to anything."""
        return self.find(path) is not None
