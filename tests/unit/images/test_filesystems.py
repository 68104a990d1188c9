"""The readers of file systems, on images that other people's tools made
(``tests/data/make_filesystems.py``)."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path

import pytest

from tests.unit.images.builders.partitioned import MIB, mbr_disk
from tests.unit.images.sample_tree import MANY, SAMPLE_LINKS, sample_files
from vmie_images import CATALOGUE, MemorySource, inspect_container
from vmie_images.catalogue import Effect
from vmie_images.containers.vmdk_sparse import SparseExtent
from vmie_images.errors import CorruptImageError, UnreadableLayoutError
from vmie_images.filesystems.btrfs import Btrfs, default_subvolume, subvolumes
from vmie_images.filesystems.btrfs_trees import BtrfsTrees
from vmie_images.filesystems.ext import Ext
from vmie_images.filesystems.fat import Fat
from vmie_images.filesystems.ntfs import Ntfs
from vmie_images.filesystems.probe import probe
from vmie_images.filesystems.tree import FileTree, Kind
from vmie_images.filesystems.xfs import Xfs
from vmie_images.filesystems.xfs_log import was_unmounted
from vmie_images.ranges import RangeSource
from vmie_images.reader import RangeReader
from vmie_images.volumes.lvm import logical_volumes, open_physical_volume

DATA = Path(__file__).parents[2] / "data" / "filesystems"


@cache
def packed(name: str) -> bytes:
    return lzma.decompress((DATA / f"{name}.vmdk.xz").read_bytes())


def image(name: str) -> RangeSource:
    extent = SparseExtent(RangeReader(MemorySource(packed(name))))
    extent.open()
    return extent


def btrfs(name: str) -> FileTree:
    return Btrfs(BtrfsTrees(image(name)))


POSIX = {
    "ext2": (lambda: Ext(image("ext2")), "ext2", None),
    "ext3": (lambda: Ext(image("ext3")), "ext3", None),
    "ext4": (lambda: Ext(image("ext4")), "ext4", "sample"),
    "ext4-inline": (lambda: Ext(image("ext4-inline")), "ext4", None),
    "ext4-meta-bg": (lambda: Ext(image("ext4-meta-bg")), "ext4", None),
    "xfs": (lambda: Xfs(image("xfs")), "XFS", "sample"),
    "xfs-wide-directories": (lambda: Xfs(image("xfs-wide-directories")), "XFS", None),
    "btrfs": (lambda: btrfs("btrfs"), "btrfs", "sample"),
    "btrfs-zlib": (lambda: btrfs("btrfs-zlib"), "btrfs", None),
    "btrfs-lzo": (lambda: btrfs("btrfs-lzo"), "btrfs", None),
}
OTHERS = {
    "ntfs": (lambda: Ntfs(image("ntfs")), "NTFS", "sample"),
    "fat12": (lambda: Fat(image("fat12")), "FAT12", "SAMPLE"),
    "fat16": (lambda: Fat(image("fat16")), "FAT16", "SAMPLE"),
    "fat32": (lambda: Fat(image("fat32")), "FAT32", "SAMPLE"),
}


def whole(tree: FileTree, path: str) -> bytes | None:
    node = tree.find(path)
    if node is None or node.kind is not Kind.FILE:
        return None
    pieces = [tree.content(node, at, 1 << 18) for at in range(0, node.size, 1 << 18)]
    assert tree.content(node, node.size, 10) == b""
    return b"".join(pieces)


@pytest.mark.parametrize(("make", "name", "label"), (POSIX | OTHERS).values(), ids=POSIX | OTHERS)
def test_every_file_is_read_as_it_was_written(make, name, label) -> None:
    tree = make()

    assert (tree.name, tree.label) == (name, label)
    files = sample_files()
    read = {
        path: whole(tree, path) for path in files if not path.startswith("many/") or path[-6:] == "77.txt"
    }
    assert read == {path: files[path] for path in read}
    assert len(tree.list("/many")) == MANY
    assert tree.read("/lines.txt", 50) == files["lines.txt"][:50]
    assert tree.find("/many/entry-number-9999.txt") is None
    assert tree.find("/empty/nothing") is None


@pytest.mark.parametrize("make", [make for make, *_ in POSIX.values()], ids=POSIX)
def test_symbolic_links_are_followed_inside_the_file_system_only(make) -> None:
    tree = make()
    release = sample_files()["etc/os-release"]

    assert [tree.read(f"/{path}") for path in ("etc/relative", "absolute", "climbing")] == [release] * 3
    assert tree.read("/distant") == b"deep\n"
    assert tree.target(tree.find("/absolute", follow=False)) == SAMPLE_LINKS["absolute"]
    with pytest.raises(CorruptImageError, match="more than 8 links"):
        tree.find("/loop")


@pytest.mark.parametrize("name", OTHERS)
def test_names_are_found_in_any_case(name) -> None:
    tree = OTHERS[name][0]()

    assert tree.read("/LONG NAME with blanks AND capitals.TXT") == b"long name\n"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ext2", "ext"),
        ("xfs", "XFS"),
        ("btrfs", "btrfs"),
        ("ntfs", "NTFS"),
        ("fat12", "FAT"),
        ("lvm-1", "LVM"),
    ],
)
def test_a_volume_is_recognised_by_its_marks(name, kind) -> None:
    assert probe(image(name)) == kind


@pytest.mark.parametrize(
    ("offset", "mark", "kind"),
    [
        (0, b"LUKS\xba\xbe\0\1", "LUKS"),
        (3, b"-FVE-FS-", "BitLocker"),
        (32768, b"JFS1", "JFS"),
        (65536 + 52, b"ReIsEr2Fs", "ReiserFS"),
        (4096, b"\xfc\x4e\x2b\xa9", "mdraid"),
        (1 << 20, b"", None),
        (4086, b"SWAPSPACE2", "swap"),
        (3, b"EXFAT   ", "exFAT"),
        (128 * 1024, b"\x0c\xb1\xba\0\0\0\0\0", "ZFS"),
        ((1 << 20) - 65536, b"\xfc\x4e\x2b\xa9", "mdraid"),
    ],
)
def test_what_is_not_read_is_recognised_all_the_same(offset, mark, kind) -> None:
    data = bytearray(b"\1").ljust(1 << 20, b"\0")
    data[offset : offset + len(mark)] = mark

    assert probe(MemorySource(bytes(data[: 1 << 20]))) == kind


@pytest.mark.parametrize(
    ("name", "read"), [("ext4", Ext), ("xfs", Xfs), ("btrfs", lambda data: Btrfs(BtrfsTrees(data)))]
)
def test_a_journal_tells_a_running_guest_from_one_that_was_shut_down(name, read) -> None:
    assert read(image(name)).clean
    assert not read(image(f"{name}-mounted")).clean


def test_a_log_that_lies_nowhere_says_nothing_about_the_file_system() -> None:
    data = image("xfs-mounted")
    superblock = bytearray(data.read(0, 512))
    superblock[240:248] = b"\xff" * 8

    assert was_unmounted(data, bytes(superblock), 0) is None


@pytest.mark.parametrize("length", [0, 1, 511, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_log_of_impossible_records_is_left_in_one_read(length) -> None:
    superblock = bytearray(512)
    superblock[4:8] = (4096).to_bytes(4, "big")
    superblock[48:56] = (1).to_bytes(8, "big")
    superblock[96:100] = (1 << 20).to_bytes(4, "big")
    record = b"\xfe\xed\xba\xbe" + (1).to_bytes(4, "big") + (2).to_bytes(4, "big") + length.to_bytes(4, "big")
    record = record.ljust(320, b"\0") + length.to_bytes(4, "big")
    reads: list[int] = []

    class Endless:
        size = 1 << 40

        def read(self, _: int, length: int) -> bytes:
            reads.append(length)
            return (record.ljust(512, b"\0") * (length // 512 + 1))[:length]

    assert was_unmounted(Endless(), bytes(superblock), 0) is False
    assert len(reads) == 1
    assert reads[0] < 1 << 16


def test_a_file_system_that_was_not_unmounted_is_a_doubt() -> None:
    part = b"".join(image("ext4-mounted").read(at, MIB) for at in range(0, 16 * MIB, MIB))
    inspection = inspect_container(MemorySource(mbr_disk(18 * MIB, {MIB: part})), name="disk.raw")

    found = [finding.code for finding in inspection.findings]
    assert "FileSystemNotClean" in found
    assert CATALOGUE["FileSystemNotClean"].image is Effect.DOUBTS
    assert CATALOGUE["FileSystemNotClean"].snapshot is Effect.NONE


def test_a_mirror_of_btrfs_is_read_from_either_device() -> None:
    assert btrfs("btrfs-mirror").read("/file") == b"mirrored\n"


def test_subvolumes_are_listed_and_opened_by_number() -> None:
    trees = BtrfsTrees(image("btrfs-subvolumes"))
    found = {volume.path: volume.identifier for volume in subvolumes(trees)}

    assert set(found) == {"@", "@home", "@/nested"} or set(found) == {"@", "@home", "nested"}
    top = Btrfs(trees)
    assert default_subvolume(trees) == 5
    assert top.list("/") == ["@", "@home"]
    assert Btrfs(trees, found["@"]).read("/etc/os-release") == sample_files()["etc/os-release"]
    assert top.read("/@/etc/os-release") == sample_files()["etc/os-release"]


def test_a_logical_volume_over_two_disks_is_put_together() -> None:
    physical = [open_physical_volume(image(name)) for name in ("lvm-1", "lvm-2")]
    volumes = {volume.name: volume for volume in logical_volumes(physical)}

    assert {volume.group for volume in volumes.values()} == {"vg-data"}
    root = volumes["root"].data
    assert root is not None
    assert root.size == 48 << 20
    tree = Ext(root)
    assert whole(tree, "/holes.bin") == sample_files()["holes.bin"]
    assert volumes["swap"].data is not None
    assert volumes["striped"].data is None
    assert "striped over 2 stripes" in (volumes["striped"].reason or "")


def test_a_logical_volume_with_a_missing_disk_says_so() -> None:
    volumes = logical_volumes([open_physical_volume(image("lvm-1"))])

    reasons = {volume.name: volume.reason for volume in volumes}
    assert reasons["root"] == "a physical volume that is on none of the disks"
    assert reasons["swap"] is None


def test_zstandard_is_read_where_python_has_it_and_named_where_not() -> None:
    from vmie_images.compression import decompress_zstandard, zstandard

    module = zstandard()
    if module is None:
        with pytest.raises(UnreadableLayoutError, match=r"3\.14"):
            decompress_zstandard(b"", 10)
    else:
        assert decompress_zstandard(module.compress(b"words" * 99), 7) == b"wordswo"
