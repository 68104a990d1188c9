"""Containers that are bombs."""

from __future__ import annotations

import struct
import zlib

from tests.unit.images.bombs.bomb import Bomb, Explosion, image, parser
from tests.unit.images.builders import ova, vhd, vhdx
from tests.unit.images.builders.partitioned import LINUX_GUID, MIB, gpt_disk, mbr_disk
from vmie_images import MemorySource
from vmie_images.checksums import crc32c
from vmie_images.compression import decompress_zstandard, inflate, zstandard
from vmie_images.containers.ova_manifest import parse_manifest
from vmie_images.containers.ovf import parse_ovf

SECTOR = 512


def _descriptor_of_blank_lines() -> bytes:
    return b"# Disk DescriptorFile\n" + b"\n" * MIB


def _descriptor_of_blanks_and_settings() -> bytes:
    return b"# Disk DescriptorFile\n" + (b"a =" + b" " * 2000 + b"=\n") * 500


def _grains(sectors: int) -> bytes:
    """A compressed VMDK whose grains pack to nothing, with 64 partitions in as many grains."""
    size, count = sectors * SECTOR, 80
    parts = tuple((LINUX_GUID, sectors * n, sectors * (n + 1) - 1, "p") for n in range(1, 65))
    start = bytes(gpt_disk(64 * 1024, parts))
    packed = [zlib.compress(content.ljust(size, b"\0"), 1) for content in (start, b"\1")]
    fields = (b"KDMV", 3, 0x30001, count * sectors, sectors, 0, 0, 512, 0, 1, 128, 0, b"\n \r\n", 1)
    head = struct.pack("<4sIIQQQQIQQQB4sH", *fields).ljust(SECTOR, b"\0")
    places, body, at = [], [], 128
    for index in range(count):
        data = packed[index > 0]
        data = struct.pack("<QI", index * sectors, len(data)) + data
        body.append(data.ljust(-(-len(data) // SECTOR) * SECTOR, b"\0"))
        places.append(at)
        at += len(body[-1]) // SECTOR
    table = struct.pack("<I", 2).ljust(SECTOR, b"\0") + struct.pack(f"<{count}I", *places)
    return (head + table).ljust(128 * SECTOR, b"\0") + b"".join(body) + bytes(SECTOR)


def _ovf(files: str = "", disks: str = "") -> bytes:
    return ova.archive({"vm.ovf": ova.OVF.format(files=files, disks=disks).encode()})


def _namespaced(tag: str) -> bytes:
    """A name of half a MiB that a namespace-aware parser copies for each of its uses."""
    return f'<Envelope xmlns:a="{"u" * 400_000}" xmlns="{"u" * 100_000}">{tag}</Envelope>'.encode()


def _attributes() -> bytes:
    return _namespaced("<b " + " ".join(f'a:x{number}=""' for number in range(40_000)) + "/>")


def _zeros_packed() -> bytes:
    """320 MiB of zeros as a zlib stream."""
    packer, piece = zlib.compressobj(1), bytes(32 * MIB)
    return b"".join(packer.compress(piece) for _ in range(10)) + packer.flush()


def _pax() -> bytes:
    """Records that never end: each looks for its end in all that follow."""
    record = (b"1 path=" * 9300)[: 64 * 1024]
    header = bytearray(512)
    header[:1], header[124:136], header[156:157], header[257:265] = (
        b"x",
        b"%011o\0" % len(record),
        b"x",
        b"ustar\x0000",
    )
    header[148:156] = b"%06o\0 " % (sum(header) + 8 * 0x20)
    return (bytes(header) + record) * 128


def _vhd_of_small_blocks() -> bytes:
    """Blocks of a sector, each of which a long read looks up in the table."""
    data = bytearray(vhd.dynamic(mbr_disk(64 * MIB)))
    struct.pack_into(">I", data, 512 + 32, 512)
    struct.pack_into(">I", data, 512 + 28, 1 << 17)
    data[1536 : 1536 + 4 * (1 << 17)] = struct.pack(">I", 3).ljust(4, b"\0") * (1 << 17)
    return bytes(data)


def _vhdx_of_many_items() -> bytes:
    data = bytearray(vhdx.vhdx(mbr_disk(8 * MIB)))
    struct.pack_into("<H", data, 2 * MIB + 10, 2047)
    for index in range(3, 2047):
        struct.pack_into("<16sIIII", data, 2 * MIB + 32 + 32 * index, bytes([7] * 16), 64 * 1024, 1024, 4, 0)
    return bytes(data)


def _inflate() -> Explosion:
    packed = _zeros_packed()
    return parser(lambda: (_at_most(inflate(packed, 0), 0), _at_most(inflate(packed, 1000), 1000)))


def _at_most(data: bytes, most: int) -> None:
    if len(data) > most:
        raise AssertionError(f"{len(data)} bytes where {most} were asked for")


def _zstandard() -> Explosion:
    module = zstandard()
    packed = module.compress(bytes(320 * MIB)) if module else b""
    limits = (0, 1000) if module else ()
    return parser(lambda: [_at_most(decompress_zstandard(packed, limit), limit) for limit in limits])


CONTAINERS: dict[str, Bomb] = {
    "a VMDK descriptor of blank lines": lambda: image(_descriptor_of_blank_lines(), "disk.vmdk"),
    "a VMDK descriptor of blanks": lambda: image(_descriptor_of_blanks_and_settings(), "disk.vmdk"),
    "VMDK grains of 32 MiB": lambda: image(_grains(1 << 16), "disk.vmdk"),
    "VMDK grains of 1 MiB": lambda: image(_grains(1 << 11), "disk.vmdk"),
    "an OVF that names thousands of files": lambda: image(
        _ovf("".join(f'<File href="missing-{n}" id="{n}"/>' for n in range(19_000))), "vm.ova"
    ),
    "an OVF of attributes in a long namespace": lambda: parser(lambda: parse_ovf(_attributes())),
    "an OVF of elements in a long namespace": lambda: parser(lambda: parse_ovf(_namespaced("<b/>" * 19_000))),
    "an OVF of nested elements": lambda: parser(lambda: parse_ovf(b"<Envelope>" + b"<b>" * 300_000)),
    "an OVF of many elements": lambda: parser(lambda: parse_ovf(b"<Envelope>" + b"<b/>" * 250_000)),
    "an OVF of one long text": lambda: parser(lambda: parse_ovf(b"<Envelope>" + b"&amp;" * 200_000)),
    "an OVF of entities": lambda: parser(
        lambda: parse_ovf(
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 107))
            + b"]><Envelope>&k;</Envelope>"
        )
    ),
    "a manifest of blanks": lambda: parser(
        lambda: parse_manifest(b"SHA1\n" * 100_000 + b"SHA1(" + b") " * 250_000)
    ),
    "pax records without an end": lambda: image(_pax(), "vm.ova"),
    "an archive in an archive": lambda: image(
        ova.ova({f"disk{n}.vmdk": ova.ova({"disk.vmdk": _descriptor_of_blank_lines()}) for n in range(4)}),
        "vm.ova",
    ),
    "VHD blocks of a sector": lambda: image(_vhd_of_small_blocks(), "disk.vhd"),
    "a VHDX of many metadata items": lambda: image(_vhdx_of_many_items(), "disk.vhdx"),
    "a zlib stream without a limit": _inflate,
    "a Zstandard frame without a limit": _zstandard,
    "a checksum of all bytes": lambda: parser(lambda: [crc32c(bytes(MIB)) for _ in range(100)]),
    "a text that is all one line": lambda: image(MemorySource(b" " * (4 * MIB)), "disk.vmdk"),
}
