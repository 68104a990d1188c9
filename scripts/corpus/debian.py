"""A Debian system, as debootstrap makes it, and the boot files around it."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.corpus.commands import output, run

SUITE = "bookworm"
_PACKAGES = (
    "linux-image-amd64",
    "systemd-sysv",
    "initramfs-tools",
    "ifupdown",
    "openssh-server",
    "e2fsprogs",
    "xfsprogs",
    "btrfs-progs",
    "lvm2",
    "grub-pc-bin",
    "grub-efi-amd64-bin",
    "python3",
)
_INTERFACES = "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n"


def system(folder: Path) -> Path:
    """The system's files, made once and kept in ``folder``."""
    root, done = folder / "debian", folder / "debian.made"
    if not done.exists():
        shutil.rmtree(root, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", SUITE, root)
        done.touch()
    return root


def kernel(root: Path) -> str:
    """The version of the system's kernel, which its modules are filed under."""
    return next((root / "lib" / "modules").iterdir()).name


def install(
    root: Path,
    target: Path,
    *,
    fstab: str,
    root_argument: str,
    boot_uuid: str,
    boot_prefix: str = "/boot",
    more_arguments: str = "",
) -> None:
    """Copy the system to where its file systems are mounted, and configure it to start from there.

    Args:
        root: The system's files.
        target: Where its root is mounted, with what else it mounts below.
        fstab: Its table of file systems.
        root_argument: What ``root=`` says to the kernel.
        boot_uuid: The file system that GRUB finds kernels on.
        boot_prefix: Where they are on it.
        more_arguments: Further kernel arguments.
    """
    run("cp", "-a", f"{root}/.", target)
    (target / "etc" / "fstab").write_text(fstab)
    (target / "etc" / "hostname").write_text("corpus\n")
    (target / "etc" / "network" / "interfaces").write_text(_INTERFACES)
    grub = target / "boot" / "grub"
    grub.mkdir(exist_ok=True)
    version = kernel(root)
    (grub / "grub.cfg").write_text(
        'set default="0"\nset timeout=5\n'
        "menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {\n"
        f"\tsearch --no-floppy --fs-uuid --set=root {boot_uuid}\n"
        f"\tlinux\t{boot_prefix}/vmlinuz-{version} root={root_argument} ro net.ifnames=0 "
        f"console=ttyS0 {more_arguments}\n"
        f"\tinitrd\t{boot_prefix}/initrd.img-{version}\n}}\n"
    )


def bios_loader(root: Path, disk: Path, scratch: Path, prefix: str = "/boot/grub") -> None:
    """GRUB's first stage into the boot record, and its core behind it."""
    modules = root / "usr/lib/grub/i386-pc"
    core = scratch / "core.img"
    wanted = "biosdisk part_msdos part_gpt ext2 xfs btrfs lvm normal search search_fs_uuid linux configfile"
    run("grub-mkimage", "-d", modules, "-O", "i386-pc", "-o", core, "-p", prefix, *wanted.split())
    with disk.open("r+b") as file:
        file.write((modules / "boot.img").read_bytes()[:440])
        file.seek(512)
        file.write(core.read_bytes())


def efi_partition(root: Path, image: Path, boot_uuid: str, scratch: Path) -> None:
    """A FAT32 EFI system partition with GRUB as the fallback loader and as Debian's own."""
    early, loader = scratch / "early.cfg", scratch / "BOOTX64.EFI"
    early.write_text(
        f"search --no-floppy --fs-uuid --set=root {boot_uuid}\nconfigfile ($root)/grub/grub.cfg\n"
    )
    wanted = "part_gpt part_msdos fat ext2 btrfs normal search search_fs_uuid linux configfile"
    modules = root / "usr/lib/grub/x86_64-efi"
    options = ("-O", "x86_64-efi", "-p", "/grub")
    run("grub-mkimage", "-d", modules, "-c", early, "-o", loader, *options, *wanted.split())
    run("mkfs.vfat", "-F", "32", "-i", "AAAABBBB", "-n", "EFI", image)
    run("mmd", "-i", image, "::EFI", "::EFI/BOOT", "::EFI/debian")
    for place in ("::EFI/BOOT/BOOTX64.EFI", "::EFI/debian/grubx64.efi"):
        run("mcopy", "-i", image, loader, place)


def package_version(root: Path, package: str) -> str:
    """The version of an installed package, as dpkg says it."""
    return output("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${Version}", package)
