"""What can be wrong with the disk inside the file: partition tables and volumes."""

from __future__ import annotations

from vmie_images.catalogue.entry import DOUBTS, NONE, Entry, Severity, error, warning

_NO_PARTITIONS = 'ImportImage fails with "ClientError: No valid partitions. Not a valid volume.".'

PARTITIONS: dict[str, Entry] = {
    "RawSizeNotSectors": warning(
        "A raw disk is a whole number of 512-byte sectors; anything else was cut, or is not a disk. What the "
        "service says to it is not known.",
        "Compare its size with the original and upload it again; `qemu-img resize` rounds an image up.",
        snapshot=DOUBTS,
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
    "DataDiskWithoutPartitions": warning(
        "A further disk of the machine has no partitions. ImportImage is known to want a valid volume on the "
        "system's disk; what it says to such a data disk is not known.",
        "Leave an empty disk out and make an EBS volume instead; one that holds data without a partition "
        "table can be imported as a snapshot and attached.",
    ),
    "SystemNotOnBootDisk": warning(
        "An imported machine starts from its first disk, and may fail to boot where the system is on "
        "another.",
        "Name the disk that holds boot loader and system first, or move the system to it.",
        snapshot=DOUBTS,
        direct=DOUBTS,
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

VOLUMES: dict[str, Entry] = {
    "EncryptedVolume": error(
        "ImportImage cannot read an encrypted volume; the service accepts none.",
        "Decrypt the volume (BitLocker: `manage-bde -off C:`; LUKS: restore to a plain volume), and "
        "encrypt the "
        "EBS volumes instead (`Encrypted` of the request).",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "FileSystemDamaged": warning(
        "A file system whose structures contradict each other may fail during validation or at boot.",
        "Check it in the running guest (fsck, chkdsk), shut the guest down and export it again.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "FileSystemUnreadable": warning(
        "The inspection does not read this kind of volume; the service may.",
        "Nothing need be done if the guest follows the requirements of VM Import/Export.",
    ),
    "FileSystemNotClean": warning(
        "The guest was not shut down properly, or is still running: its journal holds changes that are not "
        "in their place yet. The inspection replays no journal, so that what it says may be out of date; the "
        "guest does at its first boot.",
        "Shut the guest down before it is exported.",
    ),
    "LvmDamaged": warning(
        'ImportImage fails with "ClientError: Unsupported configuration - Logical volume group activation '
        'failed" where a volume group cannot be activated.',
        "Check it in the running guest (`vgck`), and export every disk of the group.",
    ),
    "LvmIncomplete": warning(
        "A logical volume lies on a physical volume that is on none of the disks. The import may fail with "
        '"ClientError: Unsupported configuration - Logical volume group activation failed".',
        "Export every disk of the volume group together, and name them all in one request.",
    ),
    "LvmUnreadable": warning(
        "The inspection reads linear logical volumes, no striped, mirrored or thin ones; the service may.",
        "Nothing need be done if every disk of the volume group is exported.",
    ),
}

DISK_FINDINGS = PARTITIONS | VOLUMES
