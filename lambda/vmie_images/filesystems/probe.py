"""What a volume holds, by its marks."""

from __future__ import annotations

from vmie_images.fields import number
from vmie_images.ranges import RangeSource

_MD_MAGIC = b"\xfc\x4e\x2b\xa9"
_BITLOCKER_TO_GO = bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")
_MIB = 1 << 20

ENCRYPTED = frozenset({"LUKS", "BitLocker"})
"""Kinds whose content cannot be read without a key."""


def probe(volume: RangeSource) -> str | None:
    """The kind of file system or volume: ``ext``, ``XFS``, ``btrfs``, ``NTFS``, ``FAT``, ``LVM``, ... or
    ``None``."""
    head = volume.read(0, 4096)
    return _by_head(head) or _by_structure(volume, head)


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


def _by_structure(volume: RangeSource, head: bytes) -> str | None:
    beyond = volume.read(32 * 1024, 64 * 1024)
    if beyond[32 * 1024 + 64 : 32 * 1024 + 72] == b"_BHRfS_M":
        return "btrfs"
    if beyond.startswith(b"JFS1"):
        return "JFS"
    if beyond[32 * 1024 + 52 :].startswith((b"ReIsErFs", b"ReIsEr2Fs", b"ReIsEr3Fs")):
        return "ReiserFS"
    if volume.read(4096, 4) == _MD_MAGIC:
        return "mdraid"
    # Version 1.0 is 8 KiB before the end, version 0.90 in the last whole 64 KiB but one.
    for at in ((volume.size - 8192) // 4096 * 4096, (volume.size // 65536 - 1) * 65536):
        if at > 0 and volume.read(at, 4) == _MD_MAGIC:
            return "mdraid"
    if _is_zfs(volume):
        return "ZFS"
    if len(head) >= 512 and head[510:512] == b"\x55\xaa" and head[0] in (0xEB, 0xE9) and head[21] >= 0xF0:
        return "FAT"
    return None


def _is_zfs(volume: RangeSource) -> bool:
    """The uberblocks of a pool lie 128 KiB into its first label, in either byte order."""
    uberblock = volume.read(128 * 1024, 8)
    return len(uberblock) == 8 and 0x00BAB10C in (number("<Q", uberblock), number(">Q", uberblock))
