"""What exports have written, looked at with qemu-img."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from tests.local.vm_disks import GIB

DRIVERS = {"VMDK": "vmdk", "VHD": "vpc", "RAW": "raw"}


def whole_volume(disk: Path) -> Path:
    """A raw disk with zeros up to the end of its volume, which is of whole GiB."""
    volume = disk.with_suffix(".volume")
    shutil.copyfile(disk, volume)
    with volume.open("r+b") as file:
        file.truncate(-(-disk.stat().st_size // GIB) * GIB)
    return volume


def stored_file(bucket: str, key: str, folder: Path) -> Path:
    """An object's bytes as S3 keeps them, without a gigabyte of zeros going over HTTP."""
    from moto.s3.models import s3_backends

    _, account = s3_backends.bucket_accounts[bucket]
    body = s3_backends[account]["aws"].get_object(bucket, key).vmie_body
    paths, position = {extent.file.path for extent in body._extents}, 0
    (path,) = paths
    for extent in body._extents:  # the parts of one file, one after the other
        assert extent.offset == position
        position += extent.size
    target = folder / key.replace("/", "-")
    target.hardlink_to(path)
    return target


def disk_of_appliance(appliance: Path) -> Path:
    """The disk in an OVA."""
    with tarfile.open(appliance) as archive:
        (name,) = (name for name in archive.getnames() if name.endswith(".vmdk"))
        archive.extract(name, appliance.parent, filter="data")
    return appliance.parent / name


def info(file: Path, disk_format: str) -> dict[str, Any]:
    """What qemu-img says of a file."""
    command = ["qemu-img", "info", "--output", "json", "-f", DRIVERS[disk_format], str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(said)
    return found


def compare(volume: Path, file: Path, disk_format: str) -> str:
    """What qemu-img says of two disks; a difference in size would be a warning before it."""
    command = ["qemu-img", "compare", "-f", "raw", "-F", DRIVERS[disk_format], str(volume), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
