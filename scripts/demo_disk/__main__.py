"""Builds ``examples/images/demo-linux.vmdk``: ``python -m scripts.demo_disk [OUTPUT]``.

A small Linux disk to try the pipeline with: MBR, one ext4 partition, the files by which an import
recognises a guest. It boots nothing. Needs mkfs.ext4 and debugfs (e2fsprogs); the same version of them
gives the same bytes.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.demo_disk.guest_files import ROOT_UUID, SYMLINKS, guest_files
from scripts.demo_disk.stream_optimized import write_stream_optimized

OUTPUT = Path("examples/images/demo-linux.vmdk")
DISK_SIZE = 256 << 20
PARTITION_START = 1 << 20
_BUILT_AT = 1735689600  # 2025-01-01T00:00:00Z
_MESSAGE = b"This is the demonstration disk of vmie-constructs. It boots nothing.\r\n"
# mov si, message; next: lodsb; or al, al; jz stop; mov ah, 0eh; int 10h; jmp next; stop: hlt; jmp stop
_BOOT_CODE = (
    bytes.fromhex("be147c ac 08c0 7406 b40e cd10 ebf5 f4 ebfd").ljust(0x14, b"\x90") + _MESSAGE + b"\0"
)


def build(output: Path) -> None:
    """Write the demo disk."""
    with tempfile.TemporaryDirectory() as folder:
        root, raw = Path(folder, "root"), Path(folder, "disk.raw")
        _stage(root)
        with raw.open("wb") as disk:
            disk.write(_boot_record())
            disk.truncate(DISK_SIZE)
        _make_file_system(root, raw)
        with raw.open("rb") as disk, output.open("wb") as vmdk:
            write_stream_optimized(disk, vmdk, output.name)


def _stage(root: Path) -> None:
    for path, content in guest_files().items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755 if path.startswith("usr/bin") else 0o644)
    for path, target in SYMLINKS.items():
        (root / path).symlink_to(target)
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())]:
        folder.chmod(0o755)
    for path in [root, *root.rglob("*")]:
        os.utime(path, (_BUILT_AT, _BUILT_AT), follow_symlinks=False)


def _boot_record() -> bytes:
    start, sectors = PARTITION_START // 512, (DISK_SIZE - PARTITION_START) // 512
    entry = struct.pack("<B3sB3sII", 0x80, b"\x20\x21\x00", 0x83, b"\xfe\xff\xff", start, sectors)
    return (
        _BOOT_CODE.ljust(440, b"\0")
        + struct.pack("<IH", 0x0D15C0DE, 0)
        + entry.ljust(64, b"\0")
        + b"\x55\xaa"
    )


def _make_file_system(root: Path, raw: Path) -> None:
    environment = os.environ | {"E2FSPROGS_FAKE_TIME": str(_BUILT_AT), "TZ": "UTC"}
    features = (
        "none,has_journal,ext_attr,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,"
        "huge_file,dir_nlink,extra_isize,metadata_csum"
    )
    layout = f"offset={PARTITION_START},hash_seed={ROOT_UUID},root_owner=0:0,lazy_itable_init=1,nodiscard"
    command = ["mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-N", "1024", "-m", "0", "-J", "size=4"]
    command += ["-L", "vmie-demo", "-U", ROOT_UUID, "-O", features, "-E", layout]
    command += ["-d", str(root), str(raw), f"{(DISK_SIZE - PARTITION_START) // 1024}k"]
    subprocess.run(command, check=True, env=environment)
    # mkfs.ext4 copies owner and change time from the staging folder.
    fields = (("uid", "0"), ("gid", "0"), ("ctime", f"@{_BUILT_AT}"))
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))
    commands = "".join(
        f"set_inode_field /{path} {field} {value}\n" for path in paths for field, value in fields
    )
    subprocess.run(
        ["debugfs", "-w", "-f", "-", f"{raw}?offset={PARTITION_START}"],
        check=True,
        input=commands.encode(),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
