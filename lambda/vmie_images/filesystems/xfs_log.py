"""Whether an XFS file system was unmounted, or its log holds changes that are not in their place yet.

Source: the "XFS Algorithms & Data Structures" of the XFS developers, "Journaling Log".
"""

from __future__ import annotations

from vmie_images.fields import number, unpack
from vmie_images.ranges import RangeSource

_BLOCK = 512
_MAGIC = 0xFEEDBABE
_UNMOUNTED = 0x20
_HEADER_COVERS = 32 * 1024
_WINDOW = 40 * 1024
"""Bytes of the log that are read: an unmount writes little behind the superblock's last change."""


def was_unmounted(volume: RangeSource, superblock: bytes, log_at: int) -> bool | None:
    """Whether the last record in the log says that the file system was unmounted.

    The superblock knows where in the log its own last change is; an unmount writes that, and comes right
    behind it. So a log that goes on for long behind it was not unmounted.

    Args:
        volume: The volume.
        superblock: Its first block.
        log_at: Where its log begins, in bytes.

    Returns:
        ``None`` where that cannot be told: a log may lie on a device of its own, and behind its end it
        goes on at its beginning.
    """
    blocks = number(">I", superblock, 96) * number(">I", superblock, 4) // _BLOCK
    cycle, block = unpack(">II", superblock, 240)
    if (cycle, block) == (0, 0):
        cycle = 1  # never changed since it was made: the log is at its first record
    if number(">Q", superblock, 48) == 0 or not 0 < cycle < 0xFFFFFFFF or block >= blocks:
        return None
    log = volume.read(log_at + block * _BLOCK, min(_WINDOW, (blocks - block) * _BLOCK))
    to_its_end = len(log) < _WINDOW
    at, last = 0, None
    while at + _BLOCK <= len(log):
        if unpack(">II", log, at) != (_MAGIC, cycle):
            return last
        version, length = unpack(">II", log, at + 8)
        headers = max(1, -(-number(">I", log, at + 320) // _HEADER_COVERS)) if version & 2 else 1
        operation = at + headers * _BLOCK
        if operation + 12 > len(log):
            break
        last = number(">I", log, at + 40) == 1 and bool(log[operation + 9] & _UNMOUNTED)
        at = operation + -(-length // _BLOCK) * _BLOCK
    return None if to_its_end else False
