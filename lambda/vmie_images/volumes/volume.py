"""A volume: a partition, a logical volume, or a whole disk without a partition table."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_images.filesystems.btrfs_trees import BtrfsTrees
from vmie_images.filesystems.probe import ENCRYPTED
from vmie_images.filesystems.tree import FileTree
from vmie_images.partitions.partition import Partition
from vmie_images.ranges import RangeSource


@dataclass
class Volume:
    """What may hold a file system.

    Attributes:
        disk: The disk's name; of a logical volume the first disk's.
        disk_index: The disk's place among the disks, from 0.
        data: Its bytes.
        partition: The partition; ``None`` for a logical volume or a whole disk.
        mapper: Volume group and name of a logical volume.
        mapper_uuid: What the device mapper calls a logical volume: the ids of its group and its own.
        kind: What it holds, as ``probe`` names it; ``None`` where nothing is known.
        tree: Its file system, where it can be read.
        btrfs: The trees of a btrfs file system.
        problem: Why its file system cannot be read.
        spans: The places of all disks that a logical volume lies on; empty for what lies on one disk.
        settled: Whether the disks below hold all that was written to them.
    """

    disk: str
    disk_index: int
    data: RangeSource
    partition: Partition | None = None
    mapper: tuple[str, str] | None = None
    kind: str | None = None
    tree: FileTree | None = None
    btrfs: BtrfsTrees | None = None
    problem: str | None = None
    spans: tuple[int, ...] = ()
    settled: bool = True
    mapper_uuid: str | None = None

    @property
    def clean(self) -> bool:
        """Whether what is read from it is what was written last: no journal or log waits to be replayed."""
        return self.settled and (self.tree is None or self.tree.clean)

    @property
    def described(self) -> str:
        """How a finding names it."""
        if self.mapper:
            return f"logical volume {self.mapper[0]}/{self.mapper[1]}"
        return f"partition {self.partition.number}" if self.partition else "the disk"

    @property
    def encrypted(self) -> bool:
        """Whether its content is encrypted as a whole."""
        return self.kind in ENCRYPTED

    @property
    def filesystem(self) -> str | None:
        """Its file system as people call it (``ext4``, ``XFS``, ...), or what else it holds."""
        return self.tree.name if self.tree else self.kind

    def mirrors(self, other: Volume) -> bool:
        """Whether it holds the file system that another volume holds too, as the halves of a mirror do."""
        own, others = (volume.tree.uuid if volume.tree else None for volume in (self, other))
        return own is not None and own == others

    def answers_to(self, device: str) -> bool:
        """Whether ``/etc/fstab`` or a boot loader means this volume by a device, ``UUID=`` or ``LABEL=``."""
        key, equals, value = device.partition("=")
        value = value.strip('"')
        if not equals:
            return self._is_device(device)
        if key in ("UUID", "LABEL"):
            own = (self.tree.uuid if key == "UUID" else self.tree.label) if self.tree else None
        elif key in ("PARTUUID", "PARTLABEL"):
            own = (
                (self.partition.uuid if key == "PARTUUID" else self.partition.name)
                if self.partition
                else None
            )
        else:
            return False
        return own is not None and own.lower() == value.lower()

    def _is_device(self, device: str) -> bool:
        for folder, key in _BY_NAME.items():
            if device.startswith(folder):
                return self.answers_to(f"{key}={device.removeprefix(folder)}")
        if self.mapper:
            group, name = self.mapper
            if device.startswith(_BY_MAPPER_ID):
                return device.removeprefix(_BY_MAPPER_ID) == self.mapper_uuid
            doubled = f"{group.replace('-', '--')}-{name.replace('-', '--')}"
            return device in (f"/dev/{group}/{name}", f"/dev/mapper/{doubled}")
        place = _place_of(device)
        return place == (self.disk_index, self.partition.number if self.partition else 0)


_BY_MAPPER_ID = "/dev/disk/by-id/dm-uuid-LVM-"
"""How Ubuntu's installer names logical volumes in /etc/fstab."""
_BY_NAME = {
    "/dev/disk/by-uuid/": "UUID",
    "/dev/disk/by-label/": "LABEL",
    "/dev/disk/by-partuuid/": "PARTUUID",
    "/dev/disk/by-partlabel/": "PARTLABEL",
}


def _place_of(device: str) -> tuple[int, int] | None:
    """Disk (from 0) and partition (0 for the whole disk) that ``/dev/sda1`` and its like mean."""
    name = device.removeprefix("/dev/")
    for prefix in ("sd", "vd", "xvd", "hd"):
        rest = name.removeprefix(prefix)
        if rest != name and rest and rest[0].isalpha() and rest[0].isascii():
            number = rest[1:]
            if not number or (number.isascii() and number.isdigit() and len(number) < 4):
                return ord(rest[0]) - ord("a"), int(number or 0)
    return None
