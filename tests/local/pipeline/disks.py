"""The disks that request files name, and where in a snapshot they can be read again."""

from __future__ import annotations

import hashlib
import random
import subprocess
from pathlib import Path
from typing import Any

from tests.local.pipeline.harness import DEMO_DISK, Pipeline
from tests.local.vm_disks import read_snapshot
from tests.unit.images.builders.partitioned import MIB, mbr_disk

BOOT, DATA = "disks/boot.vmdk", "disks/data.raw"
# A partition of bytes that no filesystem begins with; where nothing is zero, nothing can be left out.
DATA_DISK = mbr_disk(4 * MIB, {MIB: random.Random(3).randbytes(3 * MIB)})  # noqa: S311 - test data


def upload_disks(pipeline: Pipeline) -> None:
    """Put the disks where nothing starts by itself."""
    pipeline.upload(BOOT)
    pipeline.upload(DATA, DATA_DISK)


def boot_disk() -> dict[str, Any]:
    """The container of the demo disk."""
    return {"Format": "vmdk", "UserBucket": {"S3Key": BOOT}}


def data_disk() -> dict[str, Any]:
    """The container of the data disk."""
    return {"Format": "raw", "UserBucket": {"S3Key": DATA}}


def holds(pipeline: Pipeline, snapshot_id: str, disk: bytes) -> bool:
    """Whether a snapshot holds a disk byte for byte, and zeros behind it, as EBS direct reads it."""
    found, _ = read_snapshot(pipeline.cloud.client("ebs"), snapshot_id)
    return _digest(found) == _digest(disk)


def boot_disk_decoded(folder: Path) -> bytes:
    """The demo disk's bytes as qemu-img decodes them."""
    target = folder / "boot.raw"
    subprocess.run(
        ["qemu-img", "convert", "-f", "vmdk", "-O", "raw", str(DEMO_DISK), str(target)],
        check=True,
    )
    return target.read_bytes()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data.rstrip(b"\0")).hexdigest()
