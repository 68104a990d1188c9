"""File contents as the kernel reads them, held against the inspection's readers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from vmie_images.filesystems.tree import FileTree, Kind, Node

_PIECE = 4 << 20


def compare_files(top: Path, tree: FileTree) -> tuple[int, list[str]]:
    """Compare every file and symbolic link below a mounted file system's top.

    Args:
        top: Where the kernel has it mounted.
        tree: The same file system, read by the inspection.

    Returns:
        How many were compared, and what differs.
    """
    count, different = 0, list[str]()
    pending: list[tuple[str, Node]] = [("", tree.root())]
    while pending:
        path, node = pending.pop()
        folder = top / path
        if os.path.ismount(folder) and path:
            continue
        theirs = {entry.name: entry for entry in os.scandir(folder)}
        ours = {name for name in tree.names(node) if not (name.startswith("$") and not path)}
        if set(theirs) != ours:
            odd = sorted(set(theirs) ^ ours)[:3]
            different.append(f"/{path}: the names {', '.join(odd)} are in one of the two listings only")
        for name in sorted(set(theirs) & ours):
            count += 1
            found = tree.lookup(node, name)
            inside = f"{path}/{name}".lstrip("/")
            reason = (
                "it is listed, and not found" if found is None else _difference(theirs[name], tree, found)
            )
            if reason:
                different.append(f"/{inside}: {reason}")
            elif found is not None and found.kind is Kind.DIRECTORY:
                pending.append((inside, found))
    return count, different


def _difference(theirs: os.DirEntry[str], tree: FileTree, ours: Node) -> str | None:
    if theirs.is_symlink():
        target = str(Path(theirs.path).readlink())
        same = ours.kind is Kind.SYMLINK and tree.target(ours) == target
        return None if same else f"its target should be {target!r}"
    if theirs.is_dir(follow_symlinks=False):
        return None if ours.kind is Kind.DIRECTORY else "it should be a directory"
    if not theirs.is_file(follow_symlinks=False):
        return None if ours.kind is Kind.OTHER else "it should be neither file nor directory"
    if ours.kind is not Kind.FILE:
        return "it should be a file"
    with Path(theirs.path).open("rb") as file:
        expected = hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for piece in _pieces(tree, ours):
        digest.update(piece)
    return None if digest.hexdigest() == expected else "its content differs"


def _pieces(tree: FileTree, node: Node) -> Iterator[bytes]:
    for offset in range(0, node.size, _PIECE):
        yield tree.content(node, offset, _PIECE)
