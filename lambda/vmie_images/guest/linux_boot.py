"""How a Linux guest boots: its boot loader's configuration, and the entry it would start."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.findings import FindingLog
from vmie_images.guest import bls
from vmie_images.guest.boot_entry import BootEntry
from vmie_images.guest.grub import (
    MAX_CONFIGURATION,
    GrubConfiguration,
    default_entry,
    entries,
    parse_environment,
    parse_grub,
)
from vmie_images.guest.grub_legacy import parse_menu
from vmie_images.guest.linux_root import LinuxRoot

_GRUB2 = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
_LEGACY = ("/boot/grub/menu.lst", "/boot/grub/grub.conf", "/etc/grub.conf")
_BLS_FOLDER = "/boot/loader/entries"


@dataclass
class LinuxBoot:
    """What a Linux guest's boot loader is set up to do.

    Attributes:
        loader: ``GRUB 2``, ``GRUB Legacy``, ``systemd-boot``, ``LILO``, ``extlinux``; ``None`` where none
            is found.
        configuration: The path of its configuration.
        entry: The entry that it would start; ``None`` where that cannot be told.
        kernels: The kernels of all entries.
        uses_bls: Whether the entries are Boot Loader Specification files.
        efi_only: Whether the configuration is on the EFI system partition alone.
    """

    loader: str | None = None
    configuration: str | None = None
    entry: BootEntry | None = None
    kernels: list[str] = field(default_factory=list)
    uses_bls: bool = False
    efi_only: bool = False


def read_boot(root: LinuxRoot, log: FindingLog) -> LinuxBoot:
    """Find the boot loader's configuration and its default entry."""
    boot = _grub2(root, log) or _legacy(root, log) or _others(root)
    if boot is None:
        log.add("BootloaderUnknown", "neither GRUB 2 nor GRUB Legacy is configured")
        return LinuxBoot()
    return boot


def _grub2(root: LinuxRoot, log: FindingLog) -> LinuxBoot | None:
    found = [(path, words) for path in _GRUB2 if (words := root.text(path, MAX_CONFIGURATION))]
    efi = [] if any(_is_menu(words) for _, words in found) else _efi_configurations(root)
    candidates = [item for item in found + efi if _is_menu(item[1])]
    if not candidates:
        return None
    if len(candidates) > 1 and not efi:
        log.add("SeveralGrubMenus", " and ".join(path for path, _ in candidates))
    path, words = candidates[0]
    configuration = parse_grub(words)
    folder = path.rpartition("/")[0]
    boot = LinuxBoot("GRUB 2", path, efi_only=not found)
    environment = parse_environment(root.read(f"{folder}/grubenv", 4096) or b"")
    if configuration.uses_bls:
        _use_bls(root, boot, configuration, environment, log)
    else:
        boot.entry = default_entry(configuration, environment)
        boot.kernels = [entry.kernel for entry in entries(configuration.menu) if entry.kernel]
    return boot


def _is_menu(words: str) -> bool:
    """Whether a grub.cfg has a menu, and is not a stub that loads another."""
    return "menuentry " in words or "blscfg" in words


def _efi_configurations(root: LinuxRoot) -> list[tuple[str, str]]:
    found = []
    for vendor in root.list("/boot/efi/EFI"):
        path = f"/boot/efi/EFI/{vendor}/grub.cfg"
        words = root.text(path, MAX_CONFIGURATION)
        if words:
            found.append((path, words))
    return found


def _use_bls(
    root: LinuxRoot,
    boot: LinuxBoot,
    configuration: GrubConfiguration,
    environment: dict[str, str],
    log: FindingLog,
) -> None:
    boot.uses_bls = True
    listed = bls.read_entries(root, _BLS_FOLDER, configuration.variables | environment)
    boot.entry = bls.default_of(listed, environment, configuration.default)
    boot.kernels = [entry.kernel for entry in listed if entry.kernel]
    if "saved_entry" in configuration.default and not environment.get("saved_entry"):
        log.add("BlsDefaultUnknown", f"grubenv sets no saved_entry; {len(listed)} entries in {_BLS_FOLDER}")
    elif boot.entry is None:
        wanted = environment.get("saved_entry", configuration.default)
        log.add("BlsDefaultUnknown", f"none of the {len(listed)} entries in {_BLS_FOLDER} is {wanted!r}")


def _legacy(root: LinuxRoot, log: FindingLog) -> LinuxBoot | None:
    menus: dict[str, str] = {}
    for path in _LEGACY:
        words = root.text(path)
        if words and "title" in words and words not in menus.values():
            menus[path] = words
    if not menus:
        return None
    if len(menus) > 1:
        log.add("SeveralGrubMenus", " and ".join(menus))
    path, words = next(iter(menus.items()))
    listed, default = parse_menu(words)
    entry = listed[default] if default < len(listed) else next(iter(listed), None)
    return LinuxBoot("GRUB Legacy", path, entry, [item.kernel for item in listed if item.kernel])


def _others(root: LinuxRoot) -> LinuxBoot | None:
    for path, name in (
        ("/boot/loader/loader.conf", "systemd-boot"),
        ("/boot/efi/loader/loader.conf", "systemd-boot"),
        ("/efi/loader/loader.conf", "systemd-boot"),
        ("/etc/lilo.conf", "LILO"),
        ("/boot/extlinux.conf", "extlinux"),
        ("/boot/extlinux/extlinux.conf", "extlinux"),
        ("/boot/syslinux/syslinux.cfg", "extlinux"),
    ):
        if root.exists(path):
            return LinuxBoot(name, path)
    return None
