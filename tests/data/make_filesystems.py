"""Makes ``tests/data/filesystems``: ``python -m tests.data.make_filesystems``, as root, on Linux.

Each image is made by the file system's own tools and filled through the kernel's own driver (FAT by
mtools), so that the readers are compared with somebody else's idea of the format. Needs e2fsprogs,
xfsprogs, btrfs-progs, ntfs-3g, dosfstools, mtools, lvm2 and loop devices. Images are kept as
stream-optimized VMDK, compressed with xz.
"""

from __future__ import annotations

import lzma
import os
import subprocess
import tempfile
from pathlib import Path

from scripts.demo_disk.stream_optimized import write_stream_optimized
from tests.unit.images.sample_tree import SAMPLE_LINKS, sample_files

FOLDER = Path(__file__).with_name("filesystems")
MIB = 1 << 20


def main() -> None:
    """Make every image."""
    _mounted("ext2", 32, ["mkfs.ext2", "-qF", "-b", "1024", "-I", "128"])
    _mounted("ext3", 32, ["mkfs.ext3", "-qF", "-J", "size=1", "-b", "1024"])
    _mounted("ext4", 64, ["mkfs.ext4", "-qF", "-L", "sample"])
    _mounted("ext4-inline", 32, ["mkfs.ext4", "-qF", "-O", "inline_data", "-I", "256"])
    _mounted("ext4-meta-bg", 32, ["mkfs.ext4", "-qF", "-O", "meta_bg,^resize_inode,64bit", "-b", "1024"])
    _mounted("xfs", 300, ["mkfs.xfs", "-q", "-L", "sample"])
    _mounted("xfs-wide-directories", 300, ["mkfs.xfs", "-q", "-b", "size=1024", "-n", "size=8192"])
    _mounted("btrfs", 128, ["mkfs.btrfs", "-q", "-L", "sample"])
    _mounted("btrfs-zlib", 128, ["mkfs.btrfs", "-q"], "compress-force=zlib")
    _mounted("btrfs-lzo", 128, ["mkfs.btrfs", "-q"], "compress-force=lzo")
    _mounted("btrfs-subvolumes", 128, ["mkfs.btrfs", "-q"], "compress-force=lzo", subvolumes=True)
    _mounted("ntfs", 32, ["mkntfs", "-qF", "-L", "sample"], kind="ntfs-3g")
    for bits, size in (("12", 12), ("16", 32), ("32", 64)):
        _fat(bits, size)
    _lvm()
    _mirrored()
    _left_mounted("ext4-mounted", 16, ["mkfs.ext4", "-qF", "-J", "size=4"])
    _left_mounted("xfs-mounted", 300, ["mkfs.xfs", "-q"])
    _left_mounted("btrfs-mounted", 128, ["mkfs.btrfs", "-q"])


def _mirrored() -> None:
    """The second of two devices that hold everything twice, in places of their own."""
    with tempfile.TemporaryDirectory() as scratch:
        images, point = [Path(scratch, f"image{number}") for number in (1, 2)], Path(scratch, "mounted")
        loops = []
        for image, mib in zip(images, (128, 128), strict=True):
            _blank(image, mib)
            loops.append(_output("losetup", "-f", "--show", str(image)))
        point.mkdir()
        try:
            _run("mkfs.btrfs", "-q", "-d", "raid1", "-m", "raid1", *loops)
            _run("mount", loops[0], str(point))
            (point / "file").write_bytes(b"mirrored\n")
            _run("umount", str(point))
        finally:
            for loop in loops:
                _run("losetup", "-d", loop)
        _keep(images[1], "btrfs-mirror")


def _left_mounted(name: str, mib: int, make: list[str]) -> None:
    """Copied while it is mounted and its journal holds a change, as a snapshot of a running guest is."""
    with tempfile.TemporaryDirectory() as scratch:
        image, point, copy = (Path(scratch, part) for part in ("image", "mounted", "copy"))
        _blank(image, mib)
        point.mkdir()
        _run(*make, str(image))
        _run("mount", "-o", "loop", str(image), str(point))
        try:
            for number in range(8):
                with (point / f"file{number}").open("wb") as file:
                    file.write(b"changed while running\n")
                    file.flush()
                    os.fsync(file.fileno())
            _run("cp", "--sparse=always", str(image), str(copy))
        finally:
            _run("umount", str(point))
        _keep(copy, name)


