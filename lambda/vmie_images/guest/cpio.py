"""The names in a cpio archive ("newc"), fed piece by piece, without keeping its content.

Source: the Linux kernel's "initramfs buffer format" (Documentation/driver-api/early-userspace).
"""

from __future__ import annotations

import re

HEADER = 110
MAX_NAME = 4096
TRAILER = "TRAILER!!!"
_FIELDS = re.compile(rb"07070[12][0-9A-Fa-f]{104}")


class CpioNames:
    """Collects the names of an archive's members.

    Attributes:
        names: The names so far; after the archive's end none are added.
        ended: Whether the archive's end was seen.
        damaged: Whether something else came where a member should begin.
        consumed: Bytes of the archive up to the last whole member.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ended = False
        self.damaged = False
        self.consumed = 0
        self._pending = b""
        self._skip = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the archive."""
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._pending += data[skipped:]
        while not (self.ended or self.damaged or self._skip) and self._member():
            pass

    def _member(self) -> bool:
        """Take a whole member off the pending bytes, or remember how much of it is still to come."""
        header = self._pending[:HEADER]
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
        if len(self._pending) < content:
            return False
        name = self._pending[HEADER : HEADER + name_size - 1].decode("utf-8", "replace")
        end = content + (size + 3) // 4 * 4
        self.consumed += end
        self.ended = name == TRAILER
        if not self.ended:
            self.names.append(name)
        self._skip = max(0, end - len(self._pending))
        self._pending = self._pending[end:]
        return True
