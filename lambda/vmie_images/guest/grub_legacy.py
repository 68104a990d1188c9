"""The menu of GRUB Legacy (GRUB 0.97): menu.lst or grub.conf."""

from __future__ import annotations

import re

from vmie_images.guest.boot_entry import BootEntry


def parse_menu(words: str) -> tuple[list[BootEntry], int]:
    """The entries in order, and the number of the default one."""
    entries: list[BootEntry] = []
    default = 0
    for line in words.splitlines()[:2000]:
        command, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        rest = rest.strip()
        if command == "default" and rest[:4].isdigit():
            default = int(rest[:4])
        elif command == "title":
            entries.append(BootEntry(line.strip()[5:].strip(" ="), None, None))
        elif command in ("kernel", "initrd") and entries:
            path, _, arguments = line.strip().partition(" ")[2].strip().partition(" ")
            path = re.sub(r"^\([^)]*\)", "", path)
            last = entries[-1]
            if command == "kernel":
                entries[-1] = BootEntry(last.title, None, path, arguments, last.initrds)
            else:
                entries[-1] = BootEntry(last.title, None, last.kernel, last.arguments, (path,))
    return entries, default
