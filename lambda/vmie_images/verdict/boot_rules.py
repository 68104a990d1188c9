"""What is to be said to the boot modes that a machine's disks have."""

from __future__ import annotations

from vmie_images.findings import FindingLog
from vmie_images.guest.boot_modes import BootSetup, fallback_loader


def judge_boot_modes(setup: BootSetup, machine: str | None, log: FindingLog) -> None:
    """Say what is missing where nothing would start; an EFI system partition that cannot be read is a doubt.

    Args:
        setup: What the disks have to boot with.
        machine: The guest's architecture; ``None`` where it is not known.
        log: Receives the finding.
    """
    if setup.modes_for(machine):
        return
    if setup.unread:
        log.add("BootModeUnknown", "; ".join(setup.unread[:4]))
    elif setup.efi_system_partition:
        listed = ", ".join(setup.loaders[:4]) or "no loader"
        loader = fallback_loader(machine)
        log.add("UefiFallbackLoaderMissing", f"an EFI system partition with {listed}, without {loader}")
    else:
        log.add("NoBootMode", setup.absence)
