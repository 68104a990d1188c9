"""The text descriptor of a VMDK: createType, parent and extents. Paths in it are reported, never opened."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DESCRIPTOR = 64 * 1024
"""Bytes of descriptor that are read; VMware's own are a few hundred, and a line for each extent."""

_MAX_LINE = 2048
_NAME = re.compile(r"[\w.]{1,64}")
_EXTENT = re.compile(r'(?:RW|RDONLY|NOACCESS)[ \t]+(\d{1,20})[ \t]+(\w{1,16})(?:[ \t]+"([^"]{0,1024})")?')
_NO_PARENT = "ffffffff"


@dataclass(frozen=True)
class VmdkDescriptor:
    """What a descriptor says.

    Attributes:
        create_type: ``streamOptimized``, ``monolithicSparse``, ``vmfs``, ...; ``None`` where it does not say.
        has_parent: Whether the disk is a delta to another.
        capacity: Bytes of all extents.
        extents: Kind and file name of each extent.
    """

    create_type: str | None
    has_parent: bool
    capacity: int
    extents: tuple[tuple[str, str], ...]


def parse_descriptor(data: bytes) -> VmdkDescriptor:
    """Read a descriptor; unknown and malformed lines are ignored, as VMware's own tools do."""
    words = data[:MAX_DESCRIPTOR].split(b"\0", 1)[0].decode("utf-8", "replace")
    settings: dict[str, str] = {}
    extents: list[tuple[int, str, str]] = []
    for line in (line.strip()[:_MAX_LINE] for line in words.splitlines()):
        name, equals, value = line.partition("=")
        if equals and _NAME.fullmatch(name.rstrip()):
            settings[name.rstrip().lower()] = value.strip().strip('"').strip()
        elif extent := _EXTENT.match(line):
            extents.append((int(extent[1]), extent[2].upper(), extent[3] or ""))
    return VmdkDescriptor(
        create_type=settings.get("createtype"),
        has_parent=settings.get("parentcid", _NO_PARENT).lower() != _NO_PARENT,
        capacity=sum(sectors for sectors, _, _ in extents) * 512,
        extents=tuple((kind, name) for _, kind, name in extents),
    )
