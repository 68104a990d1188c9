"""The recipes of the corpus: raw disks, partitioned, formatted and filled by other people's tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scripts.corpus import debian
from scripts.corpus.commands import blank, loop, mounted, run, uuid_of
from scripts.corpus.lvm_disks import lvm_bios, lvm_two_disks
from scripts.corpus.machine import ESP, GIB, LINUX, Machine, Stretch, Workshop, partition, place
from scripts.corpus.windows import windows_bios, windows_uefi


def ext4_bios(shop: Workshop) -> Machine:
    """One ext4 partition, as a small server is installed."""
    disk = shop.folder / "ext4-bios.raw"
    ((start, size),) = partition(disk, 20 * GIB, "label: dos\n2048,,83,*\n")
    _one_partition(shop, disk, start, size, "mkfs.ext4", "-q", "-L", "root", kind="ext4")
    return Machine("ext4-bios", (disk,), (Stretch(0, start, size),), boot_modes=("legacy-bios",))


def xfs_bios(shop: Workshop) -> Machine:
    """One XFS partition."""
    disk = shop.folder / "xfs-bios.raw"
    ((start, size),) = partition(disk, 12 * GIB, "label: dos\n2048,,83,*\n")
    _one_partition(shop, disk, start, size, "mkfs.xfs", "-q", "-f", kind="xfs")
    return Machine("xfs-bios", (disk,), (Stretch(0, start, size),), boot_modes=("legacy-bios",))


def _one_partition(shop: Workshop, disk: Path, start: int, size: int, *make: str, kind: str) -> None:
    with loop(disk, start, size) as device:
        run(*make, device)
        uuid = uuid_of(device)
        with mounted(device, shop.point) as target:
            fstab = f"UUID={uuid} / {kind} defaults 0 1\n"
            debian.install(shop.system, target, fstab=fstab, root_argument=f"UUID={uuid}", boot_uuid=uuid)
    debian.bios_loader(shop.system, disk, shop.scratch)


def btrfs_uefi(shop: Workshop) -> Machine:
    """GPT: an EFI system partition, /boot on ext4, the root on a btrfs subvolume."""
    disk = shop.folder / "btrfs-uefi.raw"
    script = f"label: gpt\nsize=200MiB,type={ESP}\nsize=600MiB,type={LINUX}\ntype={LINUX}\n"
    esp, boot, root = partition(disk, 20 * GIB, script)
    options = "subvol=@rootfs,compress=lzo"
    with loop(disk, *root) as device, loop(disk, *boot) as boot_device:
        run("mkfs.btrfs", "-q", "-f", device)
        run("mkfs.ext4", "-q", boot_device)
        uuid, boot_uuid = uuid_of(device), uuid_of(boot_device)
        with mounted(device, shop.point) as top:
            for name in ("@rootfs", "@home"):
                run("btrfs", "-q", "subvolume", "create", top / name)
        with mounted(device, shop.point, options) as target:
            (target / "boot").mkdir()
            with mounted(boot_device, target / "boot"):
                fstab = (
                    f"UUID={uuid} / btrfs subvol=@rootfs,compress=lzo 0 1\n"
                    f"UUID={uuid} /home btrfs subvol=@home 0 0\n"
                    f"UUID={boot_uuid} /boot ext4 defaults 0 2\n"
                    "UUID=AAAA-BBBB /boot/efi vfat umask=0077 0 1\n"
                )
                debian.install(
                    shop.system,
                    target,
                    fstab=fstab,
                    root_argument=f"UUID={uuid}",
                    boot_uuid=boot_uuid,
                    boot_prefix="",
                    more_arguments="rootflags=subvol=@rootfs",
                )
    image = shop.scratch / "esp.img"
    blank(image, esp[1])
    debian.efi_partition(shop.system, image, boot_uuid, shop.scratch)
    place(image, disk, esp[0])
    contents = (Stretch(0, *root, options="subvol=@rootfs"), Stretch(0, *boot))
    return Machine("btrfs-uefi", (disk,), contents, ("uefi",), frozenset({"BtrfsSubvolume"}))


def luks_bios(shop: Workshop) -> Machine:
    """/boot in the clear, everything else encrypted."""
    disk = shop.folder / "luks-bios.raw"
    boot, secret = partition(disk, 8 * GIB, "label: dos\n2048,1048576,83,*\n1050624,,83\n")
    with loop(disk, *secret) as device:
        cheap = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
        run("cryptsetup", "-q", "luksFormat", "--type", "luks2", *cheap, device, "-", given="corpus")
    with loop(disk, *boot) as device:
        run("mkfs.ext4", "-q", device)
        with mounted(device, shop.point) as target:
            run("cp", "-a", f"{shop.system}/boot/.", target)
    found = frozenset({"EncryptedVolume"})
    return Machine("luks-bios", (disk,), (Stretch(0, *boot),), findings=found, system=None)


def dual_boot(shop: Workshop) -> Machine:
    """Two systems, each on a partition of its own with a menu of its own."""
    disk = shop.folder / "dual-boot.raw"
    parts = partition(disk, 16 * GIB, "label: dos\nsize=8GiB,type=83,bootable\ntype=83\n")
    for start, size in parts:
        _one_partition(shop, disk, start, size, "mkfs.ext4", "-q", kind="ext4")
    found = frozenset({"SeveralOperatingSystems"})
    contents = tuple(Stretch(0, *part) for part in parts)
    return Machine("dual-boot", (disk,), contents, ("legacy-bios",), found)


def jfs_data(shop: Workshop) -> Machine:
    """A JFS file system, which the kernels of containers cannot mount: formatted and left empty."""
    disk = shop.folder / "jfs-data.raw"
    (part,) = partition(disk, 1 * GIB, "label: dos\n2048,,83,*\n")
    with loop(disk, *part) as device:
        run("mkfs.jfs", "-q", "-L", "data", device)
    return Machine("jfs-data", (disk,), findings=frozenset({"FileSystemUnreadable"}), system=None)


def windows_server_bios(shop: Workshop) -> Machine:
    """MBR: a system partition with the boot manager, and NTFS with Windows' own places."""
    disk = shop.folder / "windows-bios.raw"
    reserved, system = partition(disk, 20 * GIB, "label: dos\nsize=500MiB,type=7,bootable\ntype=7\n")
    windows_bios(disk, reserved, system, shop.scratch, shop.system / "usr")
    contents = (Stretch(0, *system, options="ro", kind="ntfs-3g"),)
    return Machine("windows-bios", (disk,), contents, ("legacy-bios",), system="windows")


def windows_server_uefi(shop: Workshop) -> Machine:
    """GPT: an EFI system partition with Windows' boot manager, Microsoft's reserved one, NTFS."""
    disk = shop.folder / "windows-uefi.raw"
    reserved, data = "E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
    script = f"label: gpt\nsize=100MiB,type={ESP}\nsize=16MiB,type={reserved}\ntype={data}\n"
    esp, _, system = partition(disk, 20 * GIB, script)
    image = windows_uefi(disk, esp, system, shop.scratch, shop.system / "usr")
    place(image, disk, esp[0])
    contents = (Stretch(0, *system, options="ro", kind="ntfs-3g"),)
    return Machine("windows-uefi", (disk,), contents, ("uefi",), system="windows")


RECIPES: dict[str, Callable[[Workshop], Machine]] = {
    "ext4-bios": ext4_bios,
    "xfs-bios": xfs_bios,
    "btrfs-uefi": btrfs_uefi,
    "lvm-bios": lvm_bios,
    "lvm-two-disks": lvm_two_disks,
    "luks-bios": luks_bios,
    "dual-boot": dual_boot,
    "jfs-data": jfs_data,
    "windows-bios": windows_server_bios,
    "windows-uefi": windows_server_uefi,
}
