"""What a volume holds, by its marks."""

from __future__ import annotations

from vmie_images.fields import number
from vmie_images.ranges import RangeSource

_MD_MAGIC = b"\xfc\x4e\x2b\xa9"
_BITLOCKER_TO_GO = bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")
_KIB = 1 << 10
_HEAD = 4096
_SUPERBLOCKS = 68 * _KIB
"""Bytes at a volume's start that the superblocks of all kinds but ZFS lie in."""

ENCRYPTED = frozenset({"LUKS", "BitLocker"})
"""Kinds whose content cannot be read without a key."""


def probe(volume: RangeSource) -> str | None:
    """The kind of file system or volume: ``ext``, ``XFS``, ``btrfs``, ``NTFS``, ``FAT``, ``LVM``, ... or
    ``None``."""
    kind = _by_head(volume.read(0, _HEAD))
    if kind is not None:
        return kind
    start = volume.read(0, _SUPERBLOCKS)
    return _by_superblock(start) or _by_structure(volume, start)


def _by_head(head: bytes) -> str | None:
    if head.startswith((b"LUKS\xba\xbe", b"SKUL\xba\xbe")):
        return "LUKS"
    if head[3:11] == b"-FVE-FS-" or (head[3:11] == b"MSWIN4.1" and head[424:440] == _BITLOCKER_TO_GO):
        return "BitLocker"
    if head[3:11] == b"NTFS    ":
        return "NTFS"
    if head[3:11] == b"EXFAT   ":
        return "exFAT"
    if head[1080:1082] == b"\x53\xef":
        return "ext"
    if head.startswith(b"XFSB"):
        return "XFS"
    if any(head[at : at + 8] == b"LABELONE" for at in range(0, 2048, 512)):
        return "LVM"
    if head[4086:4096] in (b"SWAPSPACE2", b"SWAP-SPACE"):
        return "swap"
    if head.startswith(_MD_MAGIC):
        return "mdraid"
    fat = head[82:87] == b"FAT32" or head[54:59] in (b"FAT12", b"FAT16")
    return "FAT" if fat and head[510:512] == b"\x55\xaa" else None


def _by_superblock(start: bytes) -> str | None:
    beyond = start[32 * _KIB :]
    if beyond[32 * _KIB + 64 : 32 * _KIB + 72] == b"_BHRfS_M":
        return "btrfs"
    if beyond.startswith(b"JFS1"):
        return "JFS"
    if beyond[32 * _KIB + 52 :].startswith((b"ReIsErFs", b"ReIsEr2Fs", b"ReIsEr3Fs")):
        return "ReiserFS"
    return "mdraid" if start[4096:4100] == _MD_MAGIC else None


def _by_structure(volume: RangeSource, start: bytes) -> str | None:
    # The uberblocks of a pool lie 128 KiB into its first label, in either byte order.
    uberblock = volume.read(128 * _KIB, 8)
    if len(uberblock) == 8 and 0x00BAB10C in (number("<Q", uberblock), number(">Q", uberblock)):
        return "ZFS"
    if any(start) and _ends_as_raid(volume):
        return "mdraid"
    if start[510:512] == b"\x55\xaa" and start[0] in (0xEB, 0xE9) and start[21] >= 0xF0:
        return "FAT"
    return None


def _ends_as_raid(volume: RangeSource) -> bool:
    """Version 1.0 is 8 KiB before the end, version 0.90 in the last whole 64 KiB but one."""
    places = ((volume.size - 8192) // 4096 * 4096, (volume.size // 65536 - 1) * 65536)
    first = min(places)
    if first <= 0:
        return False
    end = volume.read(first, volume.size - first)
    return any(end[place - first :].startswith(_MD_MAGIC) for place in places)
