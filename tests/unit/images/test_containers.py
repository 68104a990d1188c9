"""What a file is, and whether it is whole."""

from __future__ import annotations

import json
import struct
import zlib

import pytest

from tests.unit.images.builders import vhd, vhdx, vmdk
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from tests.unit.images.inspecting import codes, content, findings, inspect, verdict
from vmie_images import ImageFile, Inspection, MemorySource, inspect_container
from vmie_images.containers.container import Container, DiskImage
from vmie_images.inspected import InspectedDisk

DISK = mbr_disk(contents={3 * MIB: b"some data" * 9000, 8 * MIB - 512: b"end"})
ACCEPTED = ("accepted", "accepted", "accepted")
REJECTED = ("rejected", "rejected", "rejected")

WHOLE = {
    "raw": ("disk.raw", DISK, "RAW", None),
    "stream-optimized VMDK": ("disk.vmdk", vmdk.stream_optimized(DISK), "VMDK", "streamOptimized"),
    "fixed VHD": ("disk.vhd", vhd.fixed(DISK), "VHD", "fixed"),
    "dynamic VHD": ("disk.VHD", vhd.dynamic(DISK), "VHD", "dynamic"),
    "dynamic VHDX": ("disk.vhdx", vhdx.vhdx(DISK), "VHDX", "dynamic"),
    "fixed VHDX": ("disk.vhdx", vhdx.vhdx(DISK, flags=1), "VHDX", "fixed"),
}


@pytest.mark.parametrize(("name", "data", "kind", "subtype"), WHOLE.values(), ids=WHOLE)
def test_a_whole_image_is_recognised_accepted_and_decoded(name, data, kind, subtype) -> None:
    inspection = inspect(data, name)

    assert (inspection.container.format, inspection.container.subtype) == (kind, subtype)
    assert inspection.container.virtual_size == len(DISK)
    assert inspection.container.stored_size == len(data)
    assert codes(inspection) == set()
    assert verdict(inspection) == ACCEPTED
    assert content(inspection) == DISK


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"", "empty", "EmptyFile"),
        (b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 1 << 30), "QCOW2", "UnsupportedFormat"),
        (bytes(64) + b"\x7f\x10\xda\xbe" + bytes(999), "VDI", "UnsupportedFormat"),
        (b"\x1f\x8b\x08" + bytes(100), "gzip archive", "CompressedFile"),
        (b"PK\x03\x04" + bytes(100), "zip archive", "CompressedFile"),
        (b"\xfd7zXZ\0" + bytes(100), "xz archive", "CompressedFile"),
        (b"no disk at all\n", "text file", "UnsupportedFormat"),
        ("Grüße\n".encode() * 2000, "text file", "UnsupportedFormat"),
        (b"<!DOCTYPE html><title>404</title>", "XML or HTML document", "UnsupportedFormat"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "Git LFS pointer",
            "UnsupportedFormat",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("name", ["disk.vmdk", "disk.raw", "disk"])
def test_what_is_no_disk_image_is_named_for_what_it_is(data, kind, code, name) -> None:
    inspection = inspect(data, name)

    assert inspection.container.format == kind
    assert codes(inspection) == {code}
    assert verdict(inspection) == REJECTED


@pytest.mark.parametrize(
    ("data", "subtype", "code", "expected"),
    [
        (
            vmdk.sparse(DISK),
            "monolithicSparse",
            "VmdkNotStreamOptimized",
            ("rejected", "rejected", "accepted"),
        ),
        (vmdk.sparse(DISK, b""), "twoGbMaxExtentSparse", "VmdkSplit", REJECTED),
        (
            vmdk.sparse(DISK, vmdk.descriptor("monolithicSparse", parent="12345678")),
            "monolithicSparse",
            "VmdkDelta",
            REJECTED,
        ),
        (
            vmdk.descriptor("monolithicFlat", 'RW 16384 FLAT "/etc/passwd" 0'),
            "monolithicFlat",
            "VmdkDescriptorOnly",
            REJECTED,
        ),
        (
            vmdk.descriptor("vmfsSparse", 'RW 9 VMFSSPARSE "a"', "0badcafe"),
            "vmfsSparse",
            "VmdkDelta",
            REJECTED,
        ),
        (b"COWD" + bytes(2044), "vmfsSparse", "VmdkSeSparse", REJECTED),
        (b"\xbe\xba\xfe\xca\0\0\0\0" + bytes(4088), "seSparse", "VmdkSeSparse", REJECTED),
    ],
    ids=["sparse", "split", "sparse delta", "flat", "delta", "COWD", "SEsparse"],
)
def test_a_vmdk_of_another_kind_is_named_by_its_own_term(data, subtype, code, expected) -> None:
    inspection = inspect(data, "disk.vmdk")

    assert inspection.container.subtype == subtype
    assert codes(inspection) == {code}
    assert verdict(inspection) == expected


def test_a_monolithic_sparse_vmdk_is_decoded_for_a_direct_import() -> None:
    assert content(inspect(vmdk.sparse(DISK), "disk.vmdk")) == DISK


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("disk.vmdk", vmdk.stream_optimized(DISK)[:-4096], "VmdkTruncated"),
        ("disk.vmdk", vmdk.stream_optimized(DISK)[:-26], "VmdkTruncated"),
        ("disk.vmdk", vmdk.sparse(DISK)[:-70000], "VmdkTruncated"),
        ("disk.vhd", vhd.fixed(DISK)[:-4096], "VhdTruncated"),
        ("disk.vhd", vhd.dynamic(DISK)[:-4096], "VhdTruncated"),
        ("disk.vhdx", vhdx.vhdx(DISK)[:-4096], "VhdxTruncated"),
        ("disk.raw", DISK[:-4096], "PartitionBeyondEnd"),
        ("disk.raw", DISK[:-4000], "RawSizeNotSectors"),
    ],
    ids=[
        "stream",
        "stream in its last sector",
        "sparse",
        "fixed VHD",
        "dynamic VHD",
        "VHDX",
        "raw",
        "raw, ragged",
    ],
)
def test_an_upload_that_stopped_early_is_noticed(name, data, code) -> None:
    inspection = inspect(data, name)

    assert code in codes(inspection)
    assert inspection.verdicts["image"] == "rejected"
    assert inspection.verdicts["snapshot"] == "rejected" or name == "disk.raw"


