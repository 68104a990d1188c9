"""One inspection, from the files of a machine to what is wrong with it."""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from vmie_images.budget import Budget, Ledger
from vmie_images.compression import INFLATE_ERRORS
from vmie_images.containers.container import Container
from vmie_images.containers.recognition import CORRUPT, recognise
from vmie_images.declared_format import compare, format_of_name
from vmie_images.errors import BudgetExceededError, CorruptImageError, ImageError
from vmie_images.findings import FindingLog
from vmie_images.guest.examination import Examination, examine
from vmie_images.inspected import ImageFile, InspectedDisk, Inspection
from vmie_images.partitions.table import read_table
from vmie_images.ranges import RangeSource
from vmie_images.reader import RangeReader
from vmie_images.volumes.survey import Disk

MAX_VOLUMES = 21
"""Volumes of an AMI that ImportImage makes, at most."""
_SEVERITIES = ("error", "warning", "info")
_UNFORESEEN: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    *INFLATE_ERRORS,
)


def inspect_container(
    source: RangeSource,
    *,
    name: str,
    expected: str | None = None,
    budget: Budget | None = None,
    region: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Inspection:
    """Inspect a disk image in one file; ``inspect_containers`` says what each argument means."""
    return inspect_containers([ImageFile(source, name, expected)], budget=budget, region=region, clock=clock)


def inspect_containers(
    files: Sequence[ImageFile],
    *,
    budget: Budget | None = None,
    region: str | None = None,
    digests: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Inspection:
    """Inspect the files that together hold the disks of one machine.

    Args:
        files: The files, in the order of the machine's disks: the first holds what the machine boots from.
            The system may be on another, or on a logical volume over several.
        budget: What may be spent on all of them together. Default: ``Budget()``.
        region: The Region that is to import it, such as ``eu-west-1``; what that Region cannot run is found
            then. Default: no Region in particular.
        digests: Whether every digest of an OVA's manifest is checked, for which the file is read whole and
            no budget counts. Default: only the descriptor's is.
        clock: Monotonic seconds. Default: ``time.monotonic``.

    Returns:
        The inspection. Whatever is wrong with the images is among its findings.

    Raises:
        OSError: A source could not be read; what a source of another kind raises passes unchanged.
        ValueError: There is no file.
    """
    if not files:
        raise ValueError("there is no file to inspect: a machine has at least one disk")
    ledger = Ledger(budget, clock)
    log = FindingLog()
    named = _told_apart(files)
    unknown = [Container("unknown", file.source.size) for file in named]
    inspection = Inspection(named, unknown, findings=log.findings)
    try:
        with ledger.charged():
            for index in range(len(named)):
                _open(inspection, index, ledger, log, digests)
            _examine(inspection, log, ledger.budget.initramfs, region)
    except BudgetExceededError as error:
        log.add("InspectionIncomplete", str(error))
    log.findings.sort(key=lambda finding: _SEVERITIES.index(finding.severity))
    inspection.cost = ledger.cost
    return inspection


def _told_apart(files: Sequence[ImageFile]) -> list[ImageFile]:
    """The files by names that differ: two folders may hold a ``disk.vmdk`` each."""
    often = Counter(file.name for file in files)
    return [
        replace(file, name=f"{file.name} (file {number})") if often[file.name] > 1 else file
        for number, file in enumerate(files, 1)
    ]


def _examine(inspection: Inspection, log: FindingLog, initramfs_limit: int, region: str | None) -> None:
    """Look for the guest on the disks of all files."""
    if len(inspection.disks) > MAX_VOLUMES:
        log.add("TooManyDisks", f"{len(inspection.disks)} disks")
    readable = [
        Disk(index, disk.image.name, disk.image.data, disk.table, disk.image.settled)
        for index, disk in enumerate(inspection.disks)
        if disk.image.data is not None and disk.table is not None
    ]
    examination = Examination()
    try:
        with _shielded(log):
            whole = len(readable) == len(inspection.disks)
            examine(readable, examination, log, initramfs_limit, region, whole)
    finally:
        inspection.volumes, inspection.guest = examination.volumes, examination.guest
        if examination.system_disk is not None:
            _excuse_data_disks(inspection.disks[examination.system_disk].image.name, log)


def _open(inspection: Inspection, index: int, ledger: Ledger, log: FindingLog, digests: bool) -> None:
    """Recognise a file, read its disks' partition tables, and compare it with what it should be."""
    file, own = inspection.files[index], FindingLog()
    declared = file.expected if file.expected is not None else format_of_name(file.name)
    cache = ledger.budget.cache_bytes // len(inspection.files)
    reader = RangeReader(file.source, ledger=ledger, cache_bytes=cache)
    try:
        with _shielded(own):
            whole = file.source if digests else None
            inspection.containers[index] = recognise(reader, file.name, own, whole, declared)
        container = inspection.containers[index]
        first = len(inspection.disks) + 1
        disks = [
            InspectedDisk(image, number=number, file=file.name)
            for number, image in enumerate(container.disks, first)
        ]
        inspection.disks += disks
        for disk in disks:
            with _shielded(own):
                _read_table(disk, own.for_disk(disk.image.name).doubting(not disk.image.settled))
        compare(container, disks, declared, own)
    finally:
        log.findings += own.findings


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


def _excuse_data_disks(system: str, log: FindingLog) -> None:
    """A disk beside the system's may do without partitions: nothing is known to reject it for that."""
    for finding in list(log.findings):
        if finding.code in ("NoPartitionTable", "NoPartitions") and finding.disk not in (None, system):
            log.findings.remove(finding)
            log.for_disk(finding.disk).add("DataDiskWithoutPartitions", finding.found)
