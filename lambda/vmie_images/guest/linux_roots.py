"""Where Linux guests are: volumes and subvolumes that hold a root directory, and what they mount."""

from __future__ import annotations

from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.filesystems.btrfs import TOP_LEVEL, Btrfs, default_subvolume, subvolumes
from vmie_images.filesystems.tree import FileTree
from vmie_images.findings import FindingLog
from vmie_images.guest.fstab import FstabEntry, parse_fstab
from vmie_images.guest.linux_root import LinuxRoot
from vmie_images.volumes.volume import Volume

MAX_SUBVOLUMES = 12
"""Subvolumes of one file system that are looked into."""
_MARKS = (
    "/etc/os-release",
    "/usr/lib/os-release",
    "/etc/redhat-release",
    "/etc/SuSE-release",
    "/etc/debian_version",
)
_FOLDERS = frozenset({"bin", "etc", "sbin", "usr", "var"})
_MOUNTED = ("/boot", "/boot/efi", "/efi", "/usr")
_MOUNTED_IN_BOOT = frozenset({"efi", "lost+found"})
_NOTHING = frozenset({"none", "swap", "tmpfs"})
_BOOT_MARKS = ("grub", "grub2", "loader")


def find_roots(volumes: list[Volume], log: FindingLog) -> list[LinuxRoot]:
    """The Linux guests on the volumes, in the volumes' order; a mirror of one is the same guest."""
    roots: list[LinuxRoot] = []
    for volume in volumes:
        if any(volume.mirrors(root.volume) for root in roots):
            continue
        if volume.tree is None or volume.tree.name in ("NTFS", "FAT12", "FAT16", "FAT32"):
            continue
        try:
            root = _root_on(volume)
        except UnreadableLayoutError as error:
            volume.problem = str(error)
            log.for_disk(volume.disk).add("FileSystemUnreadable", f"{volume.described}: {error}")
        except CorruptImageError as error:
            volume.problem = error.found
            log.for_disk(volume.disk).add(
                error.code or "FileSystemDamaged", f"{volume.described} ({volume.filesystem}): {error.found}"
            )
        else:
            roots += [root] if root else []
    return roots


def _root_on(volume: Volume) -> LinuxRoot | None:
    if volume.btrfs is None:
        return LinuxRoot(volume, volume.tree) if volume.tree and _is_root(volume.tree) else None
    trees = volume.btrfs
    paths = {volume.identifier: volume.path for volume in subvolumes(trees)}
    default = default_subvolume(trees)
    usual = [
        number
        for number, path in sorted(paths.items(), key=lambda item: len(item[1]))
        if "snapshot" not in path
    ]
    candidates = list(dict.fromkeys([default, *usual]))
    for number in candidates[:MAX_SUBVOLUMES]:
        tree = Btrfs(trees, number)
        if _is_root(tree):
            volume.tree = tree
            return LinuxRoot(volume, tree, paths.get(number) if number != TOP_LEVEL else None)
    looked_into = set(candidates[:MAX_SUBVOLUMES]) - {TOP_LEVEL}
    if not looked_into.issuperset(paths):
        volume.problem = f"{len(looked_into)} of its {len(paths)} subvolumes were looked into"
    return None


def _is_root(tree: FileTree) -> bool:
    names = tree.names(tree.root())
    if "etc" not in names:
        return False
    if set(names) >= _FOLDERS:
        return True  # nothing else looks like that, and it spares the looks into a second system
    return any(tree.find(path, follow=False) is not None for path in _MARKS) or (
        tree.exists("/etc/fstab") and "usr" in names
    )


def mount_others(root: LinuxRoot, volumes: list[Volume]) -> list[tuple[FstabEntry, bool]]:
    """Mount what the guest's fstab says, as far as it matters here, and note what could not be.

    Returns:
        Every entry of the fstab, and whether its device is among the volumes.
    """
    entries = parse_fstab(root.text("/etc/fstab") or "")
    known = []
    for entry in entries:
        volume = next((volume for volume in volumes if volume.answers_to(entry.device)), None)
        known.append((entry, volume is not None))
        if entry.point in _MOUNTED and entry.type not in _NOTHING:
            tree = _tree_for(volume, entry) if volume is not None else None
            if volume is not None and tree is not None:
                root.mount(entry.point, tree, volume)
            else:
                root.unread.add(entry.point)
    if root.mounted("/boot") is None and not set(root.list("/boot")) - _MOUNTED_IN_BOOT:
        _guess_boot(root, volumes)
        if root.mounted("/boot") is None:
            root.unread.add("/boot")
    return known


def _tree_for(volume: Volume, entry: FstabEntry) -> FileTree | None:
    options = dict(option.partition("=")[::2] for option in entry.options)
    if volume.btrfs is not None and options.get("subvol"):
        wanted = options["subvol"].strip("/")
        for subvolume in subvolumes(volume.btrfs):
            if subvolume.path == wanted:
                return Btrfs(volume.btrfs, subvolume.identifier)
    return volume.tree


def _guess_boot(root: LinuxRoot, volumes: list[Volume]) -> None:
    """A guest whose fstab names no /boot may find it by its partition type."""
    for volume in volumes:
        if volume is root.volume or volume.tree is None or volume.tree.name == "NTFS":
            continue
        names = volume.tree.names(volume.tree.root())
        if any(mark in names for mark in _BOOT_MARKS) and any(name.startswith("vmlinuz") for name in names):
            root.mount("/boot", volume.tree, volume)
            return
