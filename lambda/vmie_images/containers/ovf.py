"""The OVF descriptor of an OVA.

Source: DMTF DSP0243 (OVF 1.x and 2.x). Elements are matched by their local names, because tools write many
namespaces.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmie_images.containers.container import Machine
from vmie_images.containers.xml_elements import Element, parse_xml
from vmie_images.errors import CorruptImageError

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
        UnreadableLayoutError: It is larger than any that describes a machine.
    """
    try:
        root = parse_xml(data)
    except CorruptImageError as error:
        raise CorruptImageError(f"the descriptor is {error.found}", "OvfInvalid") from None
    if root.name != "Envelope":
        raise CorruptImageError(f"the descriptor's root is <{root.name}>, not <Envelope>", "OvfInvalid")
    files = tuple(_file(element) for element in root.find_all("File"))
    by_identifier = {file.identifier: file for file in files}
    references = (disk.attributes.get("fileRef") for disk in root.find_all("Disk"))
    disks = tuple(by_identifier[reference] for reference in references if reference in by_identifier)
    return OvfDescriptor(files, disks, _machine(root))


def _integer(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 20 else None


def _file(element: Element) -> OvfFile:
    return OvfFile(
        identifier=element.attributes.get("id", ""),
        href=element.attributes.get("href", ""),
        size=_integer(element.attributes.get("size")),
        chunk_size=_integer(element.attributes.get("chunkSize")),
        compression=element.attributes.get("compression"),
    )


def _machine(root: Element) -> Machine:
    system = next(root.find_all("VirtualSystem"), root)
    guest = next(system.find_all("OperatingSystemSection"), None)
    items = [
        {child.name: child.text.strip() for child in item.children}
        for item in system.find_all("Item", "EthernetPortItem", "StorageItem")
    ]
    quantity = {item.get("ResourceType"): _integer(item.get("VirtualQuantity")) for item in items}
    return Machine(
        name=system.attributes.get("id") if system is not root else None,
        operating_system=_guest_name(guest),
        firmware=_firmware(system),
        network_adapters=sum(item.get("ResourceType") == _ETHERNET for item in items),
        processors=quantity.get(_PROCESSOR),
        memory_mib=quantity.get(_MEMORY),
    )


def _guest_name(guest: Element | None) -> str | None:
    if guest is None:
        return None
    described = next((child.text for child in guest.children if child.name == "Description"), None)
    return guest.attributes.get("osType") or described or None


def _firmware(system: Element) -> str | None:
    for element in system.find_all("Config"):
        if element.attributes.get("key") == "firmware":
            value = element.attributes.get("value", "").lower()
            return value if value in ("bios", "efi") else None
    for element in system.find_all("Firmware"):  # VirtualBox
        return "efi" if element.attributes.get("type", "").upper().startswith("EFI") else "bios"
    return None
