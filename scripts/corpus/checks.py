"""The inspection, held against what other people's tools say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from scripts.corpus import hives, references
from scripts.corpus.commands import loop, mounted
from scripts.corpus.contents import compare_files
from scripts.corpus.machine import Machine, Stretch
from vmie_images import FileSource, ImageFile, Inspection, inspect_containers
from vmie_images.budget import LOCAL, Budget
from vmie_images.filesystems import btrfs_trees
from vmie_images.ranges import RangeSource
from vmie_images.volumes.volume import Volume

UNLIMITED = Budget(
    gets=1 << 40, bytes=1 << 60, steps=1 << 60, seconds=1e9, cache_bytes=32 << 20, single_read=64 << 20
)
"""A budget for reading everything."""
_PIECE = 1 << 20


@contextmanager
def inspected(files: list[Path], budget: Budget | None = None) -> Iterator[Inspection]:
    """An inspection of files, which stay open."""
    with ExitStack() as stack:
        sources = [ImageFile(stack.enter_context(FileSource(path)), path.name) for path in files]
        yield inspect_containers(sources, budget=budget)


def check_facts(machine: Machine, scratch: Path) -> list[str]:
    """Hold an inspection of the raw disks against sfdisk, blkid, findmnt, file, lsinitramfs and hivex."""
    wrong = []
    with inspected(list(machine.disks), LOCAL) as inspection:
        found = inspection.to_document()
        for number, disk in enumerate(machine.disks):
            listed = [
                (part["Number"], part["Start"], part["Size"]) for part in found["Disks"][number]["Partitions"]
            ]
            wrong += _differ(f"partitions of {disk.name}", references.partitions(disk), listed)
        wrong += _volumes(machine, inspection.volumes)
        missing = machine.findings - {finding.code for finding in inspection.findings}
        wrong += [f"{machine.name}: {code} should have been found" for code in sorted(missing)]
        guest = found["Guest"] or {}
        wrong += _differ("boot modes", list(machine.boot_modes), guest.get("BootModes", []))
        if machine.system == "debian":
            wrong += _linux(machine, guest, scratch)
        elif machine.system == "windows":
            wrong += _windows(guest, scratch)
        else:
            wrong += _differ("guest", {}, guest)
    return wrong


def _differ(what: str, reference: Any, ours: Any) -> list[str]:
    return (
        [] if reference == ours else [f"{what}: {reference!r} by the reference, {ours!r} by the inspection"]
    )


def _volumes(machine: Machine, volumes: list[Volume]) -> Iterator[str]:
    for volume in volumes:
        if volume.partition:
            place = (volume.disk_index, volume.partition.start, volume.partition.size)
        else:
            own = [part for part in machine.contents if part.volume == "/".join(volume.mapper or ())]
            if not own:
                continue
            place = (own[0].disk, own[0].start, own[0].size)
        said = references.held(machine.disks[place[0]], *place[1:])
        tree = volume.tree
        ours = references.Held(
            volume.filesystem, tree.uuid if tree else said.uuid, tree.label if tree else said.label
        )
        yield from _differ(volume.described, said, ours)


def _linux(machine: Machine, guest: dict[str, Any], scratch: Path) -> Iterator[str]:
    with ExitStack() as stack:
        points = [
            stack.enter_context(_mount(machine, part, scratch / f"facts{index}"))
            for index, part in enumerate(machine.contents)
        ]
        root, boot = points[0], points[0] / "boot"
        if machine.name != "dual-boot" and len(points) > 1:
            boot = points[1]
        version = references.kernel_version(next(boot.glob("vmlinuz-*")))
        yield from _differ("kernel", version, guest.get("Kernel"))
        yield from _differ(
            "system", references.pretty_name(root / "usr/lib/os-release"), guest.get("PrettyName")
        )
        ours = [(entry["Device"], entry["MountPoint"]) for entry in guest.get("Fstab", [])]
        yield from _differ("fstab", references.fstab(root / "etc/fstab"), ours)
        present = "nvme" in references.modules(boot / f"initrd.img-{version}")
        yield from _differ("NVMe in the initramfs", present, guest["Drivers"]["NvmeInInitramfs"])
        options = (boot / f"config-{version}").read_text()
        for driver, option in (("Ena", "CONFIG_ENA_ETHERNET"), ("Nvme", "CONFIG_BLK_DEV_NVME")):
            built = re.search(rf"^{option}=[ym]$", options, re.MULTILINE) is not None
            yield from _differ(f"driver {driver}", built, guest["Drivers"][driver])
        yield from _differ("architecture", "x86_64", guest.get("Architecture"))


def _windows(guest: dict[str, Any], scratch: Path) -> Iterator[str]:
    software, system = scratch / "hives" / "SOFTWARE", scratch / "hives" / "SYSTEM"
    yield from _differ(
        "product", hives.value(software, hives.VERSION, "ProductName"), guest.get("PrettyName")
    )
    build = hives.value(software, hives.VERSION, "CurrentBuildNumber")
    yield from _differ("build", build, str(guest.get("Version")).partition(".")[0])
    edition = hives.value(software, hives.VERSION, "EditionID").removeprefix("Server")
    yield from _differ("edition", edition, guest.get("Edition"))
    machine = hives.value(system, f"{hives.CONTROL}\\Session Manager\\Environment", "PROCESSOR_ARCHITECTURE")
    yield from _differ("architecture", {"AMD64": "x86_64"}.get(machine), guest.get("Architecture"))
    yield from _differ("drivers", {"Ena": True, "Nvme": True}, guest.get("Drivers"))


@contextmanager
def _mount(machine: Machine, part: Stretch, point: Path) -> Iterator[Path]:
    with loop(machine.disks[part.disk], part.start, part.size) as device:
        options = ",".join(filter(None, ["ro", part.options.removeprefix("ro")]))
        with mounted(device, point, options, part.kind) as target:
            yield target


def check_contents(machine: Machine, scratch: Path) -> tuple[int, list[str]]:
    """Hold every file against the kernel's reading of it; how many were compared, and what differs."""
    compared, wrong = 0, list[str]()
    # An inspection reads few nodes of few files; here all are read.
    with (
        mock.patch.object(btrfs_trees, "MAX_NODES", 1 << 40),
        inspected(list(machine.disks), UNLIMITED) as inspection,
    ):
        for part in machine.contents:
            volume = next(volume for volume in inspection.volumes if _is(volume, part))
            if volume.tree is None:
                wrong.append(f"{machine.name}: {volume.described} was not read: {volume.problem}")
                continue
            with _mount(machine, part, scratch / "contents") as top:
                count, different = compare_files(top, volume.tree)
            compared += count
            wrong += [f"{machine.name}, {volume.described}: {reason}" for reason in different[:10]]
    return compared, wrong


def _is(volume: Volume, part: Stretch) -> bool:
    if part.volume is not None:
        return "/".join(volume.mapper or ()) == part.volume
    held = volume.partition
    return held is not None and (volume.disk_index, held.start) == (part.disk, part.start)


def same_disk(raw: Path, disk: RangeSource) -> bool:
    """Whether a decoded disk equals the raw one, wherever the raw one holds data, and is zero where not."""
    with raw.open("rb") as file:
        size = file.seek(0, 2)
        if disk.size != size:
            return False
        at = 0
        while at < size:
            start = _seek(file.fileno(), at, os.SEEK_DATA, size)
            # Holes cost nothing to know and minutes to decode: their first bytes stand for them.
            if any(disk.read(at, min(4096, start - at))):
                return False
            end = _seek(file.fileno(), start, os.SEEK_HOLE, size)
            for offset in range(start, end, _PIECE):
                length = min(_PIECE, end - offset)
                if os.pread(file.fileno(), length, offset) != disk.read(offset, length):
                    return False
            at = end
    return True


def _seek(descriptor: int, at: int, whence: int, size: int) -> int:
    try:
        return os.lseek(descriptor, at, whence)
    except OSError:  # ENXIO: nothing of the kind lies behind
        return size
