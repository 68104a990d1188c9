"""What a file is, held against what it was said to be."""

from __future__ import annotations

from vmie_images.containers.container import Container
from vmie_images.findings import FindingLog
from vmie_images.inspected import InspectedDisk

SUFFIX_FORMATS = {"ova": "OVA", "vmdk": "VMDK", "vhd": "VHD", "vhdx": "VHDX", "raw": "RAW", "img": "RAW"}
"""The format that a key's suffix (lower case, without its dot) stands for."""


def format_of_name(name: str) -> str | None:
    """The format that a file's name promises; ``None`` where it promises none."""
    return SUFFIX_FORMATS.get(name.rpartition(".")[2].lower())


def compare(container: Container, disks: list[InspectedDisk], expected: str | None, log: FindingLog) -> None:
    """Report a file that is not what it was declared as.

    Args:
        container: The file, recognised.
        disks: Its disks.
        expected: The declared format, in any case; ``None`` where nothing was declared.
        log: The findings about this file.
    """
    if expected is None or container.format == expected.upper() or container.format in ("empty", "unknown"):
        return
    if log.has("UnsupportedFormat", "CompressedFile"):
        return
    if container.format == "RAW" and disks:
        if not _looks_like_a_disk(disks[0]):
            log.drop("RawSizeNotSectors", "NoPartitionTable")
            log.add(
                "FormatUnrecognised", f"a file declared as {expected.upper()} without that format's marks"
            )
            disks[0].table = None
            return
        if expected.upper() == "VHD":
            log.add("VhdTruncated", "no footer at the file's end; what there is reads as a raw disk")
            return
    # A fixed VHD is a raw disk with a footer behind it: nobody has recorded that it fails as one.
    alike = expected.upper() == "RAW" and (container.format, container.subtype) == ("VHD", "fixed")
    log.doubting(alike).add(
        "FormatMismatch", f"the file is {container.format}, declared as {expected.upper()}"
    )


def _looks_like_a_disk(disk: InspectedDisk) -> bool:
    return disk.table is not None and (disk.table.scheme is not None or disk.table.whole_disk)
