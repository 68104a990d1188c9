"""What can be wrong with the disk inside the file: partition tables and volumes."""

from __future__ import annotations

from vmie_images.catalogue.entry import DOUBTS, NONE, Entry, Severity, error, warning

_NO_PARTITIONS = 'ImportImage fails with "ClientError: No valid partitions. Not a valid volume.".'

DISK_FINDINGS: dict[str, Entry] = {
    "RawSizeNotSectors": error(
        "A raw disk is a whole number of 512-byte sectors; anything else was cut, or is not a disk.",
        "Compare its size with the original and upload it again; `qemu-img resize` rounds an image up.",
        direct=DOUBTS,
    ),
    "NoPartitionTable": error(
        _NO_PARTITIONS,
        "Import a disk with an MBR or GPT; a data disk without one can be imported as a snapshot.",
        snapshot=NONE,
        direct=NONE,
    ),
    "NoPartitions": error(
        _NO_PARTITIONS,
        "Import the disk that holds the operating system; an empty disk need not be imported.",
        snapshot=NONE,
        direct=NONE,
    ),
    "PartitionBeyondEnd": error(
        "A partition reaches beyond the disk's end: the image was cut, or was shrunk without its file "
        "systems.",
        "Upload it again, or enlarge the image to its former size (`qemu-img resize`).",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "PartitionsOverlap": warning(
        "Two partitions claim the same sectors.",
        "Check the table with fdisk or gdisk.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "GptDamaged": error(
        _NO_PARTITIONS + " Neither copy of the GUID partition table is intact.",
        "Repair it with gdisk (recovery menu), or export the disk again.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "GptOneCopy": Entry(
        Severity.WARNING,
        "One of the two copies of the GUID partition table is damaged or missing, as after a resize or a "
        "cut.",
        "Let gdisk rewrite both (`sgdisk -e DISK`).",
        image=DOUBTS,
    ),
    "MbrExtendedDamaged": warning(
        "The chain of logical partitions breaks off; those behind the break are invisible.",
        "Check the table with fdisk.",
    ),
}
