"""From a file to a container: which format it is, and whether it is whole."""

from __future__ import annotations

from vmie_images.containers.container import DISK_FORMATS, Container, DiskImage
from vmie_images.containers.ova import open_ova
from vmie_images.containers.signatures import ARCHIVES, DISK_FILLING, signature
from vmie_images.containers.vhd import open_vhd
from vmie_images.containers.vhdx import open_vhdx
from vmie_images.containers.vmdk import open_vmdk
from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.fields import number
from vmie_images.findings import FindingLog
from vmie_images.ranges import RangeSource

_TIB = 1 << 40
_OPENERS = {"VMDK": open_vmdk, "VHD": open_vhd, "VHDX": open_vhdx}
CORRUPT = {"VMDK": "VmdkCorrupt", "VHD": "VhdCorrupt", "VHDX": "VhdxCorrupt", "OVA": "OvaCorrupt"}
"""The finding that a damaged file of each format is."""


def recognise(
    source: RangeSource,
    name: str,
    log: FindingLog,
    whole: RangeSource | None = None,
    declared: str | None = None,
) -> Container:
    """Recognise a file by its content; its name only names the disk.

    Args:
        source: The file, usually a ``RangeReader``.
        name: The file's name.
        log: Receives what is wrong with the file. Corruption is a finding, not an exception.
        whole: The same file, to be read whole where that shows more: every digest of an OVA's manifest.
        declared: The format that it was said to be; a disk may be filled with what is a file elsewhere.

    Returns:
        The container; its disks have no ``data`` where that cannot be read.
    """
    kind = signature(source)
    if kind in DISK_FILLING and (declared or "").upper() == "RAW":
        kind = "RAW"
    if kind != "OVA":
        disk = open_disk(name, source, log.for_disk(name), kind)
        disks = [disk] if disk.format in DISK_FORMATS else []
        return Container(disk.format, source.size, disk.subtype, disks)
    try:
        return open_ova(source, log, _open_member, whole)
    except CorruptImageError as error:
        log.add(error.code or CORRUPT["OVA"], error.found)
        return Container("OVA", source.size)
    except UnreadableLayoutError as error:
        log.add("InspectionIncomplete", f"{error}, which is not read")
        return Container("OVA", source.size)


def open_disk(name: str, source: RangeSource, log: FindingLog, kind: str | None = None) -> DiskImage:
    """Recognise and check one disk file."""
    kind = kind or signature(source)
    image = DiskImage(name, kind or "RAW", source.size)
    try:
        if kind in _OPENERS:
            _OPENERS[kind](image, source, log)
        elif kind is None or kind == "RAW":
            image.format, image.virtual_size, image.data = "RAW", source.size, source
        else:
            _report_unsupported(image, source, log)
    except CorruptImageError as error:
        log.doubting(not image.settled).add(error.code or CORRUPT[image.format], error.found)
    except UnreadableLayoutError as error:
        log.add("InspectionIncomplete", f"{error}, which is not read")
    _check_size(image, log)
    return image


def _open_member(name: str, source: RangeSource, log: FindingLog) -> DiskImage:
    image = open_disk(name, source, log)
    if image.format != "VMDK":
        log.add("OvaDiskFormat", f"a disk that is {_described(image)}")
    return image


def _described(image: DiskImage) -> str:
    return f"{image.subtype} {image.format}" if image.subtype else image.format


def _report_unsupported(image: DiskImage, source: RangeSource, log: FindingLog) -> None:
    if image.format == "empty":
        log.add("EmptyFile", "a file of 0 bytes")
    elif image.format in ARCHIVES:
        log.add("CompressedFile", f"a {image.format}")
    else:
        article = "an" if image.format[0] in "AEIOUaeiou" else "a"
        log.add("UnsupportedFormat", f"{article} {image.format}")
    if image.format == "QCOW2" and source.size >= 32:
        image.subtype = f"version {number('>I', source.read(4, 4))}"
        image.virtual_size = number(">Q", source.read(24, 8))


def _check_size(image: DiskImage, log: FindingLog) -> None:
    size = image.virtual_size or 0
    if size >= 16 * _TIB:
        log.add("DiskTooLarge", f"a disk of {size} bytes ({size / _TIB:.1f} TiB)")
    elif size >= 8 * _TIB:
        log.add("DiskNeedsManifest", f"a disk of {size} bytes ({size / _TIB:.1f} TiB)")
