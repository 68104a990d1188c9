"""Mutates images and inspects them: ``python -m tests.unit.images.fuzzing [--mutations N] [--seed S]``.

A mutation changes bytes that the inspection of the whole image looks at: flips bits, plants the numbers
that break careless readers, copies one structure over another, or cuts the file. Whatever comes out, an
inspection must end with findings, within its budget, without an exception that nobody foresaw.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

from tests.unit.images.builders import ova, vhd, vhdx, vmdk
from tests.unit.images.builders.hive import hive
from tests.unit.images.builders.partitioned import ESP_GUID, LINUX_GUID, MIB, gpt_disk, mbr_disk, mbr_record
from vmie_images import Budget, ImageFile, MemorySource, RangeSource, inspect_container, inspect_containers
from vmie_images.containers.vmdk_sparse import SparseExtent
from vmie_images.errors import ImageError
from vmie_images.reader import RangeReader
from vmie_images.registry.hive import Hive

DEMO = Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk"
DATA = Path(__file__).parents[2] / "data" / "filesystems"
MESSAGES = DATA.with_name("messages")
_NUMBERS = (
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
_UNLIMITED = Budget(gets=10**9, bytes=1 << 40, steps=1 << 60, seconds=1e9)
_BUDGET = Budget(gets=600, bytes=24 << 20, seconds=30, initramfs=128 * 1024)
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


class Patched:
    """A source with some bytes changed, and perhaps its end cut off."""

    def __init__(
        self, source: RangeSource, patches: list[tuple[int, bytes]], size: int | None = None
    ) -> None:
        self._source = source
        self._patches = patches
        self.size = source.size if size is None else size

    def read(self, offset: int, length: int) -> bytes:
        length = max(0, min(length, self.size - offset))
        data = bytearray(self._source.read(offset, length))
        for place, content in self._patches:
            first, last = max(place, offset), min(place + len(content), offset + length)
            if first < last:
                data[first - offset : last - offset] = content[first - place : last - place]
        return bytes(data)


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
    import lzma

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
    return tuple(Sample(name, source, _looked_at(name, source)) for name, source in images.items())


@cache
def _second_disk() -> RangeSource:
    """The other disk of the volume group that the sample ``lvm-1`` is of."""
    import lzma

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
        inspect_container(source, name=name, budget=_BUDGET)
    return tuple(dict.fromkeys(reads))


def mutate(sample: Sample, chance: random.Random) -> RangeSource:
    """The sample with one to four changes."""
    patches: list[tuple[int, bytes]] = []
    size = None
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        start, length = chance.choice(sample.looked_at)
        # The start of a structure is where its numbers are.
        place = start + min(int(chance.expovariate(1 / 48)), length - 1)
        kind = chance.randrange(10)
        if kind < 3:
            old = sample.source.read(place, 1)
            patches.append((place, bytes([old[0] ^ (1 << chance.randrange(8))])))
        elif kind < 7:
            width = chance.choice((1, 2, 4, 8))
            number = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
            patches.append((place - place % width, number.to_bytes(width, chance.choice(("little", "big")))))
        elif kind < 9:
            other, count = chance.choice(sample.looked_at)
            patches.append((place, sample.source.read(other, min(count, chance.choice((4, 16, 64, 512))))))
        elif chance.random() < 0.3:
            size = chance.randrange(sample.source.size + 1)
    return Patched(sample.source, patches, size)


def inspect_mutation(number: int, seed: int) -> tuple[str, tuple[str, ...]]:
    """Inspect one mutation; the sample's name and the codes of what was found.

    Raises:
        Exception: Whatever the readers raise that they should not.
    """
    chance = random.Random(f"{seed}/{number}")  # noqa: S311
    sample = chance.choice(samples())
    files = [ImageFile(mutate(sample, chance), sample.name)]
    if chance.random() < 0.2:
        files.append(ImageFile(_second_disk(), "second.raw"))
    with mock.patch("vmie_images.inspection._UNFORESEEN", ()):
        inspection = inspect_containers(
            files, budget=_BUDGET, region="eu-south-2", digests=chance.random() < 0.5
        )
    json.dumps(inspection.to_document())
    return sample.name, tuple(finding.code for finding in inspection.findings)


@cache
def _hive() -> bytes:
    keys = {f"Key{number:02}": {"Value": number, "Text": "words"} for number in range(40)}
    return hive({"Microsoft": {"Windows NT": {"CurrentVersion": keys | {"ProductName": "Windows"}}}})


def read_mutated_hive(number: int, seed: int) -> None:
    """Look values up in a mutated registry hive.

    Raises:
        Exception: Whatever the reader raises that it should not.
    """
    chance = random.Random(f"{seed}/hive/{number}")  # noqa: S311
    data = bytearray(_hive())
    for _ in range(chance.choice((1, 2, 4))):
        place = chance.randrange(len(data) - 8)
        struct.pack_into("<I", data, place, chance.choice(_NUMBERS) & 0xFFFFFFFF)
    try:
        found = Hive(lambda offset, length: bytes(data[max(offset, 0) : max(offset, 0) + max(length, 0)]))
        found.values("Microsoft\\Windows NT\\CurrentVersion")
        found.values("Microsoft\\Windows NT\\CurrentVersion\\Key33")
    except ImageError:
        pass


def main() -> int:
    """Fuzz, and report what was found how often."""
    parser = argparse.ArgumentParser(prog="fuzzing")
    parser.add_argument("--mutations", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    codes: Counter[str] = Counter()
    slowest = (0.0, 0)
    started = time.process_time()
    for number in range(options.mutations):
        before = time.process_time()
        try:
            _, found = inspect_mutation(number, options.seed)
            read_mutated_hive(number, options.seed)
        except Exception:
            print(f"mutation {number} of seed {options.seed} raised", file=sys.stderr)
            raise
        codes.update(set(found) or {"nothing"})
        slowest = max(slowest, (time.process_time() - before, number))
    spent = time.process_time() - started
    print(
        f"{options.mutations} mutations of seed {options.seed} in {spent:.0f} s; slowest {slowest[0]:.2f} "
        f"s (number {slowest[1]})"
    )
    for code, count in codes.most_common():
        print(f"{count:8} {code}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
