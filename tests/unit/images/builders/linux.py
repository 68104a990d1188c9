"""Linux guests, in memory."""

from __future__ import annotations

import gzip
import struct

from tests.unit.images.builders.memory_tree import MemoryTree, volume
from vmie_images.findings import Finding, FindingLog
from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.guest import Guest
from vmie_images.guest.linux import LinuxFacts, read_linux
from vmie_images.guest.linux_guest import describe_linux
from vmie_images.guest.linux_roots import find_roots
from vmie_images.verdict.linux_rules import judge_linux
from vmie_images.volumes.volume import Volume

ROOT = "11111111-2222-4333-8444-555555555555"
KERNEL = "6.1.0-25-amd64"
RELEASE = (
    'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
)


def menu(kernel: str = KERNEL, arguments: str = "ro net.ifnames=0") -> str:
    """A grub.cfg with one entry."""
    return (
        'set default="0"\n'
        "menuentry 'Debian' --id 'simple' {\n"
        f"\tlinux /boot/vmlinuz-{kernel} root=UUID={ROOT} {arguments}\n"
        f"\tinitrd /boot/initrd.img-{kernel}\n"
        "}\n"
    )


def kernel_image(wide: bool = True, version: str = "6.1.0-25-amd64 (test)") -> bytes:
    """The setup header of an x86 kernel."""
    image = bytearray(4096)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x20F)
    struct.pack_into("<H", image, 0x20E, 0x400)
    image[0x236] = 1 if wide else 0
    image[0x600 : 0x600 + len(version)] = version.encode()
    return bytes(image)


def cpio(*names: str, content: bytes = b"content") -> bytes:
    """A cpio archive with these members."""
    archive = b""
    for inode, name in enumerate((*names, "TRAILER!!!"), 1):
        data = b"" if name == "TRAILER!!!" else content
        fields = (inode, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        archive += header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4)
    return archive


def guest(**changes: bytes | str | None) -> dict[str, bytes | str]:
    """The files of a guest that nothing is wrong with; a change to ``None`` removes one.

    Keys of changes are paths with ``__`` for ``/`` and ``_dot_`` for ``.``.
    """
    files: dict[str, bytes | str] = {
        "etc/os-release": RELEASE,
        "etc/debian_version": "12.7\n",
        "etc/fstab": f"UUID={ROOT} / ext4 errors=remount-ro 0 1\n",
        "etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n",
        "etc/ssh/sshd_config": "",
        "etc/cloud/cloud.cfg": "",
        "boot/grub/grub.cfg": menu(),
        f"boot/vmlinuz-{KERNEL}": kernel_image(),
        f"boot/initrd.img-{KERNEL}": gzip.compress(
            cpio("init", "lib/modules/nvme.ko", "lib/modules/ena.ko.xz")
        ),
        f"boot/config-{KERNEL}": "CONFIG_ENA_ETHERNET=m\nCONFIG_BLK_DEV_NVME=y\n",
    }
    for name, content in changes.items():
        path = name.replace("__", "/").replace("_dot_", ".")
        files.pop(path, None)
        if content is not None:
            files[path] = content
    return files


def examine(
    files: dict[str, bytes | str], *others: Volume, setup: BootSetup | None = None
) -> tuple[Guest, list[Finding], LinuxFacts]:
    """The guest on a volume with these files, what was found, and the facts."""
    setup = setup or BootSetup(["legacy-bios"])
    log = FindingLog()
    volumes = [volume(MemoryTree(files, uuid=ROOT)), *others]
    facts = LinuxFacts(find_roots(volumes, log)[0])
    read_linux(facts, volumes, log, 1 << 20)
    judge_linux(facts, setup, log)
    return describe_linux(facts, setup), log.findings, facts
