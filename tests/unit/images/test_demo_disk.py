"""The demo disk is what its recipe makes, and is what the pipeline accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.demo_disk.__main__ import DISK_SIZE, build
from scripts.demo_disk.guest_files import KERNEL, ROOT_UUID, SYMLINKS, guest_files
from vmie_images import FileSource, Inspection, inspect_container
from vmie_images.filesystems.ext import Ext
from vmie_images.ranges import Window

MADE_WITH = "1.47.0"
"""The version of e2fsprogs that made the demo disk; others may lay a file system out in another way."""
DEMO = Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk"


def inspected(path: Path) -> Inspection:
    with FileSource(path) as source:
        return inspect_container(source, name=path.name)


def files_of(path: Path) -> dict[str, bytes | None]:
    with FileSource(path) as source:
        disk = inspect_container(source, name=path.name).disks[0]
        assert disk.image.data is not None
        assert disk.table is not None
        partition = disk.table.partitions[0]
        tree = Ext(Window(disk.image.data, partition.start, partition.size))
        return {name: tree.read(f"/{name}") for name in (*guest_files(), *SYMLINKS)}


def test_the_demo_disk_is_accepted_by_every_method() -> None:
    inspection = inspected(DEMO)

    assert set(inspection.verdicts.values()) == {"accepted"}
    assert [finding.code for finding in inspection.findings] == ["NoCloudInit"]
    assert inspection.recommendation.to_document() == {
        "Method": "image",
        "Format": "VMDK",
        "Platform": "Linux",
        "BootMode": "legacy-bios",
        "LicenseType": "BYOL",
        "Architecture": "x86_64",
    }
    assert inspection.guest is not None
    assert (inspection.guest.name, inspection.guest.version, inspection.guest.kernel) == (
        "Debian",
        "12.7",
        KERNEL,
    )
    assert inspection.container.virtual_size == DISK_SIZE
    assert DEMO.stat().st_size < 30 * 1024


def test_the_demo_disk_holds_the_files_of_its_recipe() -> None:
    found = files_of(DEMO)

    assert {name: found[name] for name in guest_files()} == guest_files()
    assert found["etc/os-release"] == found["usr/lib/os-release"]
    assert ROOT_UUID.encode() in (found["etc/fstab"] or b"")


@pytest.mark.skipif(not (shutil.which("mkfs.ext4") and shutil.which("debugfs")), reason="needs e2fsprogs")
def test_the_recipe_makes_the_same_disk_again(tmp_path) -> None:
    again = tmp_path / "demo-linux.vmdk"

    build(again)

    assert files_of(again) == files_of(DEMO)
    assert inspected(again).verdicts == inspected(DEMO).verdicts
    version = subprocess.run(["mkfs.ext4", "-V"], capture_output=True, text=True, check=True).stderr
    if MADE_WITH in version:
        assert again.read_bytes() == DEMO.read_bytes()