def _mounted(
    name: str, mib: int, make: list[str], options: str = "", kind: str = "", subvolumes: bool = False
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        image, point = Path(scratch, "image"), Path(scratch, "mount")
        _blank(image, mib)
        point.mkdir()
        _run(*make, str(image))
        choice = ["-t", kind] if kind else []
        _run("mount", *choice, "-o", ",".join(filter(None, ["loop", options])), str(image), str(point))
        try:
            target = point
            if subvolumes:
                for subvolume in ("@", "@home", "@/nested"):
                    _run("btrfs", "-q", "subvolume", "create", str(point / subvolume))
                target = point / "@"
            _fill(target, links=kind != "ntfs-3g")
        finally:
            _run("umount", str(point))
        _keep(image, name)


def _fat(bits: str, mib: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        image, tree = Path(scratch, "image"), Path(scratch, "tree")
        _blank(image, mib)
        _run("mkfs.vfat", "-F", bits, "-n", "SAMPLE", *(["-s", "8"] if bits == "12" else []), str(image))
        tree.mkdir()
        _fill(tree, links=False)
        _run("mcopy", "-o", "-s", "-i", str(image), *map(str, sorted(tree.iterdir())), "::/")
        _keep(image, f"fat{bits}")


def _lvm() -> None:
    """Two physical volumes; a logical volume over both, whose ext4 is put where LVM says its extents are."""
    # Without device-mapper, which containers lack, LVM still writes its metadata.
    configuration = 'devices{use_devicesfile=0 filter=["a|loop|","r|.*|"]} global{activation=0}'
    with tempfile.TemporaryDirectory() as scratch:
        images = [Path(scratch, f"image{number}") for number in (1, 2)]
        loops = []
        for image in images:
            _blank(image, 48)
            loops.append(_output("losetup", "-f", "--show", str(image)))
        try:
            common = ["--config", configuration]
            os.environ["DM_DISABLE_UDEV"] = "1"
            _run("pvcreate", *common, "-qq", "-ff", "-y", *loops)
            _run("vgcreate", *common, "-qq", "vg-data", *loops)
            _run(
                "lvcreate", *common, "-qq", "-an", "-Zn", "-Wn", "-l", "3", "-n", "swap", "vg-data", loops[0]
            )
            _run(
                "lvcreate",
                *common,
                "-qq",
                "-an",
                "-Zn",
                "-Wn",
                "-l",
                "12",
                "-n",
                "root",
                "vg-data",
                f"{loops[0]}:3-8",
                f"{loops[1]}:0-5",
            )
            _run(
                "lvcreate",
                *common,
                "-qq",
                "-an",
                "-Zn",
                "-Wn",
                "-i",
                "2",
                "-l",
                "2",
                "-n",
                "striped",
                "vg-data",
            )
        finally:
            for loop in loops:
                _run("losetup", "-d", loop)
        _put_root(images, scratch)
        for number, image in enumerate(images, 1):
            _keep(image, f"lvm-{number}")


def _put_root(images: list[Path], scratch: str) -> None:
    plain, point = Path(scratch, "root"), Path(scratch, "mount")
    _blank(plain, 48)
    point.mkdir()
    _run("mkfs.ext4", "-qF", str(plain))
    _run("mount", "-o", "loop", str(plain), str(point))
    _fill(point, links=True)
    _run("umount", str(point))
    # Extents of 4 MiB from 1 MiB on: those that lvcreate was told to take.
    content, place = plain.read_bytes(), 0
    for image, first, count in zip(images, (3, 0), (6, 6), strict=True):
        with image.open("r+b") as disk:
            disk.seek(MIB + first * 4 * MIB)
            disk.write(content[place : place + count * 4 * MIB])
        place += count * 4 * MIB


def _fill(target: Path, links: bool) -> None:
    for path, content in sample_files().items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as output:
            _write_sparsely(output.fileno(), content)
    for path, destination in SAMPLE_LINKS.items() if links else ():
        (target / path).symlink_to(destination)


def _write_sparsely(descriptor: int, content: bytes) -> None:
    os.ftruncate(descriptor, len(content))
    for start in range(0, len(content), 4096):
        piece = content[start : start + 4096]
        if any(piece):
            os.pwrite(descriptor, piece, start)


def _blank(image: Path, mib: int) -> None:
    with image.open("wb") as file:
        file.truncate(mib * MIB)


def _keep(image: Path, name: str) -> None:
    packed = image.with_suffix(".vmdk")
    with image.open("rb") as disk, packed.open("wb") as vmdk:
        write_stream_optimized(disk, vmdk, f"{name}.vmdk")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.vmdk.xz").write_bytes(
        lzma.compress(packed.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
