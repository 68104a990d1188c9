"""The document of an inspection: JSON types only, sizes in bytes. Its keys are contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_images.fields import printable
from vmie_images.volumes.volume import Volume

if TYPE_CHECKING:
    from vmie_images.containers.container import Container
    from vmie_images.inspected import ImageFile, InspectedDisk, Inspection


MAX_TERM = 64
"""Characters of a format's own term, which an uploader may have written."""
MAX_ITEMS = 64
"""Items of a list of the guest's; what it holds more is left out."""


def inspection_document(inspection: Inspection) -> dict[str, Any]:
    """The document that a result holds and the command prints."""
    container, cost = inspection.container, inspection.cost
    pairs = zip(inspection.files, inspection.containers, strict=True)
    return {
        "Container": {
            "Format": container.format,
            "Subtype": _term(container.subtype),
            "VirtualSize": container.virtual_size,
            "StoredSize": container.stored_size,
        },
        "Files": [_file(file, own) for file, own in pairs],
        "Disks": [_disk(disk, inspection.volumes) for disk in inspection.disks],
        "Guest": _bounded(inspection.guest.to_document()) if inspection.guest else None,
        "Findings": [finding.to_document() for finding in inspection.findings],
        "Verdicts": {method: str(verdict) for method, verdict in inspection.verdicts.items()},
        "Recommendation": inspection.recommendation.to_document(),
        "Cost": {"Gets": cost.gets, "Bytes": cost.bytes, "Seconds": round(cost.seconds, 3)},
    }


def _file(file: ImageFile, container: Container) -> dict[str, Any]:
    manifest = container.manifest
    return {
        "Name": printable(file.name),
        "Format": container.format,
        "StoredSize": container.stored_size,
        "Checksum": file.checksum,
        "Manifest": {
            "Checked": _bounded(list(manifest.checked)),
            "Unchecked": _bounded(list(manifest.unchecked)),
        }
        if manifest
        else None,
    }


def _disk(disk: InspectedDisk, volumes: list[Volume]) -> dict[str, Any]:
    image, table = disk.image, disk.table
    own = [volume for volume in volumes if volume.disk_index == disk.number - 1]
    return {
        "Number": disk.number,
        "Name": printable(image.name),
        "File": printable(disk.file),
        "Container": {"Format": image.format, "Subtype": _term(image.subtype)},
        "VirtualSize": image.virtual_size,
        "StoredSize": image.stored_size,
        "PartitionTable": table.scheme if table else None,
        "Partitions": [_partition(volume) for volume in own if volume.partition],
        "LogicalVolumes": [_logical_volume(volume) for volume in own if volume.mapper],
    }


def _partition(volume: Volume) -> dict[str, Any]:
    partition = volume.partition
    return {
        "Number": partition.number if partition else None,
        "Type": partition.type if partition else None,
        "Start": partition.start if partition else None,
        "Size": partition.size if partition else None,
        "Filesystem": volume.filesystem,
        "Label": _bounded(
            (volume.tree.label if volume.tree else None) or (partition.name if partition else None)
        ),
        "Encrypted": volume.encrypted,
    }


def _logical_volume(volume: Volume) -> dict[str, Any]:
    return {
        "Name": printable("/".join(volume.mapper or ())),
        "Size": volume.data.size,
        "Filesystem": volume.filesystem,
        "Label": _bounded(volume.tree.label) if volume.tree else None,
        "Encrypted": volume.encrypted,
    }


def _term(subtype: str | None) -> str | None:
    return None if subtype is None else printable(subtype, MAX_TERM)


def _bounded(value: Any) -> Any:
    """What a guest says about itself, cut to what a result can carry."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_bounded(item) for item in value[:MAX_ITEMS]]
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    return value
