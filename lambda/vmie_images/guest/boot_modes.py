"""In which boot modes the disks would boot a machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.errors import ImageError
from vmie_images.partitions.table import PartitionTable
from vmie_images.volumes.volume import Volume

FALLBACK_LOADER = "EFI/BOOT/BOOTX64.EFI"
"""What UEFI starts where no boot variable names a loader, as on a new EC2 instance."""
_FALLBACKS = {"BOOTX64.EFI": "x86_64", "BOOTAA64.EFI": "arm64", "BOOTIA32.EFI": "i386"}
MAX_VENDORS = 16


@dataclass
class BootSetup:
    """What the disks have to boot with.

    Attributes:
        modes: Of ``legacy-bios`` and ``uefi``, those in which a machine would find something to start.
        efi_system_partition: Whether there is one.
        loaders: The loaders on it, by their paths.
        fallback: Whether the fallback loader for x86-64 is among them.
        architectures: The machines that the fallback loaders are for.
    """

    modes: list[str] = field(default_factory=list)
    efi_system_partition: bool = False
    loaders: list[str] = field(default_factory=list)
    fallback: bool = False
    architectures: list[str] = field(default_factory=list)
    other_disks: list[int] = field(default_factory=list)
    """Numbers, from 2, of the further disks that hold boot code for a BIOS."""

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
                _list_loaders(setup, volume)
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


def _list_loaders(setup: BootSetup, volume: Volume) -> None:
    tree = volume.tree
    if tree is None:
        return
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
    setup.fallback = setup.fallback or "x86_64" in setup.architectures
