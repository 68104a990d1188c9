"""LVM2: physical volumes, and the logical volumes that can be read from them.

Source: the LVM2 developers' on-disk format (label, physical volume header, metadata areas).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number, text, unpack
from vmie_images.ranges import RangeSource, read_exactly
from vmie_images.volumes.lvm_text import parse

MAX_METADATA = 1 << 20
MAX_SEGMENTS = 4096
MAX_NAME = 127
"""Characters of a group's or a volume's name; LVM allows no more."""
_SECTOR = 512
_AREA_MAGIC = b" LVM2 x[5A%r0N*>"


@dataclass(frozen=True)
class PhysicalVolume:
    """A physical volume: its id (without dashes), its bytes, and its copy of the group's metadata."""

    identifier: str
    data: RangeSource
    metadata: dict[str, Any]


@dataclass(frozen=True)
class LogicalVolume:
    """A logical volume.

    Attributes:
        group: The volume group's name.
        name: Its name.
        data: Its content; ``None`` where it cannot be read from the disks at hand.
        reason: Why not.
        incomplete: Whether that is because it lies on a physical volume that is on none of the disks.
        identifier: The id of its group and its own, without dashes, as the device mapper joins them.
        sources: The physical volumes that it lies on, in its own order.
    """

    group: str
    name: str
    data: RangeSource | None
    reason: str | None = None
    sources: tuple[RangeSource, ...] = ()
    incomplete: bool = False
    identifier: str | None = None


def open_physical_volume(data: RangeSource) -> PhysicalVolume:
    """Read the label and the metadata of a physical volume.

    Raises:
        CorruptImageError: They contradict the format.
    """
    labels = data.read(0, 4 * _SECTOR)
    at = next((at for at in range(0, len(labels), _SECTOR) if labels[at : at + 8] == b"LABELONE"), None)
    if at is None:
        raise CorruptImageError("no LVM label")
    label = labels[at : at + _SECTOR]
    header = number("<I", label, 20)
    identifier = text(label[header : header + 32], "ascii")
    areas = _areas(label, header + 40)
    metadata: dict[str, Any] = {}
    if areas:
        metadata = parse(_metadata_text(data, *areas[0]))
    return PhysicalVolume(identifier, data, metadata)


def _areas(label: bytes, at: int) -> list[tuple[int, int]]:
    """Offset and size of each metadata area; they follow the data areas, each list ends with zeros."""
    while unpack("<QQ", label, at) != (0, 0):
        at += 16
    at += 16
    areas = []
    while (area := unpack("<QQ", label, at)) != (0, 0):
        areas.append((area[0], area[1]))
        at += 16
    return areas


def _metadata_text(data: RangeSource, start: int, size: int) -> str:
    header = read_exactly(data, start, _SECTOR, "LVM metadata area")
    if header[4:20] != _AREA_MAGIC:
        raise CorruptImageError("an LVM metadata area without its mark")
    offset, length = unpack("<QQ", header, 40)
    if not length:
        return ""
    if length > MAX_METADATA or offset >= size:
        raise CorruptImageError(f"LVM metadata of {length} bytes")
    # The area is a ring; its first sector is the header.
    straight = min(length, size - offset)
    words = read_exactly(data, start + offset, straight, "LVM metadata")
    words += (
        read_exactly(data, start + _SECTOR, length - straight, "LVM metadata") if length > straight else b""
    )
    return text(words)


def logical_volumes(physical: list[PhysicalVolume]) -> list[LogicalVolume]:
    """The logical volumes of all groups on these physical volumes.

    Raises:
        CorruptImageError: A group's metadata lacks what every group has.
    """
    held = {volume.identifier: volume.data for volume in physical}
    groups: dict[str, dict[str, Any]] = {}
    for volume in physical:
        for name, section in volume.metadata.items():
            newest = _sequence(groups.get(name, {"seqno": -1}))
            if len(name) > MAX_NAME:
                raise CorruptImageError(f"LVM metadata with a name of {len(name)} characters")
            if isinstance(section, dict) and "extent_size" in section and _sequence(section) > newest:
                groups[name] = section
    try:
        return [volume for name, group in groups.items() for volume in _of_group(name, group, held)]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CorruptImageError(f"LVM metadata lacks what every volume group has ({error})") from None


