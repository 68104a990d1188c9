"""Inspects bytes, for the tests."""

from __future__ import annotations

from vmie_images import Inspection, MemorySource, inspect_container


def inspect(data: bytes, name: str = "disk.raw") -> Inspection:
    """An inspection of a file with these bytes."""
    return inspect_container(MemorySource(data), name=name)


def codes(inspection: Inspection) -> set[str]:
    """The codes of what was found."""
    return {finding.code for finding in inspection.findings}


def verdict(inspection: Inspection) -> tuple[str, str, str]:
    """The verdicts on image, snapshot and direct."""
    return (
        str(inspection.verdicts["image"]),
        str(inspection.verdicts["snapshot"]),
        str(inspection.verdicts["direct"]),
    )


def content(inspection: Inspection) -> bytes:
    """What a guest would see on the first disk."""
    disk = inspection.disks[0].image.data
    assert disk is not None
    assert disk.read(disk.size, 1) == b""
    return b"".join(disk.read(offset, 1 << 20) for offset in range(0, disk.size, 1 << 20))
