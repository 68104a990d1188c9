"""A disk that is laid out and filled as Windows does it, with hives that hivex wrote.

Nothing of Microsoft's is in it: programs are placeholders, and other files stand in for Windows' own.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.corpus.commands import blank, loop, mounted, run
from scripts.corpus.hives import write_hives

_BOOT_CODE = bytes.fromhex("33c08ed0bc007c")
_PLACEHOLDER = b"MZ a placeholder for a program of Windows\n"
FOLDERS = ("share/zoneinfo", "share/doc", "lib/python3")
"""Folders of the Debian system whose files stand in for those of Windows."""


def windows_bios(
    disk: Path, reserved: tuple[int, int], system: tuple[int, int], scratch: Path, files: Path
) -> None:
    """Fill the partitions of a disk that starts by a BIOS."""
    with disk.open("r+b") as file:
        file.write(_BOOT_CODE)
    with loop(disk, *reserved) as device:
        run("mkntfs", "-fqF", "-L", "System Reserved", device)
        with mounted(device, scratch / "mounted", kind="ntfs-3g") as target:
            (target / "Boot").mkdir()
            (target / "Boot" / "BCD").write_bytes(b"regf")
            (target / "bootmgr").write_bytes(_PLACEHOLDER)
    _fill(disk, system, scratch, files)


def windows_uefi(
    disk: Path, esp: tuple[int, int], system: tuple[int, int], scratch: Path, files: Path
) -> Path:
    """Fill the system's partition; the EFI system partition is returned as an image to be put in place."""
    _fill(disk, system, scratch, files)
    image, loader = scratch / "esp.img", scratch / "bootmgfw.efi"
    blank(image, esp[1])
    loader.write_bytes(_PLACEHOLDER)
    run("mkfs.vfat", "-F", "32", "-n", "SYSTEM", image)
    run("mmd", "-i", image, "::EFI", "::EFI/Boot", "::EFI/Microsoft", "::EFI/Microsoft/Boot")
    run("mcopy", "-i", image, loader, "::EFI/Boot/bootx64.efi")
    run("mcopy", "-i", image, loader, "::EFI/Microsoft/Boot/bootmgfw.efi")
    return image


def _fill(disk: Path, system: tuple[int, int], scratch: Path, files: Path) -> None:
    hives = scratch / "hives"
    if not hives.exists():
        hives.mkdir()
        write_hives(hives)
    with loop(disk, *system) as device:
        run("mkntfs", "-fqF", "-L", "Windows", device)
        with mounted(device, scratch / "mounted", kind="ntfs-3g") as target:
            config = target / "Windows" / "System32" / "config"
            config.mkdir(parents=True)
            for hive in sorted(hives.iterdir()):
                shutil.copy(hive, config / hive.name)
            (target / "Windows" / "System32" / "ntoskrnl.exe").write_bytes(_PLACEHOLDER)
            (target / "Program Files").mkdir()
            for folder in FOLDERS:
                _copy(files / folder, target / "Program Files" / folder.replace("/", " "))


def _copy(source: Path, target: Path) -> None:
    """Copy regular files by names that Windows allows and that differ in more than case."""
    seen: set[str] = set()
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink() or not path.is_file() or set(name) & set('<>:"\\|?*') or name.lower() in seen:
            continue
        seen.add(name.lower())
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