def test_a_footer_behind_padding_is_found() -> None:
    inspection = inspect(vmdk.stream_optimized(DISK) + bytes(8192), "disk.vmdk")

    assert verdict(inspection) == ACCEPTED


def test_a_transfer_in_text_mode_is_recognised_by_the_line_ends_in_the_header() -> None:
    data = bytearray(vmdk.stream_optimized(DISK))
    data[72:77] = b"\0\r\n \r"

    assert codes(inspect(bytes(data), "disk.vmdk")) == {"VmdkTextMode"}


def test_a_grain_that_inflates_past_its_size_is_not_inflated() -> None:
    data = bytearray(vmdk.stream_optimized(DISK))
    bomb = zlib.compress(bytes(400_000), 9)
    first_grain = 21 * 512
    data[first_grain + 8 : first_grain + 12 + len(bomb)] = struct.pack("<I", len(bomb)) + bomb

    inspection = inspect(bytes(data), "disk.vmdk")

    assert codes(inspection) == {"VmdkCorrupt"}
    assert "inflates past 65536 bytes" in findings(inspection)[0].found


def test_a_header_that_claims_a_huge_disk_costs_nothing() -> None:
    data = bytearray(vmdk.stream_optimized(DISK))
    struct.pack_into("<Q", data, 12, 1 << 60)

    inspection = inspect(bytes(data), "disk.vmdk")

    assert codes(inspection) == {"VmdkCorrupt"}
    assert inspection.cost.bytes <= 1 << 17


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda data: data[:100] + b"\1" + data[101:], "VhdFootersDiffer"),
        (lambda data: bytes(512) + data[512:], "VhdFootersDiffer"),
        (lambda data: data[:600] + b"\1" + data[601:], "VhdChecksum"),
        (lambda data: data[:1536] + struct.pack(">I", 1 << 24) + data[1540:], "VhdTruncated"),
        (lambda data: data[:512] + b"xxxxxxxx" + data[520:], "VhdCorrupt"),
    ],
    ids=["copy differs", "copy missing", "header checksum", "block beyond the end", "no dynamic header"],
)
def test_damage_to_a_dynamic_vhd_is_named(damage, code) -> None:
    inspection = inspect(damage(vhd.dynamic(DISK)), "disk.vhd")

    assert code in codes(inspection)
    assert inspection.verdicts["image"] == "rejected"


def test_a_differencing_disk_has_no_content_of_its_own() -> None:
    for name, data in (("d.vhd", vhd.dynamic(DISK, kind=4)), ("d.vhdx", vhdx.vhdx(DISK, flags=2))):
        inspection = inspect(data, name)
        assert inspection.container.subtype == "differencing"
        assert codes(inspection) == {"VhdDifferencing" if name == "d.vhd" else "VhdxDifferencing"}
        assert verdict(inspection) == REJECTED


