"""Running the tools that make and read the corpus."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECTOR = 512
_PACKAGES = {
    "debootstrap": "debootstrap",
    "qemu-img": "qemu-utils",
    "sfdisk": "fdisk",
    "blkid": "util-linux",
    "findmnt": "util-linux",
    "losetup": "util-linux",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
    "mkfs.jfs": "jfsutils",
    "mkntfs": "ntfs-3g",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "pvcreate": "lvm2",
    "cryptsetup": "cryptsetup-bin",
    "lsinitramfs": "initramfs-tools-core",
    "hivexregedit": "libwin-hivex-perl",
    "hivexget": "libhivex-bin",
    "file": "file",
}


def require(tools: Sequence[str] = tuple(_PACKAGES)) -> None:
    """Make sure that everything is there before minutes are spent.

    Raises:
        SystemExit: A tool is missing, or this is not root.
    """
    missing = sorted({_PACKAGES[tool] for tool in tools if shutil.which(tool) is None})
    if missing:
        raise SystemExit(
            f"The corpus needs tools that are missing here. On Debian: apt-get install {' '.join(missing)}"
        )
    if os.geteuid() != 0:
        raise SystemExit("The corpus mounts file systems on loop devices: run it as root.")


def run(*command: str | Path, given: str | None = None) -> None:
    """Run a command, quietly unless it fails."""
    output(*command, given=given)


def output(*command: str | Path, given: str | None = None) -> str:
    """What a command prints.

    Raises:
        RuntimeError: It failed; with what it said.
    """
    words = [str(word) for word in command]
    environment = os.environ | {"LC_ALL": "C", "DM_DISABLE_UDEV": "1"}
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def document(*command: str | Path) -> Any:
    """The JSON that a command prints."""
    return json.loads(output(*command))


def blank(path: Path, size: int) -> None:
    """A file of that many bytes that holds nothing."""
    with path.open("wb") as file:
        file.truncate(size)


@contextmanager
def loop(image: Path, start: int = 0, size: int | None = None) -> Iterator[str]:
    """A loop device over a stretch of a file, in bytes."""
    limit = ["--sizelimit", str(size)] if size is not None else []
    device = output("losetup", "--find", "--show", "--offset", str(start), *limit, image)
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def mounted(device: str | Path, point: Path, options: str = "", kind: str | None = None) -> Iterator[Path]:
    """A file system, mounted by the kernel (NTFS by ntfs-3g)."""
    point.mkdir(parents=True, exist_ok=True)
    chosen = ["-t", kind] if kind else []
    chosen += ["-o", options] if options else []
    run("mount", *chosen, device, point)
    try:
        yield point
    finally:
        run("umount", point)


def uuid_of(device: str) -> str:
    """The UUID of the file system on a device, as blkid reads it."""
    return output("blkid", "-p", "-s", "UUID", "-o", "value", device)
