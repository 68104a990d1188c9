"""Volumes are written as image files that qemu-img and our own checks accept."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from vmie_local.blocks import BLOCK_SIZE, BlockStore
from vmie_local.disk_images import detection
from vmie_local.disk_images.encoding import write_volume
from vmie_local.disk_images.errors import DecodingCancelledError, EncodingFailedError
from vmie_local.disk_images.qemu_img import QemuImg
from vmie_local.disk_images.region import FileRegion

GIB = 1 << 30
DRIVERS = {"VMDK": "vmdk", "VHD": "vpc"}
needs_qemu_img = pytest.mark.skipif(
    shutil.which("qemu-img") is None, reason="qemu-img is not on PATH (Debian: apt-get install qemu-utils)"
)


@pytest.fixture
def store(tmp_path: Path) -> BlockStore:
    store = BlockStore(tmp_path / "blocks")
    parent = store.create("snap-1", 1)
    parent.write(0, b"a" * BLOCK_SIZE)
    parent.write(7, b"b" * BLOCK_SIZE)
    store.create("snap-2", 1, "snap-1").write(7, b"c" * BLOCK_SIZE)
    return store


def test_a_volume_has_its_parents_blocks_and_zeros_elsewhere(store: BlockStore, tmp_path: Path) -> None:
    target = tmp_path / "raw"
    write_volume(store.find("snap-2"), 2, target, threading.Event())

    assert target.stat().st_size == 2 * GIB
    assert target.stat().st_blocks * 512 < 64 * BLOCK_SIZE, "zeros take no space"
    with target.open("rb") as file:
        head = file.read(8 * BLOCK_SIZE)
    assert head == b"a" * BLOCK_SIZE + bytes(6 * BLOCK_SIZE) + b"c" * BLOCK_SIZE


def test_a_volume_that_nobody_wrote_to_is_zeros(tmp_path: Path) -> None:
    write_volume(None, 1, tmp_path / "raw", threading.Event())

    assert (tmp_path / "raw").stat().st_size == GIB
    assert (tmp_path / "raw").stat().st_blocks == 0


def test_a_volume_is_no_longer_written_once_cancelled(store: BlockStore, tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(DecodingCancelledError):
        write_volume(store.find("snap-1"), 1, tmp_path / "raw", cancelled)


@needs_qemu_img
@pytest.mark.parametrize("declared", ["VMDK", "VHD"])
def test_an_encoded_disk_is_the_disk_and_can_be_imported(
    store: BlockStore, tmp_path: Path, declared: str
) -> None:
    raw, target = tmp_path / "raw", tmp_path / "image"
    write_volume(store.find("snap-2"), 1, raw, threading.Event())
    encoder = QemuImg.find()
    assert encoder
    encoder.encode(raw, target, declared, threading.Event())

    compared = subprocess.run(
        ["qemu-img", "compare", "-f", "raw", "-F", DRIVERS[declared], str(raw), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (compared.returncode, compared.stdout.strip()) == (0, "Images are identical.")
    assert detection.check_disk(FileRegion.whole(target, "image"), declared).virtual_size == GIB
    assert not list(tmp_path.glob("*.errors"))


@needs_qemu_img
def test_a_vhd_has_the_disk_s_full_size(tmp_path: Path) -> None:
    raw, target = tmp_path / "raw", tmp_path / "image"
    write_volume(None, 1, raw, threading.Event())
    encoder = QemuImg.find()
    assert encoder
    encoder.encode(raw, target, "VHD", threading.Event())

    assert target.stat().st_size == GIB + 512


@needs_qemu_img
def test_data_that_does_not_compress_has_room(tmp_path: Path) -> None:
    import random

    raw, target = tmp_path / "raw", tmp_path / "image"
    raw.write_bytes(random.Random(5).randbytes(24 << 20))  # noqa: S311 - test data
    encoder = QemuImg.find()
    assert encoder
    encoder.encode(raw, target, "VMDK", threading.Event())

    assert target.stat().st_size > raw.stat().st_size


def test_a_failing_tool_is_quoted(tmp_path: Path) -> None:
    tool = tmp_path / "qemu-img"
    tool.write_text("#!/bin/sh\necho 'qemu-img: no space' >&2\nexit 1\n")
    tool.chmod(0o755)
    (tmp_path / "raw").write_bytes(bytes(512))

    with pytest.raises(EncodingFailedError, match="image: qemu-img: no space"):
        QemuImg(str(tool)).encode(tmp_path / "raw", tmp_path / "image", "VHD", threading.Event())
