"""What an inspection reads and what it found out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vmie_images.budget import Cost
from vmie_images.containers.container import Container, DiskImage, together
from vmie_images.document import inspection_document
from vmie_images.findings import Finding, Verdict, verdicts
from vmie_images.guest.guest import Guest
from vmie_images.partitions.table import PartitionTable
from vmie_images.ranges import RangeSource
from vmie_images.verdict.recommendation import Recommendation, recommend
from vmie_images.volumes.volume import Volume


@dataclass(frozen=True)
class ImageFile:
    """A file that holds one disk of a machine, or (an OVA) all of them.

    Attributes:
        source: The file or object.
        name: Its name; it names the disk in the document and opens nothing.
        expected: The format that the request or the key's suffix declares: ``OVA``, ``VMDK``, ``VHD``,
            ``VHDX`` or ``RAW``, in any case. Default: the format that the suffix of ``name`` stands for.
        checksum: The checksum that the store keeps of the file, as ``ALGORITHM:value``; it is recorded.
    """

    source: RangeSource
    name: str
    expected: str | None = None
    checksum: str | None = None


@dataclass
class InspectedDisk:
    """A disk of the machine.

    Attributes:
        image: The disk.
        table: Its partition table; ``None`` where there is no disk content to read.
        number: Its place among the disks of all files, from 1.
        file: The name of the file that holds it.
    """

    image: DiskImage
    table: PartitionTable | None = None
    number: int = 1
    file: str = ""


@dataclass
class Inspection:
    """What an inspection found out.

    Attributes:
        files: The files, in the order they were given, by names that differ.
        containers: The files, recognised.
        disks: The disks of all files.
        volumes: Partitions and logical volumes of all disks.
        guest: The guest; ``None`` where none was found.
        findings: What is wrong or doubtful, worst first.
        cost: What the inspection spent.
    """

    files: list[ImageFile]
    containers: list[Container]
    disks: list[InspectedDisk] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    guest: Guest | None = None
    findings: list[Finding] = field(default_factory=list)
    cost: Cost = field(default_factory=lambda: Cost(0, 0, 0.0))

    @property
    def container(self) -> Container:
        """The file; several files as one."""
        return together(self.containers)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each method of import: ``image``, ``snapshot``, ``direct``."""
        return verdicts(self.findings)

    @property
    def recommendation(self) -> Recommendation:
        """The method and the parameters to import it with."""
        return recommend(self.container, self.guest, self.verdicts)

    def to_document(self) -> dict[str, Any]:
        """The document that a result holds and the command prints: JSON types only, sizes in bytes."""
        return inspection_document(self)
