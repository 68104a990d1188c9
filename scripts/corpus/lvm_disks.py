"""The recipes whose root is on a logical volume."""

from __future__ import annotations

from pathlib import Path

from scripts.corpus import debian
from scripts.corpus.commands import loop, mounted, output, run, uuid_of
from scripts.corpus.machine import GIB, MIB, Machine, Stretch, Workshop, partition

LVM = 'devices{use_devicesfile=0 filter=["a|loop|","r|.*|"]} global{activation=0}'
"""Without device-mapper, which containers lack, LVM still writes and reads its metadata."""
EXTENT = 4 * MIB
_ROOT, _SWAP = 1500, 100
_DEVICE = "/dev/mapper/vg0-root"


def lvm_bios(shop: Workshop) -> Machine:
    """/boot on ext4, the root on a logical volume."""
    disk = shop.folder / "lvm-bios.raw"
    boot, physical = partition(disk, 10 * GIB, "label: dos\n2048,1048576,83,*\n1050624,,8e\n")
    with loop(disk, *physical) as device:
        _group(device)
        _logical("root", _ROOT, device)
        _logical("swap", _SWAP, device)
    root = (physical[0] + _first_extent(disk, physical), _ROOT * EXTENT)
    _install(shop, disk, boot, (disk, *root))
    contents = (Stretch(0, *root, volume="vg0/root"), Stretch(0, *boot))
    return Machine("lvm-bios", (disk,), contents, ("legacy-bios",))


def lvm_two_disks(shop: Workshop) -> Machine:
    """/boot on the first disk, the root on a logical volume of the second; each a file of its own."""
    disks = (shop.folder / "lvm-two-disks-1.raw", shop.folder / "lvm-two-disks-2.raw")
    boot, first = partition(disks[0], 2 * GIB, "label: dos\n2048,1048576,83,*\n1050624,,8e\n")
    (second,) = partition(disks[1], 8 * GIB, "label: dos\n2048,,8e\n")
    with loop(disks[0], *first) as one, loop(disks[1], *second) as two:
        _group(one, two)
        _logical("swap", _SWAP, one)
        _logical("root", _ROOT, two)
    root = (second[0] + _first_extent(disks[1], second), _ROOT * EXTENT)
    _install(shop, disks[0], boot, (disks[1], *root))
    contents = (Stretch(1, *root, volume="vg0/root"), Stretch(0, *boot))
    found = frozenset({"SystemNotOnBootDisk"})
    return Machine("lvm-two-disks", disks, contents, ("legacy-bios",), found)


def _group(*devices: str) -> None:
    run("pvcreate", "--config", LVM, "-qq", "-ff", "-y", *devices)
    run("vgcreate", "--config", LVM, "-qq", "vg0", *devices)


def _logical(name: str, extents: int, device: str) -> None:
    inactive = ("-an", "-Zn", "-Wn")
    run("lvcreate", "--config", LVM, "-qq", *inactive, "-l", str(extents), "-n", name, "vg0", device)


def _first_extent(disk: Path, physical: tuple[int, int]) -> int:
    """Where the extents of a physical volume begin, as LVM says; each first volume begins there."""
    with loop(disk, *physical) as device:
        words = ("--noheadings", "--nosuffix", "--units", "b", "-o", "pe_start", device)
        return int(output("pvs", "--config", LVM, *words))


def _install(shop: Workshop, disk: Path, boot: tuple[int, int], root: tuple[Path, int, int]) -> None:
    """Install with /boot on a partition of its own."""
    with loop(root[0], *root[1:]) as device, loop(disk, *boot) as boot_device:
        run("mkfs.ext4", "-q", device)
        run("mkfs.ext4", "-q", boot_device)
        boot_uuid = uuid_of(boot_device)
        with mounted(device, shop.point) as target:
            (target / "boot").mkdir()
            with mounted(boot_device, target / "boot"):
                debian.install(
                    shop.system,
                    target,
                    fstab=f"{_DEVICE} / ext4 errors=remount-ro 0 1\n"
                    f"UUID={boot_uuid} /boot ext4 defaults 0 2\n"
                    "/dev/mapper/vg0-swap none swap sw 0 0\n",
                    root_argument=_DEVICE,
                    boot_uuid=boot_uuid,
                    boot_prefix="",
                )
    debian.bios_loader(shop.system, disk, shop.scratch, "/grub")
