"""One inspection, from a file to its document."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vmie_images.containers.container import Container, DiskImage
from vmie_images.containers.recognition import recognise
from vmie_images.errors import BudgetExceededError, CorruptImageError
from vmie_images.findings import Finding, FindingLog, Verdict, verdicts
from vmie_images.partitions.table import PartitionTable, read_table
from vmie_images.ranges import RangeSource
from vmie_images.reader import Budget, Cost, RangeReader

SUFFIX_FORMATS = {"ova": "OVA", "vmdk": "VMDK", "vhd": "VHD", "vhdx": "VHDX", "raw": "RAW", "img": "RAW"}
"""The format that a key's suffix (lower case, without its dot) stands for."""


@dataclass
class InspectedDisk:
    """A disk and what is on it."""

    image: DiskImage
    table: PartitionTable | None = None

    def to_document(self) -> dict[str, Any]:
        """The disk as it stands in an inspection's document."""
        partitions = self.table.partitions if self.table else []
        return {
            "Name": self.image.name,
            "Container": {"Format": self.image.format, "Subtype": self.image.subtype},
            "VirtualSize": self.image.virtual_size,
            "StoredSize": self.image.stored_size,
            "PartitionTable": self.table.scheme if self.table else None,
            "Partitions": [
                {
                    "Number": partition.number,
                    "Type": partition.type,
                    "Start": partition.start,
                    "Size": partition.size,
                    "Filesystem": None,
                    "Label": partition.name,
                    "Encrypted": False,
                }
                for partition in partitions
            ],
        }


@dataclass
class Inspection:
    """What an inspection found out.

    Attributes:
        container: The file, recognised.
        disks: Its disks.
        findings: What is wrong or doubtful, worst first.
        cost: What the inspection spent.
    """

    container: Container
    disks: list[InspectedDisk] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    cost: Cost = field(default_factory=lambda: Cost(0, 0, 0.0))

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each method of import: ``image``, ``snapshot``, ``direct``."""
        return verdicts(self.findings)

    def to_document(self) -> dict[str, Any]:
        """The document that a result holds and the command prints: JSON types only, sizes in bytes."""
        return {
            "Container": {
                "Format": self.container.format,
                "Subtype": self.container.subtype,
                "VirtualSize": self.container.virtual_size,
                "StoredSize": self.container.stored_size,
            },
            "Disks": [disk.to_document() for disk in self.disks],
            "Guest": None,
            "Findings": [finding.to_document() for finding in self.findings],
            "Verdicts": {method: str(verdict) for method, verdict in self.verdicts.items()},
            "Recommendation": None,
            "Cost": {
                "Gets": self.cost.gets,
                "Bytes": self.cost.bytes,
                "Seconds": round(self.cost.seconds, 3),
            },
        }


def inspect_container(
    source: RangeSource,
    *,
    name: str,
    expected: str | None = None,
    budget: Budget | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Inspection:
    """Inspect a disk image.

    Args:
        source: The file or object.
        name: Its name; it names the disk in the document and opens nothing.
        expected: The format that the request or the key's suffix declares: ``OVA``, ``VMDK``, ``VHD``,
            ``VHDX`` or ``RAW``, in any case. Default: the format that the suffix of ``name`` stands for,
            if any.
        budget: What may be spent. Default: ``Budget()``.
        clock: Monotonic seconds. Default: ``time.monotonic``.

    Returns:
        The inspection. Whatever is wrong with the image is among its findings.

    Raises:
        OSError: The source could not be read; what a source of another kind raises passes unchanged.
    """
    reader = RangeReader(source, budget, clock)
    log = FindingLog()
    inspection = Inspection(Container("unknown", source.size), findings=log.findings)
    if expected is None:
        expected = SUFFIX_FORMATS.get(name.rpartition(".")[2].lower())
    try:
        inspection.container = recognise(reader, name, log)
        inspection.disks = [InspectedDisk(disk) for disk in inspection.container.disks]
        for disk in inspection.disks:
            _read_table(disk, log.for_disk(disk.image.name))
        _compare(inspection, expected, log)
    except BudgetExceededError as error:
        log.add("InspectionIncomplete", str(error))
    log.findings.sort(key=lambda finding: ("error", "warning", "info").index(finding.severity))
    inspection.cost = reader.cost
    return inspection


def _read_table(disk: InspectedDisk, log: FindingLog) -> None:
    image = disk.image
    if image.data is None:
        return
    if image.format == "RAW" and image.stored_size % 512:
        log.add(
            "RawSizeNotSectors",
            f"{image.stored_size} bytes, {image.stored_size % 512} more than whole sectors",
        )
    try:
        disk.table = read_table(image.data, image.sector_size, log)
    except CorruptImageError as error:
        log.add(
            {"VMDK": "VmdkCorrupt", "VHD": "VhdCorrupt", "VHDX": "VhdxCorrupt"}.get(
                image.format, "ReaderFault"
            ),
            error.found,
        )
        return
    if disk.table.scheme is None:
        log.add(
            "NoPartitionTable",
            "a file system without partitions" if disk.table.whole_disk else "neither MBR nor GPT",
        )
    elif not disk.table.partitions:
        log.add("NoPartitions", f"a {disk.table.scheme} partition table without partitions")


def _compare(inspection: Inspection, expected: str | None, log: FindingLog) -> None:
    """Compare what the file is with what it was said to be."""
    container = inspection.container
    if expected is None or container.format == expected.upper() or container.format in ("empty", "unknown"):
        return
    if any(finding.code in ("UnsupportedFormat", "CompressedFile") for finding in log.findings):
        return
    if container.format == "RAW" and inspection.disks:
        if not _looks_like_a_disk(inspection.disks[0]):
            log.drop("RawSizeNotSectors", "NoPartitionTable")
            log.add(
                "FormatUnrecognised", f"a file declared as {expected.upper()} without that format's marks"
            )
            return
        if expected.upper() == "VHD":
            log.add("VhdTruncated", "no footer at the file's end; what there is reads as a raw disk")
            return
    log.add("FormatMismatch", f"the file is {container.format}, declared as {expected.upper()}")


def _looks_like_a_disk(disk: InspectedDisk) -> bool:
    return disk.table is not None and (disk.table.scheme is not None or disk.table.whole_disk)
