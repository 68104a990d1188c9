from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.unit.images.builders import ova as ova_builder
from tests.unit.images.builders import partitioned, vhd, vmdk
from vmie_local.disk_images import detection, ova
from vmie_local.disk_images.decoding import copy_sparsely
from vmie_local.disk_images.detection import DiskImage
from vmie_local.disk_images.errors import (
    CorruptStreamError,
    DecodingCancelledError,
    DiskTooLargeError,
    FootersDifferError,
)
from vmie_local.disk_images.qemu_img import QemuImg
from vmie_local.disk_images.region import FileRegion

DISK = partitioned.mbr_disk(4 << 20, {3 << 20: bytes(range(256)) * 2048})
FIRST_GRAIN = 21 * 512
needs_qemu_img = pytest.mark.skipif(
    shutil.which("qemu-img") is None, reason="qemu-img is not on PATH (Debian: apt-get install qemu-utils)"
)


def image_of(folder: Path, content: bytes, declared: str) -> DiskImage:
    path = folder / "image"
    path.write_bytes(content)
    return detection.check_disk(FileRegion.whole(path, "web"), declared)


def decode(image: DiskImage, target: Path) -> bytes:
    decoder = QemuImg.find()
    assert decoder
    decoder.decode(image, target, threading.Event())
    return target.read_bytes()


@needs_qemu_img
@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (vmdk.stream_optimized(DISK), "VMDK"),
        (vhd.fixed(DISK), "VHD"),
        (vhd.dynamic(DISK), "VHD"),
    ],
)
def test_every_format_decodes_to_the_disk(tmp_path: Path, content: bytes, declared: str) -> None:
    assert decode(image_of(tmp_path, content, declared), tmp_path / "raw") == DISK
    assert not list(tmp_path.glob("*.errors"))


@needs_qemu_img
@pytest.mark.parametrize("subformat", ["dynamic", "fixed"])
def test_a_vhdx_decodes_to_the_disk(tmp_path: Path, subformat: str) -> None:
    (tmp_path / "disk").write_bytes(DISK)
    made = tmp_path / "made.vhdx"
    command = ["qemu-img", "convert", "-f", "raw", "-O", "vhdx", "-o", f"subformat={subformat}"]
    subprocess.run([*command, str(tmp_path / "disk"), str(made)], check=True)

    assert decode(image_of(tmp_path, made.read_bytes(), "VHDX"), tmp_path / "raw") == DISK


@needs_qemu_img
def test_a_disk_is_decoded_where_it_lies_in_an_appliance(tmp_path: Path) -> None:
    path = tmp_path / "app.ova"
    path.write_bytes(ova_builder.ova({"a.vmdk": vmdk.stream_optimized(DISK)}))
    (region,) = ova.disks_of(FileRegion.whole(path, "app.ova"))

    assert decode(detection.check_disk(region, "VMDK"), tmp_path / "raw") == DISK


@needs_qemu_img
@pytest.mark.parametrize(
    "at",
    [FIRST_GRAIN + 8, FIRST_GRAIN + 12, FIRST_GRAIN + 16],
    ids=["size of the grain", "zlib header", "compressed data"],
)
def test_a_damaged_stream_is_found(tmp_path: Path, at: int) -> None:
    content = bytearray(vmdk.stream_optimized(DISK))
    content[at : at + 4] = bytes(4)

    with pytest.raises(CorruptStreamError):
        decode(image_of(tmp_path, bytes(content), "VMDK"), tmp_path / "raw")


@needs_qemu_img
def test_a_vhd_whose_blocks_lie_beyond_its_end_is_found(tmp_path: Path) -> None:
    content = bytearray(vhd.dynamic(DISK))
    content[1536:1540] = b"\x7f\xff\xff\xff"

    with pytest.raises(FootersDifferError):
        decode(image_of(tmp_path, bytes(content), "VHD"), tmp_path / "raw")


@needs_qemu_img
def test_a_descriptor_s_path_is_never_opened(tmp_path: Path) -> None:
    """Even if the checks before it failed: the format is given, and a text descriptor is no sparse VMDK."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret" * 1000)
    content = vmdk.descriptor("monolithicFlat", f'RW 11 FLAT "{secret}" 0')
    path = tmp_path / "image"
    path.write_bytes(content)
    raw = DiskImage("RAW", FileRegion.whole(path, "web"), len(content))

    assert b"secretsecret" not in decode(raw, tmp_path / "raw")


@needs_qemu_img
def test_a_parent_that_a_stream_names_is_never_opened(tmp_path: Path) -> None:
    """qemu-img would open it as a backing file; here it would fail for not being a VMDK."""
    (tmp_path / "secret").write_bytes(b"secret" * 20000)
    content = vmdk.stream_optimized(DISK)
    start = content.index(b"# Disk DescriptorFile")
    text = content[start : content.index(b"\0", start)]
    hint = f'parentCID=00000000\nparentFileNameHint="{tmp_path}/secret"'.encode()
    changed = text.replace(b"parentCID=ffffffff", hint)
    path = tmp_path / "image"
    path.write_bytes(content[:start] + changed + content[start + len(changed) :])

    assert decode(DiskImage("VMDK", FileRegion.whole(path, "web"), len(DISK)), tmp_path / "raw") == DISK


def slow_tool(folder: Path, body: str) -> str:
    script = folder / "qemu-img"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return str(script)


def test_a_cancelled_decoding_ends_its_process(tmp_path: Path) -> None:
    tool = QemuImg(slow_tool(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60"))
    image = image_of(tmp_path, DISK, "RAW")
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()

    with pytest.raises(DecodingCancelledError):
        tool.decode(image, tmp_path / "raw", cancelled)
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_a_decoding_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    tool = QemuImg(slow_tool(tmp_path, "exec sleep 60"), timeout_seconds=0.1)
    began = time.monotonic()

    with pytest.raises(DiskTooLargeError, match="was not converted in"):
        tool.decode(image_of(tmp_path, DISK, "RAW"), tmp_path / "raw", threading.Event())
    assert time.monotonic() - began < 30


def test_a_decoding_that_fills_the_disk_is_ended(tmp_path: Path) -> None:
    tool = QemuImg(slow_tool(tmp_path, "exec sleep 60"), keep_free=1 << 60)

    with pytest.raises(DiskTooLargeError, match="does not fit"):
        tool.decode(image_of(tmp_path, DISK, "RAW"), tmp_path / "raw", threading.Event())


def test_what_qemu_img_says_is_kept(tmp_path: Path) -> None:
    tool = QemuImg(slow_tool(tmp_path, "echo cannot read >&2; exit 1"))

    with pytest.raises(CorruptStreamError, match="cannot read"):
        tool.decode(
            image_of(tmp_path, vmdk.stream_optimized(DISK), "VMDK"), tmp_path / "raw", threading.Event()
        )


def test_a_raw_image_is_copied_with_holes(tmp_path: Path) -> None:
    disk = b"a" * 1000 + bytes(16 << 20) + b"z"
    image = image_of(tmp_path, disk, "RAW")
    copy_sparsely(image, tmp_path / "raw", threading.Event())

    assert (tmp_path / "raw").read_bytes() == disk
    assert (tmp_path / "raw").stat().st_blocks * 512 < 4 << 20


def test_a_copy_can_be_cancelled(tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(DecodingCancelledError):
        copy_sparsely(image_of(tmp_path, DISK, "RAW"), tmp_path / "raw", cancelled)
