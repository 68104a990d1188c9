"""What other people's tools say about a disk of the corpus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.corpus.commands import SECTOR, document, output

_KINDS = {
    "vfat": "FAT32",
    "xfs": "XFS",
    "ntfs": "NTFS",
    "LVM2_member": "LVM",
    "crypto_LUKS": "LUKS",
    "jfs": "JFS",
}
"""What blkid calls otherwise than an inspection does."""


@dataclass(frozen=True)
class Held:
    """What a stretch of a disk holds: kind, UUID and label, each ``None`` where there is none."""

    kind: str | None
    uuid: str | None
    label: str | None


def partitions(disk: Path) -> list[tuple[int, int, int]]:
    """Number, first byte and bytes of each partition, as sfdisk reads them."""
    listed = document("sfdisk", "--json", disk)["partitiontable"]["partitions"]
    return [
        (int(re.sub(r".*\D", "", part["node"])), part["start"] * SECTOR, part["size"] * SECTOR)
        for part in listed
    ]


def held(disk: Path, start: int, size: int) -> Held:
    """What blkid says of a stretch."""
    try:
        printed = output("blkid", "-p", "-O", str(start), "-S", str(size), "-o", "export", disk)
    except RuntimeError:
        return Held(None, None, None)  # blkid ends with 2 where it knows nothing
    said = dict(re.sub(r"\\(.)", r"\1", line).partition("=")[::2] for line in printed.splitlines())
    kind = said.get("TYPE")
    return Held(_KINDS.get(kind or "", kind), said.get("UUID"), said.get("LABEL"))


def image(path: Path, driver: str) -> dict[str, Any]:
    """What ``qemu-img info`` says of a file."""
    info: dict[str, Any] = document("qemu-img", "info", "--output=json", "-f", driver, path)
    return info


def kernel_version(path: Path) -> str:
    """The version of a kernel, as ``file`` reads it."""
    match = re.search(r"version (\S+)", output("file", "-b", path))
    return match[1] if match else ""


def pretty_name(release: Path) -> str:
    """The system's name, as a shell reads os-release."""
    return output("sh", "-c", '. "$1" && printf %s "$PRETTY_NAME"', "sh", release)


def fstab(path: Path) -> list[tuple[str, str]]:
    """Device and mount point of each entry, as findmnt reads them."""
    listed = document("findmnt", "--json", "--list", "-o", "SOURCE,TARGET", "--tab-file", path)
    return [(entry["source"], entry["target"]) for entry in listed["filesystems"]]


def modules(initramfs: Path) -> set[str]:
    """The modules in an initial file system, as lsinitramfs lists them."""
    names = (line.rpartition("/")[2] for line in output("lsinitramfs", initramfs).splitlines())
    return {name.partition(".ko")[0].replace("-", "_") for name in names if ".ko" in name}
