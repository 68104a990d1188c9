"""The files of the demo guest. All content is ours: names say what a real guest has there, bytes do not."""

from __future__ import annotations

import gzip
import struct

KERNEL = "6.1.0-25-amd64"
ROOT_UUID = "5f0a6f1e-6d2c-4c57-9b1b-0d15c0de0001"
_PLACEHOLDER = b"placeholder: a real guest has a kernel module here\n"
_DRIVERS = (
    "kernel/drivers/net/ethernet/amazon/ena/ena.ko",
    "kernel/drivers/nvme/host/nvme-core.ko",
    "kernel/drivers/nvme/host/nvme.ko",
    "kernel/drivers/block/xen-blkfront.ko",
    "kernel/fs/ext4/ext4.ko",
)

_OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
"""
_FSTAB = f"""\
UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1
tmpfs /tmp tmpfs nosuid,nodev 0 0
"""
_GRUB = f"""\
set default="0"
set timeout=5

menuentry 'Debian GNU/Linux' --class debian --class os $menuentry_id_option 'gnulinux-simple' {{
\tinsmod part_msdos
\tinsmod ext2
\tsearch --no-floppy --fs-uuid --set=root {ROOT_UUID}
\tlinux\t/boot/vmlinuz-{KERNEL} root=UUID={ROOT_UUID} ro net.ifnames=0 biosdevname=0 console=ttyS0
\tinitrd\t/boot/initrd.img-{KERNEL}
}}
"""
_GRUB_DEFAULTS = """\
GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_CMDLINE_LINUX="net.ifnames=0 biosdevname=0 console=ttyS0"
"""
_INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
"""


def guest_files() -> dict[str, bytes]:
    """Every file of the root file system, by its path."""
    modules = f"usr/lib/modules/{KERNEL}"
    texts = {
        "usr/lib/os-release": _OS_RELEASE,
        "etc/debian_version": "12.7\n",
        "etc/fstab": _FSTAB,
        "etc/hostname": "vmie-demo\n",
        "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vmie-demo\n",
        "etc/default/grub": _GRUB_DEFAULTS,
        "etc/network/interfaces": _INTERFACES,
        "etc/ssh/sshd_config": "PermitRootLogin no\nPasswordAuthentication no\n",
        "boot/grub/grub.cfg": _GRUB,
        f"{modules}/modules.dep": "".join(f"{driver}:\n" for driver in _DRIVERS),
    }
    files = {path: content.encode() for path, content in texts.items()}
    files |= {f"{modules}/{driver}": _PLACEHOLDER for driver in _DRIVERS}
    files["usr/bin/dash"] = _program()
    files[f"boot/vmlinuz-{KERNEL}"] = _kernel()
    files[f"boot/initrd.img-{KERNEL}"] = gzip.compress(_initramfs(), 9, mtime=0)
    return files


SYMLINKS = {
    "etc/os-release": "../usr/lib/os-release",
    "bin": "usr/bin",
    "lib": "usr/lib",
    "usr/bin/sh": "dash",
}


def _program() -> bytes:
    """An x86-64 program that exits with status 0: ``mov eax, 60; xor edi, edi; syscall``."""
    code = bytes.fromhex("b83c000000 31ff 0f05")
    base, start = 0x400000, 64 + 56
    header = struct.pack(
        "<4s5B7xHHIQQQIHHHHHH",
        b"\x7fELF", 2, 1, 1, 0, 0, 2, 0x3E, 1, base + start, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, start + len(code), start + len(code), 0x1000)
    return header + segment + code


def _kernel() -> bytes:
    """The setup header that makes a file a Linux kernel to a boot loader, and the version it points at; no
    kernel."""
    image = bytearray(2048)
    image[0x1F1] = 3  # setup sectors
    image[0x1FE:0x202] = b"\x55\xaa\xeb\x6a"
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<HIHH", image, 0x206, 0x20F, 0, 0, 0x400)
    image[0x236] = 1  # a 64-bit kernel
    image[0x211] = 1  # loaded high: a bzImage
    version = f"{KERNEL} (placeholder, boots nothing)".encode()
    image[0x600 : 0x600 + len(version)] = version
    return bytes(image)


def _initramfs() -> bytes:
    """A cpio archive ("newc") with the modules that EC2 needs, by name."""
    names = [f"usr/lib/modules/{KERNEL}/{driver}" for driver in _DRIVERS]
    members = [_member(inode, name, _PLACEHOLDER, 0o100644) for inode, name in enumerate(names, 1)]
    init = _member(len(names) + 1, "init", b"#!/bin/sh\n", 0o100755)
    archive = b"".join([*members, init, _member(0, "TRAILER!!!", b"", 0)])
    return archive + b"\0" * (-len(archive) % 512)


def _member(inode: int, name: str, content: bytes, mode: int) -> bytes:
    fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return header + b"\0" * (-len(header) % 4) + content + b"\0" * (-len(content) % 4)