def _sequence(group: dict[str, Any]) -> int:
    number = group.get("seqno", 0)
    return number if isinstance(number, int) else 0


def _of_group(name: str, group: dict[str, Any], held: dict[str, RangeSource]) -> list[LogicalVolume]:
    places: dict[str, tuple[RangeSource | None, int]] = {}
    for alias, section in _sections(group, "physical_volumes"):
        identifier = str(section.get("id", "")).replace("-", "")
        places[alias] = (held.get(identifier), int(section.get("pe_start", 0)) * _SECTOR)
    volumes = []
    for volume, section in _sections(group, "logical_volumes"):
        work(8 + len(section))
        if len(volume) > MAX_NAME:
            raise CorruptImageError(f"LVM metadata with a name of {len(volume)} characters")
        if "VISIBLE" not in section.get("status", []):
            continue
        try:
            mapped = _map(section, int(group["extent_size"]) * _SECTOR, places)
        except (_NotReadable, TypeError, ValueError, KeyError) as error:
            incomplete = isinstance(error, _Incomplete)
            volumes.append(LogicalVolume(name, volume, None, str(error), incomplete=incomplete))
        else:
            identifier = f"{group.get('id', '')}{section.get('id', '')}".replace("-", "")
            volumes.append(LogicalVolume(name, volume, mapped, sources=mapped.sources, identifier=identifier))
    return volumes


def _sections(group: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    section = group.get(name, {})
    return (
        [item for item in section.items() if isinstance(item[1], dict)] if isinstance(section, dict) else []
    )


class _NotReadable(Exception):
    """A logical volume that is not made of stretches of the physical volumes at hand."""


class _Incomplete(_NotReadable):
    """A logical volume of which a part is on none of the disks at hand."""


def _map(
    volume: dict[str, Any], extent: int, places: dict[str, tuple[RangeSource | None, int]]
) -> MappedVolume:
    segments = sorted(
        (
            section
            for name, section in volume.items()
            if name.startswith("segment") and isinstance(section, dict)
        ),
        key=lambda section: int(section["start_extent"]),
    )
    if len(segments) > MAX_SEGMENTS:
        raise _NotReadable(f"{len(segments)} segments")
    stretches: list[tuple[int, int, RangeSource, int]] = []
    size = 0
    for segment in segments:
        kind, stripes = segment.get("type"), segment.get("stripes", [])
        if kind != "striped" or segment.get("stripe_count") != 1 or len(stripes) != 2:
            raise _NotReadable(
                f"a segment of the type {kind} over {segment.get('stripe_count', '?')} stripes"
            )
        source, start = places.get(stripes[0], (None, 0))
        if source is None:
            raise _Incomplete("a physical volume that is on none of the disks")
        if int(segment["start_extent"]) * extent != size:
            raise _NotReadable("a gap between its segments")
        length = int(segment["extent_count"]) * extent
        if length <= 0:
            raise _NotReadable(f"a segment of {length} bytes")
        stretches.append((size, length, source, start + int(stripes[1]) * extent))
        size += length
    return MappedVolume(stretches, size)


class MappedVolume:
    """Stretches of other sources, one after the other, as one source."""

    def __init__(self, stretches: list[tuple[int, int, RangeSource, int]], size: int) -> None:
        self._stretches = stretches
        self._starts = [stretch[0] for stretch in stretches]
        self.sources = tuple(dict.fromkeys(source for _, _, source, _ in stretches))
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset``, fewer than ``length`` only where the volume ends."""
        if offset < 0:
            raise CorruptImageError(f"a structure points at offset {offset} of a logical volume")
        length = max(0, min(length, self.size - offset))
        parts = []
        while length > 0:
            start, size, source, place = self._stretches[bisect_right(self._starts, offset) - 1]
            count = min(length, start + size - offset)
            parts.append(read_exactly(source, place + offset - start, count, "logical volume"))
            offset, length = offset + count, length - count
        return b"".join(parts)
