"""The text descriptor of a VMDK: createType, parent and extents. Paths in it are reported, never opened."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DESCRIPTOR = 1 << 20
"""Bytes of descriptor that are read; VMware's own are a few hundred."""

_SETTING = re.compile(r'^\s*([\w.]{1,64})\s*=\s*"?([^"\r\n]{0,1024})"?\s*$', re.MULTILINE)
_EXTENT = re.compile(
    r'^\s*(?:RW|RDONLY|NOACCESS)\s+(\d{1,20})\s+(\w{1,16})(?:\s+"([^"\r\n]{0,1024})")?', re.MULTILINE
)
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
    settings = {key.lower(): value.strip() for key, value in _SETTING.findall(words)}
    extents = _EXTENT.findall(words)
    return VmdkDescriptor(
        create_type=settings.get("createtype"),
        has_parent=settings.get("parentcid", _NO_PARENT).lower() != _NO_PARENT,
        capacity=sum(int(sectors) for sectors, _, _ in extents) * 512,
        extents=tuple((kind.upper(), name) for _, kind, name in extents),
    )
