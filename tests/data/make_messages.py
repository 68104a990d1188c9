"""Makes ``tests/data/messages``: ``python -m tests.data.make_messages``, as root, on Linux.

One disk that nothing is wrong with, and disks that differ from it in the one thing that an error text of VM
Import/Export is about. Linux by mke2fs, Windows by mkntfs and ntfs-3g. Needs e2fsprogs, ntfs-3g and a loop
device. Kept as stream-optimized VMDK, compressed with xz.
"""

from __future__ import annotations

import lzma
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from scripts.demo_disk.stream_optimized import write_stream_optimized
from tests.unit.images.builders.hive import hive
from tests.unit.images.builders.linux import ROOT, guest, menu
from tests.unit.images.builders.partitioned import MIB, mbr_record

FOLDER = Path(__file__).with_name("messages")
_BLS = 'set default="${saved_entry}"\nblscfg\n'
_ENTRY = (
    "title Debian\nlinux /boot/vmlinuz-{kernel}\ninitrd /boot/initrd.img-{kernel}\noptions net.ifnames=0\n"
)
_KERNEL = "6.1.0-25-amd64"
_FILE_SYSTEM = 48 * MIB


def main() -> None:
    """Make every disk."""
    _linux("linux", guest())
    _linux("linux-data", {"readme.txt": "No system here.\n"})
    _linux("linux-kernel", _renamed(guest(), _KERNEL, "5.8.0-59-generic"))
    _linux("linux-menus", guest() | {"boot/grub2/grub.cfg": menu("5.0")})
    _linux("linux-fstab", guest(etc__fstab=None))
    _linux("linux-initramfs", guest() | {f"boot/initrd.img-{_KERNEL}": b"no archive of any kind" * 40})
    _linux("linux-interface", guest(etc__network__interfaces="auto ens192\niface ens192 inet dhcp\n"))
    bls = guest(boot__grub__grub_dot_cfg=_BLS)
    bls |= {f"boot/loader/entries/a-{_KERNEL}.conf": _ENTRY.format(kernel=_KERNEL)}
    _linux("linux-bls", bls | {"boot/grub/grubenv": f"# GRUB Environment Block\nsaved_entry=a-{_KERNEL}\n"})
    _linux("linux-bls-unset", bls | {"boot/grub/grubenv": "# GRUB Environment Block\n"})
    _linux("linux-twice", guest(), guest())
    _windows("windows")
    _windows("windows-dot-net", dot_net=378388)
    _windows("windows-hyper-v", services=("ena", "stornvme", "vmms"))


def _renamed(files: dict[str, bytes | str], old: str, new: str) -> dict[str, bytes | str]:
    return {
        path.replace(old, new): content.replace(old, new) if isinstance(content, str) else content
        for path, content in files.items()
    }


def _linux(name: str, *systems: dict[str, bytes | str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        parts = []
        for number, files in enumerate(systems):
            tree, image = Path(scratch, f"tree{number}"), Path(scratch, f"part{number}")
            _stage(tree, files)
            uuid = f"00000000-0000-4000-8000-00000000000{number}" if number else ROOT
            options = ("-b", "4096", "-N", "512", "-J", "size=4", "-m", "0", "-U", uuid)
            _run("mkfs.ext4", "-qF", *options, "-d", str(tree), str(image), f"{_FILE_SYSTEM // 1024}k")
            parts.append(image.read_bytes())
        _keep(name, parts, 0x83, scratch)


def _stage(tree: Path, files: dict[str, bytes | str]) -> None:
    for path, content in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def _windows(name: str, dot_net: int = 528040, services: tuple[str, ...] = ("ena", "stornvme")) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        image, point = Path(scratch, "image"), Path(scratch, "mounted")
        with image.open("wb") as file:
            file.truncate(_FILE_SYSTEM)
        _run("mkntfs", "-qF", "-L", "Windows", str(image))
        point.mkdir()
        _run("mount", "-t", "ntfs-3g", "-o", "loop", str(image), str(point))
        try:
            config = point / "Windows" / "System32" / "config"
            config.mkdir(parents=True)
            (config / "SOFTWARE").write_bytes(hive(_software(dot_net)))
            (config / "SYSTEM").write_bytes(hive(_system(services)))
        finally:
            _run("umount", str(point))
        _keep(name, [image.read_bytes()], 0x07, scratch)


def _software(dot_net: int) -> dict[str, Any]:
    version = {
        "ProductName": "Windows Server 2019 Standard",
        "EditionID": "ServerStandard",
        "CurrentBuildNumber": "17763",
        "InstallationType": "Server",
    }
    return {
        "Microsoft": {
            "Windows NT": {"CurrentVersion": version},
            "NET Framework Setup": {"NDP": {"v4": {"Full": {"Release": dot_net}}}},
        }
    }


def _system(services: tuple[str, ...]) -> dict[str, Any]:
    control = {"Session Manager": {"Environment": {"PROCESSOR_ARCHITECTURE": "AMD64"}}}
    return {
        "Select": {"Current": 1},
        "ControlSet001": {"Control": control, "Services": {service: {} for service in services}},
    }


def _keep(name: str, parts: list[bytes], kind: int, scratch: str) -> None:
    """The parts as partitions of a disk with boot code."""
    sectors = _FILE_SYSTEM // 512
    entries = [(kind, 2048 + number * sectors, sectors) for number in range(len(parts))]
    disk, packed = Path(scratch, "disk.raw"), Path(scratch, "disk.vmdk")
    disk.write_bytes(mbr_record(*entries).ljust(MIB, b"\0") + b"".join(parts))
    with disk.open("rb") as raw, packed.open("wb") as vmdk:
        write_stream_optimized(raw, vmdk, "disk.vmdk")
    FOLDER.mkdir(exist_ok=True)
    squeezed = lzma.compress(packed.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / f"{name}.vmdk.xz").write_bytes(squeezed)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