def test_a_dirty_log_makes_every_method_doubtful() -> None:
    inspection = inspect(vhdx.vhdx(DISK, log=b"l" * 16), "disk.vhdx")

    assert codes(inspection) == {"VhdxDirtyLog"}
    assert verdict(inspection) == ("doubtful", "doubtful", "doubtful")


@pytest.mark.parametrize(("start", "name"), [(64, "header"), (192, "region table")])
def test_one_intact_copy_of_a_vhdx_structure_is_enough(start, name) -> None:
    data = bytearray(vhdx.vhdx(DISK))
    data[start * 1024 + 100] ^= 1

    inspection = inspect(bytes(data), "disk.vhdx")

    assert codes(inspection) == {"VhdxHeaderDamaged"}
    assert name in findings(inspection)[0].found
    assert verdict(inspection) == ACCEPTED


def test_a_vhdx_without_an_intact_header_is_corrupt() -> None:
    data = bytearray(vhdx.vhdx(DISK))
    data[64 * 1024 + 100] ^= 1
    data[128 * 1024 + 100] ^= 1

    assert codes(inspect(bytes(data), "disk.vhdx")) == {"VhdxCorrupt"}


@pytest.mark.parametrize(
    ("name", "data", "code", "found"),
    [
        ("disk.vhd", vmdk.stream_optimized(DISK), "FormatMismatch", "the file is VMDK, declared as VHD"),
        ("disk.vmdk", DISK, "FormatMismatch", "the file is RAW, declared as VMDK"),
        ("disk.ova", vhd.dynamic(DISK), "FormatMismatch", "the file is VHD, declared as OVA"),
        ("disk.img", vhdx.vhdx(DISK), "FormatMismatch", "the file is VHDX, declared as RAW"),
        (
            "disk.vmdk",
            bytes(range(251)) * 900,
            "FormatUnrecognised",
            "a file declared as VMDK without that format's marks",
        ),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_rejected(name, data, code, found) -> None:
    inspection = inspect(data, name)

    assert [(finding.code, finding.found) for finding in findings(inspection)] == [(code, found)]
    assert inspection.verdicts["image"] == "rejected"


def test_a_disk_that_importimage_is_too_small_for_is_sent_to_a_manifest() -> None:
    class Huge:
        size = 9 << 40

        def read(self, offset: int, length: int) -> bytes:
            return DISK[offset : offset + length].ljust(length, b"\0")

    inspection = inspect_container(Huge(), name="disk.raw")

    assert "DiskNeedsManifest" in codes(inspection)
    assert verdict(inspection)[:2] == ("rejected", "doubtful")


def test_the_document_holds_json_types_and_every_finding_its_remedy() -> None:
    document = inspect(vmdk.sparse(DISK), "disk.vmdk").to_document()

    assert json.loads(json.dumps(document)) == document
    assert document["Disks"][0]["Partitions"][0] | {"Filesystem": None, "Label": None} == {
        "Number": 1, "Type": "Linux", "Start": MIB, "Size": 7 * MIB,
        "Filesystem": None, "Label": None, "Encrypted": False,
    }  # fmt: skip
    finding = next(item for item in document["Findings"] if item["Code"] == "VmdkNotStreamOptimized")
    assert "Unsupported VMDK File Format" in finding["Why"]
    assert "streamOptimized" in finding["Remedy"]


def test_the_creator_of_a_vmdk_cannot_write_to_the_terminal() -> None:
    document = inspect(vmdk.descriptor("\x1b[2J\x1b]0;owned"), "disk.vmdk").to_document()

    assert "\\u001b" not in json.dumps(document)
    assert document["Container"]["Subtype"] == "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}]0;owned"
    assert document["Disks"][0]["Container"]["Subtype"] == document["Container"]["Subtype"]


def test_the_term_of_a_format_is_cut() -> None:
    image = DiskImage("a.vmdk", "VMDK", 1, subtype="x" * 500)
    inspection = Inspection(
        [ImageFile(MemorySource(b""), "a.vmdk")],
        [Container("VMDK", 1, image.subtype, [image])],
        [InspectedDisk(image)],
    )

    document = inspection.to_document()

    assert (
        document["Container"]["Subtype"] == document["Disks"][0]["Container"]["Subtype"] == "x" * 64 + "..."
    )
