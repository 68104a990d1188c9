"""The entries of XFS directories."""

from __future__ import annotations

from collections.abc import Iterator

from vmie_images.budget import work
from vmie_images.fields import number, unpack

LEAF_OFFSET = 32 << 30
"""Where a directory's index starts; its entries lie before."""
_BLOCK_FORM = (b"XD2B", b"XDB3")
_DATA_FORM = (b"XD2D", b"XDD3")
_VERSION_5 = (b"XDB3", b"XDD3")


def short_form(fork: bytes, typed: bool) -> dict[str, int]:
    """The inodes, by their names, in a directory that fits into its inode."""
    count, wide = unpack(">BB", fork)
    layout, width = (">Q", 8) if wide else (">I", 4)
    at, entries = 2 + width, dict[str, int]()
    for _ in range(wide or count):
        length = number(">B", fork, at)
        end = at + 3 + length
        inode = number(layout, fork, end + typed)
        entries.setdefault(fork[at + 3 : end].decode("utf-8", "surrogateescape"), inode)
        at = end + typed + width
    return entries


def block_entries(data: bytes, typed: bool) -> Iterator[tuple[str, int]]:
    """Name and inode of each entry of a directory's block; none where it holds no entries."""
    magic = data[:4]
    if magic not in _BLOCK_FORM + _DATA_FORM:
        return
    at, end = 64 if magic in _VERSION_5 else 16, len(data)
    if magic in _BLOCK_FORM:
        end -= 8 + 8 * number(">I", data, len(data) - 8)
    while at + 12 <= end:
        work()
        if data[at : at + 2] == b"\xff\xff":
            free = number(">H", data, at + 2)
            if free < 8:
                break
            at += free
            continue
        inode, length = unpack(">QB", data, at)
        name = data[at + 9 : at + 9 + length].decode("utf-8", "surrogateescape")
        if name not in (".", ".."):
            yield name, inode
        # Inode, length, name, type and a tag of two bytes, rounded up to eight.
        at += (9 + length + typed + 2 + 7) // 8 * 8
