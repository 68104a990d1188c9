"""What recognising a file yields."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.ranges import RangeSource

DISK_FORMATS = frozenset({"VMDK", "VHD", "VHDX", "RAW", "QCOW2"})
"""Formats whose files are disks; of these all but QCOW2 can be imported."""


@dataclass
class DiskImage:
    """One disk of a container.

    Attributes:
        name: The file's name; in an OVA the member's.
        format: ``VMDK``, ``VHD``, ``VHDX``, ``RAW``, ``QCOW2`` or what it is instead (``ISO 9660 image``,
            ...).
        subtype: The format's own term, such as ``streamOptimized``; ``None`` where there is none.
        stored_size: Bytes of the file.
        virtual_size: Bytes of the disk that the guest sees; ``None`` where unknown.
        data: The disk's content as the guest sees it; ``None`` where it cannot be read.
        sector_size: Bytes per logical sector.
        settled: Whether the file holds all that was written to the disk, and none of it waits in a log.
    """

    name: str
    format: str
    stored_size: int
    subtype: str | None = None
    virtual_size: int | None = None
    data: RangeSource | None = None
    sector_size: int = 512
    settled: bool = True


@dataclass(frozen=True)
class Machine:
    """What an OVF descriptor says about the machine.

    Attributes:
        name: The machine's name.
        operating_system: The descriptor's own term for the guest, such as ``debian12_64Guest``.
        firmware: ``bios`` or ``efi``; ``None`` where it does not say.
        network_adapters: How many it has.
        processors: How many it has; ``None`` where it does not say.
        memory_mib: Memory in MiB; ``None`` where it does not say.
    """

    name: str | None = None
    operating_system: str | None = None
    firmware: str | None = None
    network_adapters: int = 0
    processors: int | None = None
    memory_mib: int | None = None


@dataclass(frozen=True)
class Manifest:
    """The digests that an OVA brings along.

    Attributes:
        checked: Members whose digest was computed and compared.
        unchecked: Members that it lists and that were not read whole.
    """

    checked: tuple[str, ...]
    unchecked: tuple[str, ...]


@dataclass
class Container:
    """A file, recognised.

    Attributes:
        format: ``OVA``, the format of the one disk, or what the file is instead.
        subtype: The format's own term; ``None`` where there is none.
        stored_size: Bytes of the file.
        disks: The disks inside, in the order of the descriptor.
        machine: What an OVF descriptor says.
        manifest: What of an OVA's manifest was checked; ``None`` where it has none.
    """

    format: str
    stored_size: int
    subtype: str | None = None
    disks: list[DiskImage] = field(default_factory=list)
    machine: Machine | None = None
    manifest: Manifest | None = None

    @property
    def virtual_size(self) -> int | None:
        """Bytes of all disks together; ``None`` where one of them is unknown."""
        sizes = [disk.virtual_size for disk in self.disks]
        return sum(size for size in sizes if size is not None) if sizes and None not in sizes else None


def together(containers: list[Container]) -> Container:
    """Several files that make up one machine, as one; of the format ``mixed`` where theirs differ."""
    if len(containers) == 1:
        return containers[0]
    formats = {container.format for container in containers}
    subtypes = {container.subtype for container in containers}
    return Container(
        format=formats.pop() if len(formats) == 1 else "mixed",
        stored_size=sum(container.stored_size for container in containers),
        subtype=subtypes.pop() if len(subtypes) == 1 else None,
        disks=[disk for container in containers for disk in container.disks],
        machine=next((container.machine for container in containers if container.machine), None),
    )
