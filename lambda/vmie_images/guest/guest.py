"""What is known of the guest on the disks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Guest:
    """A guest; what cannot be told is ``None``.

    Attributes:
        family: ``linux`` or ``windows``.
        name: The distribution, or the Windows product.
        version: Its release.
        pretty: The release in the system's own words.
        kernel: The version of the kernel of the default boot entry.
        architecture: ``x86_64``, ``i386`` or ``arm64``.
        boot_modes: Of ``legacy-bios`` and ``uefi``, those in which it would boot.
        bootloader: ``GRUB 2``, ``GRUB Legacy``, ``Windows Boot Manager``, ...
        default_entry: The title of the default boot entry.
        root: Where the system is: disk, volume and file system.
        efi_loaders: Boot loaders on EFI system partitions.
        drivers: Whether it has the drivers that EC2 needs, by name; ``None`` where that cannot be told.
        facts: What is known of this family only.
    """

    family: str | None = None
    name: str | None = None
    version: str | None = None
    pretty: str | None = None
    kernel: str | None = None
    architecture: str | None = None
    boot_modes: list[str] = field(default_factory=list)
    bootloader: str | None = None
    default_entry: str | None = None
    root: dict[str, Any] | None = None
    efi_loaders: list[str] = field(default_factory=list)
    drivers: dict[str, bool | None] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def bits(self) -> int | None:
        """Bits of its architecture."""
        return {"x86_64": 64, "arm64": 64, "i386": 32}.get(self.architecture or "")

    def to_document(self) -> dict[str, Any]:
        """The guest as it stands in an inspection's document."""
        return {
            "Family": self.family,
            "Name": self.name,
            "Version": self.version,
            "PrettyName": self.pretty,
            "Kernel": self.kernel,
            "Architecture": self.architecture,
            "Bits": self.bits,
            "BootModes": self.boot_modes,
            "Bootloader": self.bootloader,
            "DefaultEntry": self.default_entry,
            "Root": self.root,
            "EfiLoaders": self.efi_loaders,
            "Drivers": self.drivers,
            **self.facts,
        }
