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
MAX_ENVIRONMENT = 4096
"""Bytes of grubenv that are read; GRUB writes 1,024."""


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
        unknown: Why the entry cannot be told, where that says nothing against the guest.
    """

    loader: str | None = None
    configuration: str | None = None
    entry: BootEntry | None = None
    kernels: list[str] = field(default_factory=list)
    uses_bls: bool = False
    efi_only: bool = False
    unknown: str | None = None


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
    if len({words for _, words in candidates}) > 1 and not efi:
        log.add("SeveralGrubMenus", " and ".join(path for path, _ in candidates))
    path, words = candidates[0]
    environment = _Environment(root, f"{path.rpartition('/')[0]}/grubenv")
    configuration = parse_grub(words, environment.variables)
    boot = LinuxBoot("GRUB 2", path, efi_only=not found)
    if configuration.uses_bls:
        _use_bls(root, boot, configuration, environment, log)
        return boot
    boot.kernels = [entry.kernel for entry in entries(configuration.menu) if entry.kernel]
    if environment.missing and "saved_entry" in configuration.default:
        boot.unknown = environment.missing
    else:
        boot.entry = default_entry(configuration, environment.variables)
    return boot


class _Environment:
    """A grubenv block.

    Attributes:
        variables: What it sets.
        missing: Why that cannot be told; ``None`` where there is a block, or certainly none.
    """

    def __init__(self, root: LinuxRoot, path: str) -> None:
        data = root.read(path, MAX_ENVIRONMENT)
        self.variables = parse_environment(data or b"")
        target = root.link(path) if data is None else None
        self.missing: str | None = None
        if target is not None:
            self.missing = f"{path} leads to {target}, which is on none of the file systems that can be read"
        elif data is None and root.hides(path):
            self.missing = f"{path} is on a file system that cannot be read"


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
    environment: _Environment,
    log: FindingLog,
) -> None:
    boot.uses_bls = True
    listed = bls.read_entries(root, _BLS_FOLDER, configuration.variables)
    boot.entry = bls.default_of(listed, environment.variables, configuration.default)
    boot.kernels = [entry.kernel for entry in listed if entry.kernel]
    saved = environment.variables.get("saved_entry")
    if boot.entry is not None:
        return
    if environment.missing or root.hides(_BLS_FOLDER):
        boot.unknown = environment.missing or f"{_BLS_FOLDER} is on a file system that cannot be read"
    elif "saved_entry" in configuration.default and not saved:
        log.add("BlsDefaultUnknown", f"grubenv sets no saved_entry; {len(listed)} entries in {_BLS_FOLDER}")
    else:
        # GRUB starts the first entry then; what the service does is not known.
        wanted = saved or configuration.default
        boot.unknown = f"none of the {len(listed)} entries in {_BLS_FOLDER} is {wanted!r}"


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
