"""From the disks to the guest on them."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.findings import FindingLog
from vmie_images.guest.boot_modes import BootSetup, read_boot_setup
from vmie_images.guest.guest import Guest
from vmie_images.guest.initramfs import SAMPLE
from vmie_images.guest.linux import LinuxFacts, read_linux
from vmie_images.guest.linux_guest import describe_linux
from vmie_images.guest.linux_roots import find_roots
from vmie_images.guest.windows import find_windows
from vmie_images.guest.windows_guest import describe_windows
from vmie_images.verdict.disk_rules import judge_places
from vmie_images.verdict.linux_rules import judge_linux
from vmie_images.verdict.windows_rules import judge_windows
from vmie_images.volumes.survey import Disk, survey
from vmie_images.volumes.volume import Volume

_HARMLESS = frozenset({"swap", "FAT", "exFAT"})
"""Kinds of volume that hold no operating system of their own."""
_PARTIAL = ("InspectionIncomplete", "MbrExtendedDamaged", "ReaderFault")
"""Findings that say that the inspection does not see all of the disks."""
_START = 96 * 1024
"""Bytes at a volume's start by which it was probed; zeros there mean that it is empty."""


@dataclass
class Examination:
    """What was found on the disks; filled step by step, so that a spent budget leaves what was found
    before."""

    volumes: list[Volume] = field(default_factory=list)
    guest: Guest | None = None
    system_disk: int | None = None
    """The place, from 0, of the disk that holds the guest's system."""


def examine(
    disks: list[Disk],
    examination: Examination,
    log: FindingLog,
    initramfs_limit: int = SAMPLE,
    region: str | None = None,
    whole: bool = True,
) -> None:
    """Find the volumes and the guest, and hold the guest against the requirements.

    Args:
        disks: The disks.
        examination: Receives what is found.
        log: Receives what is wrong.
        initramfs_limit: Bytes to read of each initial file system of a Linux guest.
        region: The Region that is to import it.
        whole: Whether these are all the machine's disks; where one could not be read the system may be there.
    """
    tables = [disk.table for disk in disks]
    examination.volumes = volumes = survey(disks, log)
    setup = read_boot_setup(tables, volumes)
    roots = find_roots(volumes, log)
    windows = find_windows(volumes, log)
    if len(roots) + len(windows) > 1:
        places = [root.volume.described for root in roots] + [facts.volume.described for facts in windows]
        stale = any(not root.volume.clean for root in roots) or any(
            not facts.volume.clean for facts in windows
        )
        log.doubting(stale).add("SeveralOperatingSystems", f"systems on {', '.join(places)}")
    if windows:
        system = windows[0].volume
        disk_log = log.for_disk(system.disk)
        examination.system_disk = system.disk_index
        examination.guest = describe_windows(windows[0], setup)
        judge_windows(windows[0], setup, tables, disk_log, region)
        judge_places(system, disk_log)
    elif roots:
        facts = LinuxFacts(roots[0])
        system = roots[0].volume
        disk_log = log.for_disk(system.disk)
        examination.system_disk = system.disk_index
        judge_places(system, disk_log)
        try:
            _examine_linux(facts, volumes, setup, disk_log, initramfs_limit)
        finally:
            examination.guest = describe_linux(facts, setup)
    else:
        _report_nothing(volumes, log, whole and not log.has(*_PARTIAL))


def _examine_linux(
    facts: LinuxFacts, volumes: list[Volume], setup: BootSetup, log: FindingLog, initramfs_limit: int
) -> None:
    volume = facts.root.volume
    try:
        read_linux(facts, volumes, log, initramfs_limit)
    except CorruptImageError as error:
        found = f"{volume.described} ({volume.filesystem}): {error.found}"
        log.doubting(not volume.settled).add(error.code or "FileSystemDamaged", found)
    except UnreadableLayoutError as error:
        log.add("FileSystemUnreadable", f"{volume.described}: {error}")
    else:
        judge_linux(facts, setup, log)


def _report_nothing(volumes: list[Volume], log: FindingLog, whole: bool) -> None:
    if all(volume.kind is None and volume.partition is None for volume in volumes):
        return  # a disk without partitions says enough
    if any(volume.encrypted for volume in volumes):
        return  # which was said already
    logical = any(volume.mapper for volume in volumes)
    broken = any(finding.code in ("LvmDamaged", "LvmIncomplete", "LvmUnreadable") for finding in log.findings)
    lvm_is_whole = logical and not broken
    unread = [volume for volume in volumes if volume.problem or _may_hold_a_system(volume, lvm_is_whole)]
    if unread or not whole:
        listed = ", ".join(f"{volume.described} ({volume.filesystem or 'unknown'})" for volume in unread[:4])
        rest = listed or "a part of the disks"
        log.add("GuestUnknown", f"no system where it can be read; not read: {rest}")
    else:
        kinds = (f"{volume.described}: {volume.filesystem or 'empty'}" for volume in volumes[:6])
        stale = any(not volume.clean for volume in volumes)
        log.doubting(stale).add("NoOperatingSystem", ", ".join(kinds))


def _may_hold_a_system(volume: Volume, lvm_is_whole: bool) -> bool:
    """Whether a volume without a readable file system holds something that the inspection does not know."""
    if volume.kind == "LVM":
        return not lvm_is_whole
    if volume.tree is not None or volume.kind in _HARMLESS:
        return False
    return volume.kind is not None or any(volume.data.read(0, _START))
