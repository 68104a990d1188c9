"""Disks whose journal or log was not replayed are doubted; their twins that were closed are judged."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.unit.images.builders import vhdx
from tests.unit.images.builders.linux import ROOT, examine, guest, menu
from tests.unit.images.builders.memory_tree import MemoryTree, volume
from tests.unit.images.builders.messages import disk
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from tests.unit.images.inspecting import codes_of, image_verdict, inspect
from vmie_images import Verdict

_DEMO = Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk"


def in_use(raw: bytes) -> bytes:
    """The disk with its first partition's ext4 marked as not unmounted."""
    changed = bytearray(raw)
    at = 512 * struct.unpack_from("<I", raw, 454)[0] + 1024 + 96
    changed[at] |= 0x4
    return bytes(changed)


def test_what_a_disk_in_use_says_of_its_kernel_rejects_nothing() -> None:
    fault = disk("linux-kernel")

    shut_down, running = inspect(fault), inspect(in_use(fault))

    assert "KernelNotSupported" in codes_of(shut_down.findings) & codes_of(running.findings)
    assert shut_down.verdicts["image"] is Verdict.REJECTED
    assert running.verdicts["image"] is Verdict.DOUBTFUL
    assert "FileSystemNotClean" in codes_of(running.findings)


def test_a_disk_in_use_without_a_system_may_have_one() -> None:
    fault = disk("linux-data")

    assert inspect(fault).verdicts["image"] is Verdict.REJECTED
    assert inspect(in_use(fault)).verdicts["image"] is Verdict.DOUBTFUL


def test_a_boot_partition_in_use_counts_as_the_root_does() -> None:
    files = {name: data for name, data in guest().items() if not name.startswith("boot/")}
    files["etc/fstab"] = f"UUID={ROOT} / ext4 x 0 1\nUUID=b007 /boot ext4 x 0 2\n"
    boot = MemoryTree({"grub/grub.cfg": menu("6.1.0-99-amd64").replace("/boot/", "/")}, uuid="b007")

    clean = examine(files, volume(boot, 2))[1]
    boot.clean = False
    unclean = examine(files, volume(boot, 2))[1]

    assert codes_of(clean) == codes_of(unclean) == {"KernelMissing"}
    assert (image_verdict(clean), image_verdict(unclean)) == (Verdict.REJECTED, Verdict.DOUBTFUL)


@pytest.mark.parametrize(
    "fault", [mbr_disk(), bytes(4 * MIB), mbr_disk()[: 4 * MIB]], ids=["no system", "blank", "cut"]
)
def test_what_a_vhdx_with_a_dirty_log_holds_rejects_nothing(fault) -> None:
    closed, dirty = inspect(vhdx.vhdx(fault), "d.vhdx"), inspect(vhdx.vhdx(fault, log=b"l" * 16), "d.vhdx")

    assert codes_of(dirty.findings) == codes_of(closed.findings) | {"VhdxDirtyLog"}
    assert closed.verdicts["image"] is Verdict.REJECTED
    assert dirty.verdicts["image"] is Verdict.DOUBTFUL


def test_a_differencing_vhdx_is_rejected_whatever_its_log_holds() -> None:
    dirty = inspect(vhdx.vhdx(mbr_disk(), flags=2, log=b"l" * 16), "d.vhdx")

    assert dirty.verdicts["snapshot"] is Verdict.REJECTED
