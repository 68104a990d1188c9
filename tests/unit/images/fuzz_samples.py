"""The whole images that the fuzzer mutates, and where an inspection of each looks."""

from __future__ import annotations

import lzma
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

from tests.unit.images.builders import ova, vhd, vhdx, vmdk
from tests.unit.images.builders.partitioned import ESP_GUID, LINUX_GUID, MIB, gpt_disk, mbr_disk, mbr_record
from tests.unit.images.skeletons import skeletons
from vmie_images import Budget, MemorySource, RangeSource, inspect_container
from vmie_images.containers.vmdk_sparse import SparseExtent
from vmie_images.reader import RangeReader

DEMO = Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk"
DATA = Path(__file__).parents[2] / "data" / "filesystems"
MESSAGES = DATA.with_name("messages")
_UNLIMITED = Budget(gets=10**9, bytes=1 << 40, steps=1 << 60, seconds=1e9)
BUDGET = Budget(gets=200, bytes=12 << 20, steps=100_000, seconds=30, initramfs=128 * 1024)
"""Ten times what the inspection of any sample takes: mutations that take more are bombs."""
QCOW2 = b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 8 * MIB)
SESPARSE = struct.pack("<QQQ", 0xCAFEBABE, 0x200000001, 8 * MIB // 512)
FILE_SYSTEMS = (
    "ext2",
    "ext4-inline",
    "ext4-meta-bg",
    "xfs",
    "xfs-wide-directories",
    "btrfs-lzo",
    "btrfs-zlib",
    "btrfs-subvolumes",
    "ntfs",
    "fat12",
    "fat32",
    "lvm-1",
    "xfs-mounted",
    "btrfs-mounted",
)


class Joined:
    """Stretches of other sources in a disk of zeros."""

    def __init__(self, size: int, parts: list[tuple[int, RangeSource]]) -> None:
        self.size = size
        self._parts = parts

    def read(self, offset: int, length: int) -> bytes:
        length = max(0, min(length, self.size - offset))
        data = bytearray(length)
        for start, part in self._parts:
            first, last = max(start, offset), min(start + part.size, offset + length)
            if first < last:
                piece = part.read(first - start, last - first)
                data[first - offset : first - offset + len(piece)] = piece
        return bytes(data)


@dataclass(frozen=True)
class Sample:
    """A whole image: its name, its bytes, and the stretches that an inspection of it looks at."""

    name: str
    source: RangeSource
    looked_at: tuple[tuple[int, int], ...]


def _decoded(packed: bytes) -> RangeSource:
    extent = SparseExtent(RangeReader(MemorySource(packed), _UNLIMITED))
    extent.open()
    return extent


def _partitioned(file_system: RangeSource) -> RangeSource:
    size = file_system.size + 2 * MIB
    record = mbr_record((0x83, 2048, file_system.size // 512))
    return Joined(size, [(0, MemorySource(record)), (MIB, file_system)])


@cache
def samples() -> tuple[Sample, ...]:
    """The corpus."""
    disk = mbr_disk(contents={3 * MIB: b"some data" * 900})
    stream = vmdk.stream_optimized(disk)
    gpt = bytes(gpt_disk(partitions=((ESP_GUID, 2048, 4095, "EFI"), (LINUX_GUID, 4096, 8191, "root"))))
    extended = bytearray(mbr_disk())
    extended[:512] = mbr_record((0x83, 2048, 2048), (0x05, 6144, 8192))
    extended[6144 * 512 : 6145 * 512] = mbr_record((0x82, 2048, 2048))
    demo = DEMO.read_bytes()
    images: dict[str, RangeSource] = {
        "demo.vmdk": MemorySource(demo),
        "demo.raw": _decoded(demo),
        "sparse.vmdk": MemorySource(vmdk.sparse(disk)),
        "descriptor.vmdk": MemorySource(vmdk.descriptor("monolithicFlat", 'RW 16384 FLAT "d-flat.vmdk" 0')),
        "fixed.vhd": MemorySource(vhd.fixed(disk)),
        "dynamic.vhd": MemorySource(vhd.dynamic(disk)),
        "dynamic.vhdx": MemorySource(vhdx.vhdx(disk)),
        "fixed.vhdx": MemorySource(vhdx.vhdx(disk, flags=1)),
        "footer.vmdk": MemorySource(stream),
        "disk.qcow2": MemorySource(QCOW2.ljust(64 * 1024, b"\0")),
        "sesparse.vmdk": MemorySource(SESPARSE.ljust(64 * 1024, b"\0")),
        "luks.raw": MemorySource(mbr_disk(contents={MIB: b"LUKS\xba\xbe\0\1aes"})),
        "bitlocker.raw": MemorySource(mbr_disk(contents={MIB: b"\xeb\x58\x90-FVE-FS-"})),
        "machine.ova": MemorySource(ova.ova({"disk1.vmdk": stream})),
        "gpt.raw": MemorySource(gpt),
        "extended.raw": MemorySource(bytes(extended)),
    }
    for name in FILE_SYSTEMS:
        images[f"{name}.raw"] = _partitioned(
            _decoded(lzma.decompress((DATA / f"{name}.vmdk.xz").read_bytes()))
        )
    for name in ("linux-bls", "windows"):
        images[f"{name}.raw"] = _decoded(lzma.decompress((MESSAGES / f"{name}.vmdk.xz").read_bytes()))
    images |= {name: skeletons()[name].files[0].source for name in ("dual-boot.raw", "windows-uefi.raw")}
    return tuple(Sample(name, source, _looked_at(name, source)) for name, source in images.items())


@cache
def second_disk() -> RangeSource:
    """The other disk of the volume group that the sample ``lvm-1`` is of."""
    return _partitioned(_decoded(lzma.decompress((DATA / "lvm-2.vmdk.xz").read_bytes())))


def _looked_at(name: str, source: RangeSource) -> tuple[tuple[int, int], ...]:
    reads: list[tuple[int, int]] = []
    read = RangeReader.read

    def recording(self: RangeReader, offset: int, length: int) -> bytes:
        data = read(self, offset, length)
        if data:
            reads.append((offset, len(data)))
        return data

    with mock.patch.object(RangeReader, "read", recording):
        inspect_container(source, name=name, budget=BUDGET)
    return tuple(dict.fromkeys(reads))
