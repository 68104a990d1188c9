"""Small real disks for the tests of imports: an MBR, one ext4 partition, made with the tools of the trade."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.images.builders.ova import ovf
from tests.unit.images.builders.partitioned import MIB, mbr_record

GIB = 1 << 30
PARTITION = 24 * MIB
MKFS = shutil.which("mkfs.ext4") or shutil.which("mkfs.ext4", path="/usr/sbin:/sbin")

needs_disk_tools = pytest.mark.skipif(
    shutil.which("qemu-img") is None or MKFS is None,
    reason="needs qemu-img and mkfs.ext4 (Debian: apt-get install qemu-utils e2fsprogs)",
)


def make_raw(folder: Path) -> Path:
    """A raw disk with files in an ext4 filesystem."""
    root, partition, disk = folder / "root", folder / "partition", folder / "disk.raw"
    (root / "etc").mkdir(parents=True)
    (root / "etc/os-release").write_text('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    (root / "noise").write_bytes(random.Random(7).randbytes(3 * MIB))  # noqa: S311 - test data
    with partition.open("wb") as file:
        file.truncate(PARTITION)
    subprocess.run([str(MKFS), "-q", "-d", str(root), str(partition)], check=True)
    with disk.open("wb") as file:
        file.write(mbr_record((0x83, 2048, PARTITION // 512)).ljust(MIB, b"\0"))
        file.write(partition.read_bytes())
    return disk


def convert(raw: Path, kind: str) -> Path:
    """The disk as `vmdk` (stream-optimized), `vhd`, `vhdx` or `ova`."""
    target = raw.with_suffix(f".{kind}")
    if kind == "ova":
        return _pack(convert(raw, "vmdk"), target)
    options = {
        "vmdk": ["vmdk", "-o", "subformat=streamOptimized"],
        "vhd": ["vpc", "-o", "subformat=dynamic,force_size=on"],
        "vhdx": ["vhdx", "-o", "subformat=dynamic"],
    }[kind]
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", *options, str(raw), str(target)], check=True)
    return target


def _pack(vmdk: Path, target: Path) -> Path:
    descriptor = ovf({"disk.vmdk": vmdk.read_bytes()})
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("vm.ovf")
        entry.size = len(descriptor)
        archive.addfile(entry, io.BytesIO(descriptor))
        archive.add(vmdk, "disk.vmdk")
    return target


def read_snapshot(ebs: Any, snapshot_id: str) -> tuple[bytes, list[int]]:
    """A snapshot's bytes up to its last block, and the indexes of its blocks."""
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot_id)["Blocks"]
    data = bytearray()
    for entry in listed:
        answer = ebs.get_snapshot_block(
            SnapshotId=snapshot_id, BlockIndex=entry["BlockIndex"], BlockToken=entry["BlockToken"]
        )
        block = answer["BlockData"].read()
        start = entry["BlockIndex"] * len(block)
        data = data.ljust(start, b"\0") + block
    return bytes(data), [entry["BlockIndex"] for entry in listed]


def digest(data: bytes) -> str:
    """A short name for a lot of bytes, so that a failing test stays readable."""
    return hashlib.sha256(data).hexdigest()


def service_role(iam: Any, name: str, bucket: str, account: str) -> None:
    """A role as the user guide has it, for imports from one bucket; a role that is there serves it too."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "vmie.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"sts:ExternalId": "vmimport", "aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:vmie:*:{account}:*"},
        },
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    put_policy(iam, name, bucket)


EXPORT_ACTIONS = (
    *("s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"),
    *("s3:PutObject", "s3:GetBucketAcl"),
)
"""What the user guide grants the service role on the bucket of an export."""


def put_policy(iam: Any, name: str, bucket: str, *, s3_actions: tuple[str, ...] | None = None) -> None:
    """The user guide's policy of the service role."""
    actions = s3_actions or ("s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket")
    ec2 = ("ec2:ModifySnapshotAttribute", "ec2:CopySnapshot", "ec2:RegisterImage", "ec2:Describe*")
    statements = [
        {
            "Effect": "Allow",
            "Action": actions,
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        },
        {"Effect": "Allow", "Action": ec2, "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName=f"vmimport-{bucket}", PolicyDocument=document)
