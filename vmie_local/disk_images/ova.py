"""OVA appliances: a tar with an OVF descriptor and the disks it names (DMTF DSP0243)."""

from __future__ import annotations

import re
import tarfile
import xml.etree.ElementTree as ElementTree

from vmie_local.disk_images.errors import OvfError, UnsupportedFormatError
from vmie_local.disk_images.region import FileRegion

_MAX_MEMBERS = 1000
_MAX_DESCRIPTOR = 4 << 20
_CHUNK_NAME = re.compile(r"\.\d{9}$")
CHUNKED = "OVA with chunked disk files is not supported"


def disks_of(region: FileRegion) -> list[FileRegion]:
    """The disks of an appliance, in the order of its OVF's DiskSection.

    Only members of the tar are ever opened: a reference to anything else is an error.

    Raises:
        UnsupportedFormatError: If the tar cannot be read.
        OvfError: If the descriptor is missing or broken, or names disks in chunks, compressed or elsewhere.
    """
    members = _members(region)
    descriptors = [member for name, member in members.items() if name.lower().endswith(".ovf")]
    if len(descriptors) != 1:
        raise OvfError(f"The OVA holds {len(descriptors)} OVF descriptors instead of one")
    if any(_CHUNK_NAME.search(name) for name in members):
        raise OvfError(CHUNKED)
    disks = []
    for href in _disk_references(descriptors[0]):
        if href not in members:
            raise OvfError(f"The disk file {href} is not in the OVA")
        disks.append(members[href])
    if not disks:
        raise OvfError("No disk is listed")
    return disks


def _members(region: FileRegion) -> dict[str, FileRegion]:
    found: dict[str, FileRegion] = {}
    try:
        with region.path.open("rb") as file:
            file.seek(region.offset)
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    if len(found) >= _MAX_MEMBERS:
                        raise UnsupportedFormatError(f"{region.name} has more than {_MAX_MEMBERS} members")
                    if member.isreg() and not member.issparse():
                        if member.offset_data + member.size > region.offset + region.size:
                            raise UnsupportedFormatError(f"{region.name} ends inside {member.name}")
                        found[member.name] = FileRegion(
                            region.path, member.offset_data, member.size, member.name
                        )
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise UnsupportedFormatError(f"{region.name} is no readable tar: {error}") from error
    return found


def _disk_references(descriptor: FileRegion) -> list[str]:
    root = _parse(descriptor)
    files: dict[str, str] = {}
    for element in _children(root, "References", "File"):
        if _attribute(element, "chunkSize"):
            raise OvfError(CHUNKED)
        if _attribute(element, "compression") not in ("", "identity"):
            raise OvfError(f"The file {_attribute(element, 'href')} is compressed")
        files[_attribute(element, "id")] = _attribute(element, "href")
    references = []
    for disk in _children(root, "DiskSection", "Disk"):
        if _attribute(disk, "parentRef"):
            raise OvfError(f"The disk {_attribute(disk, 'diskId')} is a difference to another one")
        reference = _attribute(disk, "fileRef")
        if reference:  # a disk without a file is an empty one
            if reference not in files:
                raise OvfError(f"The disk {_attribute(disk, 'diskId')} names the unknown file {reference}")
            references.append(files[reference])
    return references


def _parse(descriptor: FileRegion) -> ElementTree.Element:
    if descriptor.size > _MAX_DESCRIPTOR:
        raise OvfError(f"The descriptor is larger than {_MAX_DESCRIPTOR} bytes")
    text = descriptor.read(0, descriptor.size)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
        # No entity is ever expanded, so the standard library's parser is safe here.
        raise OvfError("The descriptor has a document type definition or is not UTF-8")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - see above
    except ElementTree.ParseError as error:
        raise OvfError(f"The descriptor is no XML: {error}") from error


def _children(root: ElementTree.Element, section: str, name: str) -> list[ElementTree.Element]:
    return [
        child
        for parent in root.iter()
        if _local_name(parent.tag) == section
        for child in parent
        if _local_name(child.tag) == name
    ]


def _attribute(element: ElementTree.Element, name: str) -> str:
    """An attribute's value whatever its namespace: vendors disagree on `ovf:`."""
    return next((value for key, value in element.attrib.items() if _local_name(key) == name), "")


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
