"""The facts about a Linux guest, as the document shows them."""

from __future__ import annotations

from typing import Any

from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.guest import Guest
from vmie_images.guest.linux import LinuxFacts
from vmie_images.volumes.volume import Volume


def place_of(volume: Volume, subvolume: str | None = None) -> dict[str, Any]:
    """Where a system is."""
    return {
        "Disk": volume.disk,
        "Volume": volume.described,
        "Filesystem": volume.filesystem,
        "Subvolume": subvolume,
        "Uuid": volume.tree.uuid if volume.tree else None,
    }


def describe_linux(facts: LinuxFacts, setup: BootSetup) -> Guest:
    """The guest that the facts make up."""
    release, kernel, entry = facts.release, facts.kernel, facts.boot.entry
    return Guest(
        family="linux",
        name=release.family if release else None,
        version=release.version if release else None,
        pretty=release.pretty if release else None,
        kernel=kernel.version if kernel else None,
        architecture=facts.machine,
        boot_modes=setup.modes_for(facts.machine),
        bootloader=facts.boot.loader,
        default_entry=entry.title if entry else None,
        root=place_of(facts.root.volume, facts.root.subvolume),
        efi_loaders=setup.loaders,
        drivers=_drivers(facts),
        facts={
            "BootConfiguration": facts.boot.configuration,
            "KernelArguments": entry.arguments if entry else None,
            "Initramfs": [
                {"Path": found.path, "Compression": found.compression, "Readable": found.damage is None}
                for found in facts.initramfs
            ],
            "Fstab": [
                {"Device": fstab.device, "MountPoint": fstab.point, "Type": fstab.type, "OnDisks": known}
                for fstab, known in facts.fstab
                if fstab.is_local
            ],
            "InterfaceNames": _interface_names(facts),
            "CloudInit": facts.cloud_init,
            "VmwareTools": facts.vmware_tools,
        },
    )


def _drivers(facts: LinuxFacts) -> dict[str, bool | None]:
    main = facts.initramfs[-1] if facts.initramfs else None
    in_initramfs: bool | None = None
    if main is not None:
        in_initramfs = True if "nvme" in main.drivers else False if main.complete else None
    return {
        "Ena": facts.modules.get("ena"),
        "Nvme": facts.modules.get("nvme"),
        "NvmeInInitramfs": in_initramfs,
    }


def _interface_names(facts: LinuxFacts) -> str | None:
    if facts.network.predictable:
        return "predictable"
    return "traditional" if facts.network.traditional else None
