"""The names in a cpio archive ("newc"), fed piece by piece, without keeping its content.

Source: the Linux kernel's "initramfs buffer format" (Documentation/driver-api/early-userspace).
"""

from __future__ import annotations

import re

from vmie_images.budget import work

HEADER = 110
MAX_NAME = 4096
MAX_NAMES = 16 << 20
"""Characters of all names that are kept, and 64 for each of them: some 150,000 of usual ones."""
TRAILER = "TRAILER!!!"
_FIELDS = re.compile(rb"07070[12][0-9A-Fa-f]{104}")


class CpioNames:
    """Collects the names of an archive's members.

    Attributes:
        names: The names so far; after the archive's end none are added, and none behind ``MAX_NAMES``
            characters of them.
        ended: Whether the archive's end was seen.
        damaged: Whether something else came where a member should begin.
        cut: Whether there were more names than are kept.
        consumed: Bytes of the archive up to the last whole member.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ended = False
        self.damaged = False
        self.cut = False
        self.consumed = 0
        self._pending = b""
        self._at = 0
        self._skip = 0
        self._characters = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the archive."""
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        # What was taken off is dropped once for all members of a piece, which each would copy whole.
        self._pending = self._pending[self._at :] + data[skipped:]
        self._at = 0
        while not (self.ended or self.damaged or self._skip) and self._member():
            work()

    def _member(self) -> bool:
        """Take a whole member off the pending bytes, or remember how much of it is still to come."""
        header = self._pending[self._at : self._at + HEADER]
        if len(header) < HEADER:
            return False
        if not _FIELDS.fullmatch(header):
            self.damaged = True
            return False
        size, name_size = int(header[54:62], 16), int(header[94:102], 16)
        if not 0 < name_size <= MAX_NAME:
            self.damaged = True
            return False
        content = (HEADER + name_size + 3) // 4 * 4
        pending = len(self._pending) - self._at
        if pending < content:
            return False
        start = self._at + HEADER
        name = self._pending[start : start + name_size - 1].decode("utf-8", "replace")
        end = content + (size + 3) // 4 * 4
        self.consumed += end
        self.ended = name == TRAILER
        if not self.ended:
            self._keep(name)
        self._skip = max(0, end - pending)
        self._at += min(end, pending)
        return True

    def _keep(self, name: str) -> None:
        self._characters += 64 + len(name)
        self.cut = self.cut or self._characters > MAX_NAMES
        if not self.cut:
            self.names.append(name)
