"""Partition tables and volume groups that are bombs."""

from __future__ import annotations

import struct
import uuid

from tests.unit.images.bombs.bomb import Bomb, Explosion, image, parser
from tests.unit.images.builders.partitioned import LINUX_GUID, MIB, SECTOR, gpt_disk, mbr_record
from vmie_images import MemorySource
from vmie_images.volumes.lvm import logical_volumes, open_physical_volume
from vmie_images.volumes.lvm_text import parse


def overlapping(volume: bytes, kind: uuid.UUID = LINUX_GUID) -> bytes:
    """A disk with 64 partitions, all of which are one and the same volume."""
    parts = ((kind, 2048, 2047 + len(volume) // SECTOR, "p"),) * 64
    disk = gpt_disk(2 * MIB + len(volume), parts)
    disk[MIB : MIB + len(volume)] = volume
    return bytes(disk)


def _entries_beyond_the_end() -> bytes:
    """An array of 128 entries, of which none fits and each begins in the one before it."""
    parts = tuple((LINUX_GUID, 1 << 40, (1 << 41) + n, f"p{n}") for n in range(128))
    return bytes(gpt_disk(partitions=parts))


def _chains() -> bytes:
    """Four extended partitions, each a chain of boot records that name three partitions each."""
    disk = bytearray(16 * MIB)
    disk[:SECTOR] = mbr_record(*((0x05, 64, 30_000) for _ in range(4)))
    for link in range(500):
        at = 64 + link
        disk[at * SECTOR : (at + 1) * SECTOR] = mbr_record(
            *((0x83, 1, 100) for _ in range(3)), (0x05, link + 1, 1)
        )
    return bytes(disk)


def physical_volume(metadata: bytes) -> bytes:
    """A physical volume whose metadata area holds this text."""
    label = bytearray(SECTOR)
    label[:8], label[24:32] = b"LABELONE", b"LVM2 001"
    struct.pack_into("<I", label, 20, 32)
    label[32:64] = b"A" * 32
    # No data area; one metadata area from 4 KiB on.
    struct.pack_into("<QQQQ", label, 72, 0, 0, 4096, 4096 + len(metadata) + SECTOR)
    area = bytearray(SECTOR)
    area[4:20] = b" LVM2 x[5A%r0N*>"
    struct.pack_into("<QQ", area, 40, SECTOR, len(metadata))
    data = bytes(SECTOR) + bytes(label)
    data = data.ljust(4096, b"\0") + bytes(area) + metadata
    return data.ljust(-(-len(data) // 4096) * 4096, b"\0")


def _group(volumes: int, name: str = "vg") -> bytes:
    places = f'physical_volumes {{ pv0 {{ id = "{"A" * 32}" pe_start = 8 }} }}'
    listed = " ".join(f'lv{n}{{status=["VISIBLE"]}}' for n in range(volumes))
    return f"{name} {{ seqno = 1 extent_size = 8 {places} logical_volumes {{ {listed} }} }}".encode()


def _parsed(metadata: bytes) -> Explosion:
    data = MemorySource(physical_volume(metadata))
    return parser(lambda: logical_volumes([open_physical_volume(data)]))


VOLUMES: dict[str, Bomb] = {
    "a GPT whose partitions all lie beyond the disk": lambda: image(_entries_beyond_the_end()),
    "extended partitions in chains": lambda: image(_chains()),
    "LVM metadata of many marks": lambda: image(overlapping(physical_volume(b"a=[" + b"1," * 500_000))),
    "LVM metadata of many blanks": lambda: image(overlapping(physical_volume(b"#\n" * 500_000))),
    "a volume group of many volumes": lambda: image(overlapping(physical_volume(_group(4000)))),
    "a volume group with a long name": lambda: _parsed(_group(100, "g" * 900_000)),
    "LVM metadata nested deep": lambda: parser(lambda: parse("a{" * 200_000)),
    "an LVM string without an end": lambda: parser(lambda: parse('a="' + "\\x" * 500_000)),
    "a segment of no bytes": lambda: _parsed(
        b'vg{seqno=1 extent_size=8 logical_volumes{a{status=["VISIBLE"] segment1{start_extent=0 '
        b'extent_count=0 type="striped" stripe_count=1 stripes=["pv0",0]}}}}'
    ),
}
