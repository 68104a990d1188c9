"""GRUB 2's configuration: its menu, and which entry it would start by default.

Only what ``grub-mkconfig`` writes is understood; it is not a shell.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from vmie_images.guest.boot_entry import BootEntry
from vmie_images.guest.grub_settings import path_of, read_settings, resolve

MAX_CONFIGURATION = 256 * 1024
"""Bytes of grub.cfg that are read."""
MAX_MENU = 512
MAX_DEPTH = 8
MAX_INITRDS = 8
"""Initial file systems of one entry."""

_BLS_COMMAND = re.compile(r"blscfg\b")
_ID_OPTIONS = ("--id", "$menuentry_id_option", "${menuentry_id_option}")


@dataclass
class Menu:
    """A menu or submenu: entries and menus in order."""

    title: str = ""
    identifier: str | None = None
    items: list[BootEntry | Menu] = field(default_factory=list)


@dataclass(frozen=True)
class GrubConfiguration:
    """What a grub.cfg says.

    Attributes:
        menu: The menu.
        default: The default entry as ``set default=`` gives it, variables unresolved.
        uses_bls: Whether it takes its entries from Boot Loader Specification files.
        variables: Every variable that is set to a constant, there or in grubenv.
    """

    menu: Menu
    default: str
    uses_bls: bool
    variables: dict[str, str]


def parse_grub(words: str, environment: Mapping[str, str] | None = None) -> GrubConfiguration:
    """Read a grub.cfg.

    Args:
        words: Its text.
        environment: The variables of its grubenv block. Default: none.
    """
    words = words[:MAX_CONFIGURATION]
    settings = read_settings(words)
    variables = settings.variables | dict(environment or {})
    return GrubConfiguration(
        menu=_menu(words, variables),
        default=settings.default,
        uses_bls=any(_BLS_COMMAND.match(line.strip()) for line in words.splitlines()),
        variables=variables,
    )


def parse_environment(data: bytes) -> dict[str, str]:
    """The variables of a grubenv block."""
    lines = data.decode("utf-8", "replace").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}


def default_entry(configuration: GrubConfiguration, environment: dict[str, str]) -> BootEntry | None:
    """The entry that would start; ``None`` where the menu has none.

    A default that names no entry means the first, as it does to GRUB.
    """
    wanted = configuration.default
    if "saved_entry" in wanted:
        wanted = environment.get("saved_entry", "0")
    menu: BootEntry | Menu | None = configuration.menu
    for part in wanted.split(">"):
        if isinstance(menu, Menu):
            menu = _select(menu, part.strip())
    if menu is None or (isinstance(menu, Menu) and not menu.items):
        menu = configuration.menu
    return _first(menu)


def _select(menu: Menu, wanted: str) -> BootEntry | Menu | None:
    if wanted.isascii() and wanted.isdigit():
        index = int(wanted[:6])
        return menu.items[index] if index < len(menu.items) else None
    return next((item for item in menu.items if wanted in (item.identifier, item.title)), None)


def _first(item: BootEntry | Menu | None) -> BootEntry | None:
    for _ in range(MAX_DEPTH):
        if item is None or isinstance(item, BootEntry):
            return item
        entries = [entry for entry in item.items if isinstance(entry, BootEntry)]
        item = entries[0] if entries else next(iter(item.items), None)
    return None


def entries(menu: Menu) -> list[BootEntry]:
    """Every entry of a menu and its submenus."""
    found = []
    for item in menu.items:
        found += [item] if isinstance(item, BootEntry) else entries(item)
    return found


def _menu(words: str, variables: Mapping[str, str]) -> Menu:
    top = Menu()
    menus, count = [top], 0
    block: list[str] = []
    inside: tuple[str, str | None] | None = None
    for line in words.splitlines():
        stripped = line.strip()
        if inside is not None:
            if stripped == "}":
                menus[-1].items.append(_entry(*inside, block, variables))
                inside, block = None, []
            else:
                block.append(stripped)
        elif stripped.startswith(("menuentry ", "menuentry\t")) and stripped.endswith("{"):
            inside = _heading(stripped)
            count += 1
        elif stripped.startswith("submenu ") and stripped.endswith("{") and len(menus) < MAX_DEPTH:
            submenu = Menu(*_heading(stripped))
            menus[-1].items.append(submenu)
            menus.append(submenu)
        elif stripped == "}" and len(menus) > 1:
            menus.pop()
        if count > MAX_MENU:
            break
    return top


def _heading(line: str) -> tuple[str, str | None]:
    """Title and id of ``menuentry 'title' ... --id 'id' {``."""
    try:
        words = shlex.split(line.rstrip("{"))
    except ValueError:
        words = line.rstrip("{").split()
    title = words[1] if len(words) > 1 else ""
    identifier = None
    for option, value in itertools.pairwise(words):
        if option in _ID_OPTIONS:
            identifier = value
    return title, identifier


def _entry(title: str, identifier: str | None, lines: list[str], variables: Mapping[str, str]) -> BootEntry:
    linux, initrd = "", ""
    for line in lines:
        command, rest = (*line.split(maxsplit=1), "", "")[:2]
        if command in ("linux", "linux16", "linuxefi"):
            linux = rest
        elif command in ("initrd", "initrd16", "initrdefi"):
            initrd = rest
    kernel, arguments = (*linux.split(maxsplit=1), "", "")[:2]
    initrds = (path_of(word, variables) for word in initrd.split()[:MAX_INITRDS])
    return BootEntry(
        title,
        identifier,
        path_of(kernel, variables),
        resolve(arguments, variables),
        tuple(path for path in initrds if path is not None),
    )
