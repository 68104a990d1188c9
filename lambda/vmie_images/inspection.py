"""One inspection, from a file to its document."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vmie_images.containers.container import Container, DiskImage
from vmie_images.containers.recognition import CORRUPT, recognise
from vmie_images.document import inspection_document
from vmie_images.errors import BudgetExceededError, CorruptImageError, ImageError
from vmie_images.findings import Finding, FindingLog, Verdict, verdicts
from vmie_images.guest.examination import Examination, examine
from vmie_images.guest.guest import Guest
from vmie_images.partitions.table import PartitionTable, read_table
from vmie_images.ranges import RangeSource
from vmie_images.reader import Budget, Cost, RangeReader
from vmie_images.verdict.recommendation import Recommendation, recommend
from vmie_images.volumes.volume import Volume

SUFFIX_FORMATS = {"ova": "OVA", "vmdk": "VMDK", "vhd": "VHD", "vhdx": "VHDX", "raw": "RAW", "img": "RAW"}
"""The format that a key's suffix (lower case, without its dot) stands for."""
_SEVERITIES = ("error", "warning", "info")
_UNFORESEEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass
class InspectedDisk:
    """A disk and its partition table, ``None`` where there is no disk content to read."""

    image: DiskImage
    table: PartitionTable | None = None


@dataclass
class Inspection:
    """What an inspection found out.

    Attributes:
        container: The file, recognised.
        disks: Its disks.
        volumes: Partitions and logical volumes of all disks.
        guest: The guest; ``None`` where none was found.
        findings: What is wrong or doubtful, worst first.
        cost: What the inspection spent.
    """

    container: Container
    disks: list[InspectedDisk] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    guest: Guest | None = None
    findings: list[Finding] = field(default_factory=list)
    cost: Cost = field(default_factory=lambda: Cost(0, 0, 0.0))

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
            ``VHDX`` or ``RAW``, in any case. Default: the format that the suffix of ``name`` stands for.
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
        _inspect(inspection, reader, name, expected, log, (budget or Budget()).initramfs)
    except BudgetExceededError as error:
        log.add("InspectionIncomplete", str(error))
    log.findings.sort(key=lambda finding: _SEVERITIES.index(finding.severity))
    inspection.cost = reader.cost
    return inspection


def _inspect(
    inspection: Inspection,
    reader: RangeReader,
    name: str,
    expected: str | None,
    log: FindingLog,
    initramfs_limit: int,
) -> None:
    with _shielded(log):
        inspection.container = recognise(reader, name, log)
    inspection.disks = [InspectedDisk(disk) for disk in inspection.container.disks]
    for disk in inspection.disks:
        with _shielded(log):
            _read_table(disk, log.for_disk(disk.image.name))
    _compare(inspection, expected, log)
    readable = [
        (disk.image.name, disk.image.data, disk.table)
        for disk in inspection.disks
        if disk.image.data is not None and disk.table is not None
    ]
    examination = Examination()
    try:
        with _shielded(log):
            examine(readable, examination, log, initramfs_limit)
    finally:
        inspection.volumes, inspection.guest = examination.volumes, examination.guest


@contextmanager
def _shielded(log: FindingLog) -> Iterator[None]:
    """Turn what corrupt input makes the readers raise into a finding, foreseen or not."""
    try:
        yield
    except ImageError as error:
        log.add("ReaderFault", str(error))
    except _UNFORESEEN as error:
        log.add("ReaderFault", f"{type(error).__name__}: {error}")


def _read_table(disk: InspectedDisk, log: FindingLog) -> None:
    image = disk.image
    if image.data is None:
        return
    if image.format == "RAW" and image.stored_size % 512:
        rest = image.stored_size % 512
        log.add("RawSizeNotSectors", f"{image.stored_size} bytes, {rest} more than whole sectors")
    try:
        disk.table = read_table(image.data, image.sector_size, log)
    except CorruptImageError as error:
        log.add(error.code or CORRUPT.get(image.format, "ReaderFault"), error.found)
        return
    if disk.table.scheme is None:
        whole = "a file system without partitions" if disk.table.whole_disk else "neither MBR nor GPT"
        log.add("NoPartitionTable", whole)
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
            inspection.disks[0].table = None
            return
        if expected.upper() == "VHD":
            log.add("VhdTruncated", "no footer at the file's end; what there is reads as a raw disk")
            return
    log.add("FormatMismatch", f"the file is {container.format}, declared as {expected.upper()}")


def _looks_like_a_disk(disk: InspectedDisk) -> bool:
    return disk.table is not None and (disk.table.scheme is not None or disk.table.whole_disk)
