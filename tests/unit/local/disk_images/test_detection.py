from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.unit.images.builders import ova as ova_builder
from tests.unit.images.builders import partitioned, vhd, vhdx, vmdk
from vmie_local.disk_images import detection, ova
from vmie_local.disk_images.errors import (
    CorruptStreamError,
    DiskImageError,
    DiskTooLargeError,
    FootersDifferError,
    OvfError,
    UnsupportedFormatError,
    UnsupportedVmdkError,
)
from vmie_local.disk_images.region import FileRegion

DISK = partitioned.mbr_disk(4 << 20, {3 << 20: b"data"})
STREAM = vmdk.stream_optimized(DISK)


def region(folder: Path, content: bytes) -> FileRegion:
    path = folder / "image"
    path.write_bytes(content)
    return FileRegion.whole(path, "disks/web")


def patched(content: bytes, offset: int, data: bytes) -> bytes:
    return content[:offset] + data + content[offset + len(data) :]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (STREAM, "VMDK"),
        (vmdk.sparse(DISK), "VMDK"),
        (vmdk.descriptor("vmfs"), "VMDK"),
        (b"COWD" + bytes(600), "VMDK"),
        (struct.pack("<Q", 0xCAFEBABE) + bytes(600), "VMDK"),
        (vhd.fixed(DISK), "VHD"),
        (vhd.dynamic(DISK), "VHD"),
        (vhdx.vhdx(DISK), "VHDX"),
        (ova_builder.ova({"a.vmdk": STREAM}), "OVA"),
        (b"QFI\xfb" + bytes(600), "QCOW2"),
        (b"<<< Oracle VM VirtualBox Disk Image >>>\n" + bytes(600), "VDI"),
        (DISK, "RAW"),
        (b"x", "RAW"),
    ],
)
def test_a_file_is_known_by_its_content(tmp_path: Path, content: bytes, expected: str) -> None:
    assert detection.container_format(region(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (STREAM, "VMDK"),
        (vhd.fixed(DISK), "VHD"),
        (vhd.dynamic(DISK), "VHD"),
        (vhdx.vhdx(DISK), "VHDX"),
        (vhdx.vhdx(DISK, flags=1), "VHDX"),
        (DISK, "RAW"),
    ],
)
def test_an_image_of_its_declared_format_is_accepted_with_its_size(
    tmp_path: Path, content: bytes, declared: str
) -> None:
    image = detection.check_disk(region(tmp_path, content), declared)

    assert (image.format, image.virtual_size) == (declared, len(DISK))


def test_a_fixed_vhd_may_be_imported_as_raw(tmp_path: Path) -> None:
    assert detection.check_disk(region(tmp_path, vhd.fixed(DISK)), "RAW").virtual_size == len(DISK) + 512


