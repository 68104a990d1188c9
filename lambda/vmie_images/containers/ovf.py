"""The OVF descriptor of an OVA.

Source: DMTF DSP0243 (OVF 1.x and 2.x). Elements are matched by their local names, because tools write many
namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vmie_images.containers.container import Machine
from vmie_images.errors import CorruptImageError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_OVF = 1 << 20
"""Bytes of descriptor that are read; real ones have tens of KiB."""

_PROCESSOR, _MEMORY, _ETHERNET = "3", "4", "10"


@dataclass(frozen=True)
class OvfFile:
    """A file that the descriptor refers to; its sizes are bytes, ``None`` where not given."""

    identifier: str
    href: str
    size: int | None
    chunk_size: int | None
    compression: str | None


@dataclass(frozen=True)
class OvfDescriptor:
    """What a descriptor says: the files, the files that are disks in their order, and the machine."""

    files: tuple[OvfFile, ...]
    disks: tuple[OvfFile, ...]
    machine: Machine


def parse_ovf(data: bytes) -> OvfDescriptor:
    """Read a descriptor.

    Raises:
        CorruptImageError: It is not XML, declares entities, or is not an OVF envelope.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise CorruptImageError(f"the descriptor is not usable XML ({error})", "OvfInvalid") from None
    if _local(root.tag) != "Envelope":
        raise CorruptImageError(
            f"the descriptor's root is <{_local(root.tag)}>, not <Envelope>", "OvfInvalid"
        )
    files = tuple(_file(element) for element in _find(root, "File"))
    by_identifier = {file.identifier: file for file in files}
    disks = tuple(
        by_identifier[reference]
        for reference in (_attribute(disk, "fileRef") for disk in _find(root, "Disk"))
        if reference in by_identifier
    )
    return OvfDescriptor(files, disks, _machine(root))


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _find(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if _local(element.tag) == name)


def _attribute(element: Element, name: str) -> str | None:
    return next((value for key, value in element.attrib.items() if _local(key) == name), None)


def _integer(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 20 else None


def _file(element: Element) -> OvfFile:
    return OvfFile(
        identifier=_attribute(element, "id") or "",
        href=_attribute(element, "href") or "",
        size=_integer(_attribute(element, "size")),
        chunk_size=_integer(_attribute(element, "chunkSize")),
        compression=_attribute(element, "compression"),
    )


def _machine(root: Element) -> Machine:
    system = next(_find(root, "VirtualSystem"), root)
    guest = next(_find(system, "OperatingSystemSection"), None)
    items = [
        {_local(child.tag): (child.text or "").strip() for child in item}
        for item in system.iter()
        if _local(item.tag) in ("Item", "EthernetPortItem", "StorageItem")
    ]
    quantity = {item.get("ResourceType"): _integer(item.get("VirtualQuantity")) for item in items}
    return Machine(
        name=_attribute(system, "id") if system is not root else None,
        operating_system=_guest_name(guest),
        firmware=_firmware(system),
        network_adapters=sum(item.get("ResourceType") == _ETHERNET for item in items),
        processors=quantity.get(_PROCESSOR),
        memory_mib=quantity.get(_MEMORY),
    )


def _guest_name(guest: Element | None) -> str | None:
    if guest is None:
        return None
    described = next((child.text for child in guest if _local(child.tag) == "Description"), None)
    return _attribute(guest, "osType") or described or None


def _firmware(system: Element) -> str | None:
    for element in _find(system, "Config"):
        if _attribute(element, "key") == "firmware":
            value = (_attribute(element, "value") or "").lower()
            return value if value in ("bios", "efi") else None
    for element in _find(system, "Firmware"):  # VirtualBox
        return "efi" if (_attribute(element, "type") or "").upper().startswith("EFI") else "bios"
    return None
