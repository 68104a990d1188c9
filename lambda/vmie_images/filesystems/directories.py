"""Directories that were read, so that no look-up reads and parses one again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from typing import Generic, TypeVar

MAX_ENTRIES = 16 * 1024
"""Entries of the directories that are kept; one with more is not, for a disk may hold dozens of volumes."""

Entries = TypeVar("Entries", bound=Sized)


class Directories(Generic[Entries]):
    """The entries of the directories used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Entries] = OrderedDict()
        self._entries = 0

    def of(self, key: Hashable, read: Callable[[], Entries]) -> Entries:
        """The entries of a directory.

        Args:
            key: What tells it from others.
            read: Reads and parses it.
        """
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        entries = self._kept[key] = read()
        # An empty directory counts too, or there would be no end of them.
        self._entries += 1 + len(entries)
        while self._entries > MAX_ENTRIES:
            self._entries -= 1 + len(self._kept.popitem(last=False)[1])
        return entries
