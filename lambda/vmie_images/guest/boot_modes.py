"""In which boot modes the disks would boot a machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.errors import ImageError
from vmie_images.filesystems.tree import FileTree
from vmie_images.partitions.table import PartitionTable
from vmie_images.volumes.volume import Volume

_FALLBACKS = {"BOOTX64.EFI": "x86_64", "BOOTAA64.EFI": "arm64", "BOOTIA32.EFI": "i386"}
MAX_VENDORS = 16
_START = 4096


def fallback_loader(machine: str | None) -> str:
    """What UEFI starts where no boot variable names a loader, as on a new EC2 instance.

    Args:
        machine: The guest's architecture. EC2's firmware for 32-bit guests is that of 64-bit ones.
    """
    return "EFI/BOOT/BOOTAA64.EFI" if machine == "arm64" else "EFI/BOOT/BOOTX64.EFI"


@dataclass
class BootSetup:
    """What the disks have to boot with.

    Attributes:
        modes: Of ``legacy-bios`` and ``uefi``, those in which an x86 machine would find something to start.
        efi_system_partition: Whether there is one.
        loaders: The loaders on it, by their paths.
        fallback: Whether the fallback loader for x86-64 is among them.
        architectures: The machines that the fallback loaders are for.
        unread: The EFI system partitions that could not be read, and why.
    """

    modes: list[str] = field(default_factory=list)
    efi_system_partition: bool = False
    loaders: list[str] = field(default_factory=list)
    fallback: bool = False
    architectures: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    other_disks: list[int] = field(default_factory=list)
    """Numbers, from 2, of the further disks that hold boot code for a BIOS."""

    def modes_for(self, machine: str | None) -> list[str]:
        """The modes in which a machine of an architecture would find something to start.

        Args:
            machine: The architecture; of one that is not known every loader may be the right one.
        """
        by_arm = ["uefi"] if "arm64" in self.architectures else []
        if machine == "arm64":
            return by_arm
        return list(self.modes) or ([] if machine else by_arm)

    @property
    def absence(self) -> str:
        """What is missing where nothing would start."""
        missing = "neither boot code in the first sector nor an EFI system partition with a loader"
        if not self.other_disks:
            return missing
        listed = " and ".join(f"disk {number}" for number in self.other_disks)
        return f"on the first disk {missing}; there is boot code on {listed}: name that disk first"


def read_boot_setup(tables: list[PartitionTable], volumes: list[Volume]) -> BootSetup:
    """Look for boot code on the first disk, and for loaders on EFI system partitions."""
    setup = BootSetup()
    for volume in volumes:
        if volume.partition and volume.partition.type == "EFI system":
            setup.efi_system_partition = True
            if volume.tree is not None:
                _list_loaders(setup, volume, volume.tree)
            elif volume.kind is not None or any(volume.data.read(0, _START)):
                reason = volume.problem or f"it holds {volume.kind or 'no known file system'}"
                setup.unread.append(f"{volume.described}: {reason}")
    if tables and _boots_by_bios(tables[0]):
        setup.modes.append("legacy-bios")
    setup.other_disks = [number for number, table in enumerate(tables[1:], 2) if _boots_by_bios(table)]
    if setup.fallback:
        setup.modes.append("uefi")
    return setup


def _boots_by_bios(table: PartitionTable) -> bool:
    """Code in the first sector; in a GPT it also needs the partition that holds the rest of the boot
    loader."""
    if not table.boot_code:
        return False
    if table.scheme == "GPT":
        return any(part.type == "BIOS boot" or part.active for part in table.partitions) or table.hybrid
    return table.scheme == "MBR"


def _list_loaders(setup: BootSetup, volume: Volume, tree: FileTree) -> None:
    try:
        for vendor in tree.list("/EFI")[:MAX_VENDORS]:
            for name in tree.list(f"/EFI/{vendor}"):
                if name.lower().endswith(".efi"):
                    setup.loaders.append(f"EFI/{vendor}/{name}")
                architecture = _FALLBACKS.get(name.upper())
                if vendor.upper() == "BOOT" and architecture:
                    setup.architectures.append(architecture)
        setup.loaders += [
            f"EFI/{vendor}/Boot/{name}"
            for vendor in ("Microsoft",)
            for name in tree.list(f"/EFI/{vendor}/Boot")
            if name.lower() == "bootmgfw.efi"
        ]
    except ImageError as error:
        volume.problem = str(error)
        setup.unread.append(f"{volume.described}: {error}")
    setup.fallback = setup.fallback or "x86_64" in setup.architectures
