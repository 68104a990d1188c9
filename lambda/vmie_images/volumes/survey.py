"""Which volumes the disks hold, and which of them can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.filesystems.btrfs import Btrfs
from vmie_images.filesystems.btrfs_trees import BtrfsTrees
from vmie_images.filesystems.ext import Ext
from vmie_images.filesystems.fat import Fat
from vmie_images.filesystems.ntfs import Ntfs
from vmie_images.filesystems.probe import probe
from vmie_images.filesystems.tree import FileTree
from vmie_images.filesystems.xfs import Xfs
from vmie_images.findings import FindingLog
from vmie_images.partitions.table import PartitionTable
from vmie_images.ranges import RangeSource, Window
from vmie_images.volumes.lvm import LogicalVolume, PhysicalVolume, logical_volumes, open_physical_volume
from vmie_images.volumes.volume import Volume

MAX_VOLUMES = 64
"""Volumes of all disks that are looked at."""

_READERS: dict[str, Callable[[RangeSource], FileTree]] = {"ext": Ext, "XFS": Xfs, "NTFS": Ntfs, "FAT": Fat}


@dataclass(frozen=True)
class Disk:
    """A disk that can be read.

    Attributes:
        index: Its place among the machine's disks, from 0.
        name: Its name.
        data: Its content as the guest sees it.
        table: Its partition table.
        settled: Whether its file holds all that was written to the disk.
    """

    index: int
    name: str
    data: RangeSource
    table: PartitionTable
    settled: bool = True


def survey(disks: list[Disk], log: FindingLog) -> list[Volume]:
    """The volumes of all disks: partitions first, in order, then logical volumes.

    Args:
        disks: The disks.
        log: Receives what is wrong with the volumes.
    """
    volumes: list[Volume] = []
    for disk in disks:
        if disk.table.scheme is None:
            volumes.append(Volume(disk.name, disk.index, disk.data, settled=disk.settled))
        for partition in disk.table.partitions:
            if partition.start < disk.data.size:
                window = Window(disk.data, partition.start, partition.size)
                volumes.append(Volume(disk.name, disk.index, window, partition, settled=disk.settled))
    if len(volumes) > MAX_VOLUMES:
        log.add("InspectionIncomplete", f"{len(volumes)} partitions, of which {MAX_VOLUMES} were looked at")
        volumes = volumes[:MAX_VOLUMES]
    for volume in volumes:
        _open(volume, log)
    logical = _logical_volumes(volumes, log)
    for volume in logical[:MAX_VOLUMES]:
        _open(volume, log)
    return volumes + logical[:MAX_VOLUMES]


def _open(volume: Volume, log: FindingLog) -> None:
    log = log.for_disk(volume.disk).doubting(not volume.settled)
    try:
        volume.kind = probe(volume.data)
        if volume.kind == "btrfs":
            volume.btrfs = BtrfsTrees(volume.data)
            volume.tree = Btrfs(volume.btrfs)
        elif volume.kind in _READERS:
            volume.tree = _READERS[volume.kind](volume.data)
    except CorruptImageError as error:
        volume.problem = error.found
        log.add(error.code or "FileSystemDamaged", f"{volume.described} ({volume.kind}): {error.found}")
    except UnreadableLayoutError as error:
        volume.problem = str(error)
        log.add("FileSystemUnreadable", f"{volume.described}: {error}")
    if volume.encrypted:
        log.add("EncryptedVolume", f"{volume.described} is encrypted with {volume.kind}")
    if volume.kind in ("mdraid", "ZFS", "ReiserFS", "JFS"):
        log.add("FileSystemUnreadable", f"{volume.described} holds {volume.kind}")
    if volume.tree is not None and not volume.tree.clean:
        log.add("FileSystemNotClean", f"{volume.described} ({volume.tree.name})")


def _logical_volumes(volumes: list[Volume], log: FindingLog) -> list[Volume]:
    holders, physical = [], list[PhysicalVolume]()
    for volume in volumes:
        if volume.kind == "LVM":
            try:
                physical.append(open_physical_volume(volume.data))
                holders.append(volume)
            except CorruptImageError as error:
                log.for_disk(volume.disk).add("LvmDamaged", f"{volume.described}: {error.found}")
    if not physical:
        return []
    found = []
    for logical in _read(physical, holders[0], log):
        own = [volume for volume in holders if volume.data in logical.sources] or holders
        if logical.data is None:
            code = "LvmIncomplete" if logical.incomplete else "LvmUnreadable"
            log.for_disk(own[0].disk).add(
                code, f"logical volume {logical.group}/{logical.name}: {logical.reason}"
            )
        else:
            found.append(
                Volume(
                    own[0].disk,
                    own[0].disk_index,
                    logical.data,
                    mapper=(logical.group, logical.name),
                    mapper_uuid=logical.identifier,
                    spans=tuple(sorted({volume.disk_index for volume in own})),
                    settled=all(volume.settled for volume in own),
                )
            )
    return found


def _read(physical: list[PhysicalVolume], first: Volume, log: FindingLog) -> list[LogicalVolume]:
    try:
        return logical_volumes(physical)
    except CorruptImageError as error:
        log.for_disk(first.disk).add("LvmDamaged", error.found)
        return []
