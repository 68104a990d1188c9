"""Boot Loader Specification entries, as GRUB 2 and zipl read them on Fedora and Red Hat systems.

Source: uapi-group.org/specifications/specs/boot_loader_specification, and GRUB's blscfg module.
"""

from __future__ import annotations

import re

from vmie_images.guest.boot_entry import BootEntry
from vmie_images.guest.grub import MAX_INITRDS
from vmie_images.guest.grub_settings import path_of, resolve
from vmie_images.guest.linux_root import LinuxRoot

MAX_ENTRIES = 64
_KEYS = frozenset({"title", "linux", "initrd", "options"})


def read_entries(root: LinuxRoot, folder: str, variables: dict[str, str]) -> list[BootEntry]:
    """The entries of a folder, in the order of GRUB's menu: newest version first.

    Args:
        root: The guest.
        folder: Usually ``/boot/loader/entries``.
        variables: GRUB's variables, which entries may refer to.
    """
    names = [name for name in root.list(folder) if name.endswith(".conf")][:MAX_ENTRIES]
    names.sort(key=_version_key, reverse=True)
    return [
        _entry(name.removesuffix(".conf"), root.text(f"{folder}/{name}") or "", variables) for name in names
    ]


def default_of(entries: list[BootEntry], environment: dict[str, str], default: str) -> BootEntry | None:
    """The entry that would start; ``None`` where the variable that should name it is not set."""
    wanted = environment.get("saved_entry") if "saved_entry" in default else default
    if wanted is None:
        return None
    if wanted.isascii() and wanted.isdigit():
        index = int(wanted[:6])
        return entries[index] if index < len(entries) else None
    return next((entry for entry in entries if wanted in (entry.identifier, entry.title)), None)


def _entry(identifier: str, words: str, variables: dict[str, str]) -> BootEntry:
    fields: dict[str, list[str]] = {}
    for line in words.splitlines():
        key, value = (*line.split(maxsplit=1), "", "")[:2]
        if key in _KEYS:
            fields.setdefault(key, []).append(value.strip())
    title, linux = " ".join(fields.get("title", [identifier])), next(iter(fields.get("linux", [])), "")
    initrds = (path_of(word, variables) for word in " ".join(fields.get("initrd", [])).split()[:MAX_INITRDS])
    return BootEntry(
        title=resolve(title, variables),
        identifier=identifier,
        kernel=path_of(linux, variables),
        arguments=resolve(" ".join(fields.get("options", [])), variables),
        initrds=tuple(path for path in initrds if path is not None),
    )


def _version_key(name: str) -> list[tuple[int, int, str]]:
    """Numbers compare as numbers, words as words, and any number is newer than any word."""
    parts = re.findall(r"\d+|[A-Za-z]+", name)
    return [(1, int(part[:18]), "") if part.isdigit() else (0, 0, part) for part in parts]
