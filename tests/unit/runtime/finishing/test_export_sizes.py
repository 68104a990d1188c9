"""A floor is below every whole file of its format, and tells of files that cannot be whole."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.images.builders import ova
from vmie_runtime.finishing.export_sizes import smallest_export

GIB = 2**30
WITH_QEMU = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")
SUBFORMATS = {"vhd": ("vpc", "subformat=dynamic"), "vmdk": ("vmdk", "subformat=streamOptimized")}


@pytest.mark.parametrize(
    ("suffix", "gib", "floor"),
    [
        ("raw", 8, 8_589_934_592),
        # Two footers and a header (2,048), and 4,096 blocks of 2 MiB with four bytes each (16,384).
        ("vhd", 8, 18_432),
        ("vhd", 1024, 2_099_200),
        # Header and descriptor (1,024), and 256 tables of 32 MiB with four bytes each (1,024).
        ("vmdk", 8, 2_048),
        ("vmdk", 1024, 132_096),
        # 32 tables: 128 bytes take a sector.
        ("vmdk", 1, 1_536),
        # Two members' headers, a block of descriptor and two at the end (2,560), and the VMDK.
        ("ova", 8, 4_608),
    ],
)
def test_every_format_has_its_floor(suffix: str, gib: int, floor: int) -> None:
    assert smallest_export(f"s3://exports/exports/export-i-1.{suffix}", gib) == floor
    assert smallest_export(f"s3://exports/exports/export-i-1.{suffix.upper()}", gib) == floor


@pytest.mark.parametrize("suffix", ["raw", "vhd", "vmdk", "ova"])
def test_a_volume_that_nobody_looked_at_is_as_small_as_can_be(suffix: str) -> None:
    assert smallest_export(f"s3://e/a.{suffix}", None) == smallest_export(f"s3://e/a.{suffix}", 1)


def test_of_a_format_that_is_not_known_only_an_empty_file_is_refused() -> None:
    assert smallest_export("s3://exports/exports/export-i-1.qcow3", 1024) == 1


@WITH_QEMU
@pytest.mark.parametrize("suffix", SUBFORMATS)
@pytest.mark.parametrize("gib", [1, 8, 1024])
def test_the_smallest_file_of_an_empty_disk_is_above_the_floor(suffix: str, gib: int, tmp_path: Path) -> None:
    written = empty(suffix, gib, tmp_path)

    assert smallest_export(written.name, gib) <= written.stat().st_size < gib * GIB // 100


@WITH_QEMU
def test_the_smallest_appliance_of_an_empty_disk_is_above_the_floor(tmp_path: Path) -> None:
    packed = ova.ova({"disk1.vmdk": empty("vmdk", 8, tmp_path).read_bytes()})

    assert smallest_export("a.ova", 8) <= len(packed)


def empty(suffix: str, gib: int, folder: Path) -> Path:
    """A file of a disk of zeros, as qemu-img writes it."""
    kind, subformat = SUBFORMATS[suffix]
    disk, written = folder / "disk.raw", folder / f"disk.{suffix}"
    with disk.open("wb") as file:
        file.truncate(gib * GIB)
    command = ["qemu-img", "convert", "-f", "raw", "-O", kind, "-o", subformat, str(disk), str(written)]
    subprocess.run(command, check=True, capture_output=True)
    return written