REFUSED: list[tuple[str, bytes, str, type[DiskImageError]]] = [
    ("raw as VMDK", DISK, "VMDK", UnsupportedFormatError),
    ("VMDK as VHD", STREAM, "VHD", UnsupportedFormatError),
    ("VHDX as VHD", vhdx.vhdx(DISK), "VHD", UnsupportedFormatError),
    ("dynamic VHD as raw", vhd.dynamic(DISK), "RAW", UnsupportedFormatError),
    ("qcow2 as raw", b"QFI\xfb" + bytes(600), "RAW", UnsupportedFormatError),
    ("empty", b"", "RAW", UnsupportedFormatError),
    ("sparse VMDK", vmdk.sparse(DISK), "VMDK", UnsupportedVmdkError),
    ("text VMDK", vmdk.descriptor("monolithicFlat"), "VMDK", UnsupportedVmdkError),
    ("SEsparse", struct.pack("<Q", 0xCAFEBABE) + bytes(600), "VMDK", UnsupportedVmdkError),
    ("COWD", b"COWD" + bytes(600), "VMDK", UnsupportedVmdkError),
    # capacity 0: qemu would open the extents that the embedded descriptor names
    ("capacity 0", patched(STREAM, 12, bytes(8)), "VMDK", UnsupportedVmdkError),
    ("huge capacity", patched(STREAM, 12, b"\xff" * 8), "VMDK", UnsupportedVmdkError),
    ("grain 0", patched(STREAM, 20, bytes(8)), "VMDK", UnsupportedVmdkError),
    (
        "other createType",
        STREAM.replace(b'createType="streamOptimized"', b'createType="monolithicFla"'),
        "VMDK",
        UnsupportedVmdkError,
    ),
    (
        "with a parent",
        STREAM.replace(b"parentCID=ffffffff", b"parentCID=12345678"),
        "VMDK",
        UnsupportedVmdkError,
    ),
    (
        "naming a parent",
        STREAM.replace(b"# The Disk Data Base", b'parentFileNameHint="a'),
        "VMDK",
        UnsupportedVmdkError,
    ),
    ("VMDK without its footer", STREAM[:-1024], "VMDK", CorruptStreamError),
    ("VMDK cut in half", STREAM[: len(STREAM) // 2], "VMDK", CorruptStreamError),
    ("VHD without its footer", vhd.dynamic(DISK)[:-512], "VHD", FootersDifferError),
    ("VHD with two footers", patched(vhd.dynamic(DISK), 20, b"abcd"), "VHD", FootersDifferError),
    (
        "VHD with a bad checksum",
        patched(vhd.fixed(DISK), len(DISK) + 30, b"\xff"),
        "VHD",
        FootersDifferError,
    ),
    ("VHD cut", vhd.footer(1 << 20, 2), "VHD", FootersDifferError),
    ("differencing VHD", vhd.dynamic(DISK, 4), "VHD", FootersDifferError),
    ("VHD above 2 TiB", vhd.footer(0, 2), "VHD", DiskTooLargeError),
    ("differencing VHDX", vhdx.vhdx(DISK, flags=2), "VHDX", UnsupportedFormatError),
    ("VHDX without metadata", b"vhdxfile" + bytes(1 << 20), "VHDX", UnsupportedFormatError),
    (
        "VHDX with impossible size",
        vhdx.vhdx(DISK).replace(struct.pack("<Q", len(DISK)), b"\xff" * 8),
        "VHDX",
        DiskTooLargeError,
    ),
]


@pytest.mark.parametrize(
    ("content", "declared", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_an_image_the_service_does_not_take_is_refused(
    tmp_path: Path, content: bytes, declared: str, error: type[DiskImageError]
) -> None:
    with pytest.raises(error) as refusal:
        detection.check_disk(region(tmp_path, content), declared)

    assert type(refusal.value) is error
    assert "disks/web" in str(refusal.value)


def test_an_appliance_s_disks_come_in_the_order_of_its_disk_section(tmp_path: Path) -> None:
    content = ova_builder.archive(
        {
            "vm.ovf": ova_builder.ovf({"b.vmdk": STREAM, "a.vmdk": STREAM[:1000]}),
            "a.vmdk": STREAM[:1000],
            "b.vmdk": STREAM,
        }
    )
    disks = ova.disks_of(region(tmp_path, content))

    assert [(disk.name, disk.size) for disk in disks] == [("b.vmdk", len(STREAM)), ("a.vmdk", 1000)]
    assert disks[0].read(0, 4) == b"KDMV"
    assert disks[0].read(0, 1 << 30) == STREAM


OVF = ova_builder.ovf({"a.vmdk": STREAM})
BROKEN: list[tuple[str, dict[str, bytes], str]] = [
    ("no descriptor", {"a.vmdk": STREAM}, "0 OVF descriptors"),
    ("two descriptors", {"a.ovf": OVF, "b.ovf": OVF, "a.vmdk": STREAM}, "2 OVF descriptors"),
    ("disk missing", {"vm.ovf": OVF}, "a.vmdk is not in the OVA"),
    ("chunks by name", {"vm.ovf": OVF, "a.vmdk.000000000": STREAM}, "chunked disk files is not supported"),
    (
        "chunks by attribute",
        {"vm.ovf": ova_builder.ovf({"a.vmdk": STREAM}, 'ovf:chunkSize="7"'), "a.vmdk": STREAM},
        "chunked disk files is not supported",
    ),
    (
        "compressed",
        {"vm.ovf": ova_builder.ovf({"a.vmdk": STREAM}, 'ovf:compression="gzip"'), "a.vmdk": STREAM},
        "is compressed",
    ),
    ("no disk", {"vm.ovf": ova_builder.ovf({})}, "No disk"),
    ("no XML", {"vm.ovf": b"<Envelope"}, "no XML"),
    (
        "entities",
        {"vm.ovf": b'<!DOCTYPE x [<!ENTITY a "b">]><Envelope>&a;</Envelope>'},
        "document type definition",
    ),
    (
        "path outside",
        {"vm.ovf": OVF.replace(b"a.vmdk", b"../../etc/passwd"), "a.vmdk": STREAM},
        "is not in the OVA",
    ),
    (
        "unknown file",
        {"vm.ovf": OVF.replace(b'fileRef="file0"', b'fileRef="x"'), "a.vmdk": STREAM},
        "unknown",
    ),
]


@pytest.mark.parametrize(("members", "text"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_an_appliance_that_cannot_be_used_says_why(
    tmp_path: Path, members: dict[str, bytes], text: str
) -> None:
    with pytest.raises(OvfError, match=text):
        ova.disks_of(region(tmp_path, ova_builder.archive(members)))


def test_an_appliance_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    content = ova_builder.ova({"a.vmdk": STREAM})

    with pytest.raises(UnsupportedFormatError):
        ova.disks_of(region(tmp_path, content[:4000]))


def test_links_in_an_appliance_are_not_followed(tmp_path: Path) -> None:
    import io
    import tarfile

    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        entry = tarfile.TarInfo("vm.ovf")
        entry.size = len(OVF)
        archive.addfile(entry, io.BytesIO(OVF))
        link = tarfile.TarInfo("a.vmdk")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    with pytest.raises(OvfError, match="is not in the OVA"):
        ova.disks_of(region(tmp_path, output.getvalue()))


def test_a_region_gives_nothing_beyond_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    part = FileRegion(path, 2, 4, "part")

    assert part.read(0, 100) == b"2345"
    assert part.read(3, 5) == b"5"
    assert part.read(4, 1) == part.read(-1, 2) == b""
