"""What a file is by its first and last bytes."""

from __future__ import annotations

import re

from vmie_images.partitions.mbr import records
from vmie_images.ranges import RangeSource

HEAD = 4096

_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"KDMV", "VMDK"),
    (b"COWD", "VMDK"),
    (b"\xbe\xba\xfe\xca\0\0\0\0", "VMDK"),
    (b"vhdxfile", "VHDX"),
    (b"conectix", "VHD"),
    (b"QFI\xfb", "QCOW2"),
    (b"QED\0", "QED image"),
    (b"WithoutFreeSpace", "Parallels image"),
    (b"WithouFreSpacExt", "Parallels image"),
    (b"\x1f\x8b\x08", "gzip archive"),
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"\xfd7zXZ\0", "xz archive"),
    (b"BZh", "bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"\x04\x22\x4d\x18", "lz4 archive"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"MSWIM\0\0\0", "WIM image"),
    (b"EVF\x09\x0d\x0a\xff\0", "EWF image"),
    (b"\x7fELF", "ELF program"),
    (b"MZ", "Windows program"),
    (b"%PDF-", "PDF document"),
    (b"hsqs", "squashfs image"),
    (b"LUKS\xba\xbe", "RAW"),
)
ARCHIVES = frozenset(name for _, name in _AT_START if name.endswith(" archive"))
"""Names of the compressed files and archives among the formats."""
DISK_FILLING = frozenset({"ISO 9660 image", "squashfs image"})
"""File systems without partitions that are written to disks as they are: whether such a file is a disk, only
whoever declares it as raw can say. With a partition table it is one, as installation media often are."""

_DESCRIPTOR = re.compile(rb"\s*# *disk *descriptor *file", re.IGNORECASE)
_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml|!doctype|html)", re.IGNORECASE)


def signature(source: RangeSource) -> str | None:
    """The format that the file's own marks name, ``None`` where there are none.

    A boot sector counts as no mark: it says that a raw disk is plausible, which the partition table shows
    better.
    """
    if source.size == 0:
        return "empty"
    head = source.read(0, HEAD)
    partitioned = bool(records(head[:512]))
    for magic, name in _AT_START:
        if not head.startswith(magic) or (partitioned and name in DISK_FILLING):
            continue
        if not (magic == b"MZ" and head[510:512] == b"\x55\xaa"):
            return name
    return _elsewhere(source, head, partitioned) or _textual(head, source.size)


def _elsewhere(source: RangeSource, head: bytes, partitioned: bool) -> str | None:
    if head[64:68] == b"\x7f\x10\xda\xbe":
        return "VDI"
    if head[257:262] == b"ustar":
        return "OVA"
    tail = source.read(max(0, source.size - 512), 512)
    if tail.startswith(b"conectix") or tail[1:9] == b"conectix":
        return "VHD"
    if tail.startswith(b"koly"):
        return "Apple disk image"
    if not partitioned and source.read(0x8001, 5) == b"CD001":
        return "ISO 9660 image"
    return None


def _textual(head: bytes, size: int) -> str | None:
    if _DESCRIPTOR.match(head):
        return "VMDK"
    if head.startswith(b"version https://git-lfs"):
        return "Git LFS pointer"
    if _MARKUP.match(head):
        return "OVF descriptor" if b"ovf/envelope" in head else "XML or HTML document"
    try:
        # A character may be cut in two where the file goes on.
        words = head.decode("utf-8") if size <= HEAD else head[:-4].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return None
    printable = sum(character.isprintable() or character in "\r\n\t\f" for character in words)
    whole = len(words.encode("utf-8")) >= min(size, HEAD) - 8
    return "text file" if words and whole and printable == len(words) else None
