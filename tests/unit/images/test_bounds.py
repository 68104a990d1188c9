"""What an image decides about the work of its inspection has bounds; what is honest stays within them."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest

from tests.unit.images.builders import ova, vmdk
from tests.unit.images.builders.linux import KERNEL, cpio, examine, guest
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from tests.unit.images.inspecting import codes, inspect
from vmie_images import CATALOGUE, Budget, ImageFile, MemorySource, inspect_containers
from vmie_images.budget import Ledger
from vmie_images.compression import inflate
from vmie_images.containers.ova_manifest import parse_manifest
from vmie_images.containers.ovf import parse_ovf
from vmie_images.containers.tar import members
from vmie_images.containers.vmdk_descriptor import MAX_DESCRIPTOR, parse_descriptor
from vmie_images.containers.vmdk_sparse import SparseExtent
from vmie_images.errors import BudgetExceededError, CorruptImageError, UnreadableLayoutError
from vmie_images.filesystems.btrfs_node import Node
from vmie_images.filesystems.directories import MAX_ENTRIES, Directories
from vmie_images.filesystems.fat import Fat
from vmie_images.filesystems.lzo import decompress_lzo1x
from vmie_images.filesystems.ntfs_records import MAX_RUNS, Run, Runs
from vmie_images.findings import MAX_ALIKE, FindingLog
from vmie_images.guest.cpio import CpioNames
from vmie_images.volumes.lvm_text import MAX_TOKENS, parse


def test_findings_that_are_alike_are_counted_no_further_and_hide_no_other() -> None:
    log = FindingLog()
    for number in range(10_000):
        log.add("OvaMissingFile", f"file {number}")
    log.add("OvaTruncated", "cut")
    log.for_disk("other.vmdk").add("OvaMissingFile", "file 1")

    found = [finding.found for finding in log.findings]
    assert len(found) == MAX_ALIKE + 2
    assert found[MAX_ALIKE - 1] == "more of the same, which are not listed"
    assert log.has("OvaTruncated")


def test_a_descriptor_of_many_files_is_read_as_far_as_an_archive_can_hold_them() -> None:
    files = "".join(f'<File href="missing-{number}" id="file{number}"/>' for number in range(1000))
    inspection = inspect(ova.archive({"vm.ovf": ova.OVF.format(files=files, disks="").encode()}), "vm.ova")

    said = [finding.found for finding in inspection.findings if finding.code == "InspectionIncomplete"]
    assert said == ["the descriptor names 1000 files, of which 256 were looked for"]


def test_grains_too_large_to_be_read_are_a_doubt_about_the_inspection_and_no_error() -> None:
    header = bytearray(vmdk.stream_optimized(mbr_disk()))
    header[20:28] = struct.pack("<Q", 4096)
    inspection = inspect(bytes(header), "disk.vmdk")

    assert codes(inspection) == {"InspectionIncomplete"}
    assert inspection.verdicts["image"] == "doubtful"


def test_grains_are_kept_up_to_a_number_of_bytes() -> None:
    disk = mbr_disk(64 * MIB, {number * 64 * 1024: b"grain" for number in range(1, 600)})
    extent = SparseExtent(MemorySource(vmdk.stream_optimized(disk)))
    extent.open()
    for at in range(0, 40 * MIB, 64 * 1024):
        extent.read(at, 1)

    assert sum(map(len, extent._grains.values())) <= 2 * MIB


@pytest.mark.parametrize("limit", [0, -1])
def test_no_limit_means_nothing_instead_of_everything(limit: int) -> None:
    assert inflate(zlib.compress(b"words"), limit) == b""


def test_a_descriptor_is_read_line_by_line_up_to_its_limit() -> None:
    lines = b'# Disk DescriptorFile\n  createType = "monolithicFlat" \r\nRW 8 FLAT "a b.vmdk" 0\n'
    described = parse_descriptor(lines)
    late = parse_descriptor(lines + b"\n" * MAX_DESCRIPTOR + b"parentCID=1\n")

    assert (described.create_type, described.capacity) == ("monolithicFlat", 4096)
    assert described.extents == (("FLAT", "a b.vmdk"),)
    assert late == described


def test_a_manifest_is_read_line_by_line() -> None:
    words = b"SHA1 (a (1).ovf) = 00ff \nSHA256(b)=\n SHA1(c)=11\nSHA256(d)= AA\n"

    assert parse_manifest(words) == {"a (1).ovf": ("sha1", "00ff"), "d": ("sha256", "aa")}


def test_a_descriptor_may_use_any_prefix_for_any_namespace() -> None:
    words = ova.OVF.replace("ovf:", "x:").replace("rasd:", "").replace("<Item>", "<q:Item>")
    words = words.replace("</Item>", "</q:Item>").format(
        files='<x:File x:href="d&amp;.vmdk" x:id="f" xmlns:id="u"/>', disks='<Disk x:fileRef="f"/>'
    )
    descriptor = parse_ovf(words.encode())

    assert [file.href for file in descriptor.disks] == ["d&.vmdk"]
    assert (descriptor.machine.processors, descriptor.machine.memory_mib) == (2, 4096)
    assert descriptor.machine.firmware == "efi"


def test_a_descriptor_with_more_elements_than_any_machine_is_not_read() -> None:
    with pytest.raises(UnreadableLayoutError, match="more than 20000 elements"):
        parse_ovf(b"<Envelope>" + b"<a/>" * 20_001 + b"</Envelope>")
    inspection = inspect(ova.archive({"vm.ovf": b"<Envelope>" + b"<a>" * 300}), "vm.ova")
    assert codes(inspection) == {"InspectionIncomplete"}


def _with_pax(records: bytes) -> MemorySource:
    header = bytearray(512)
    header[:1], header[124:136] = b"x", b"%011o\0" % len(records)
    header[156:157], header[257:265] = b"x", b"ustar\x0000"
    header[148:156] = b"%06o\0 " % (sum(header) + 8 * 0x20)
    data = bytes(header) + records.ljust(512, b"\0") + ova.archive({"short": b"1234"})
    return MemorySource(data)


def test_a_pax_header_gives_path_and_size() -> None:
    found = list(members(_with_pax(b"18 path=long name\n10 size=4\n")))

    assert [(member.name, member.size) for member in found] == [("long name", 4)]


@pytest.mark.parametrize("size", [b"9" * 4000, b"%d" % (1 << 62)])
def test_a_pax_size_that_no_file_has_is_corrupt(size: bytes) -> None:
    with pytest.raises(CorruptImageError, match="pax header"):
        list(members(_with_pax(b"10 size=%s\n" % size[:490])))


def test_digests_that_were_asked_for_take_no_time_off_the_inspection() -> None:
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    class Slow(MemorySource):
        def read(self, offset: int, length: int) -> bytes:
            # Digests are made of pieces of a MiB, an inspection of less.
            clock.now += 1000 if length > 500_000 else 0.001
            return super().read(offset, length)

    clock = Clock()
    disk = vmdk.sparse(mbr_disk(contents={MIB: bytes(range(256)) * 8192}))
    source = Slow(ova.ova({"disk1.vmdk": disk}))
    inspection = inspect_containers([ImageFile(source, "vm.ova")], digests=True, clock=clock)

    assert clock.now > 1000
    assert "InspectionIncomplete" not in codes(inspection)
    assert inspection.cost.seconds > 1000


def _leaf(*keys: tuple[int, int, int], level: int = 0) -> bytes:
    pattern = "<QBQII" if not level else "<QBQQQ"
    entries = b"".join(struct.pack(pattern, *key, 0, 0) for key in keys)
    return (bytes(96) + struct.pack("<IB", len(keys), level) + entries).ljust(4096, b"\0")


def test_a_btrfs_node_belongs_below_the_pointer_that_its_keys_fit() -> None:
    parent = Node(_leaf((1, 0, 0), (5, 0, 0), level=1))

    assert Node(_leaf((1, 0, 0), (4, 9, 9))).is_below(parent, 0)
    assert Node(_leaf((5, 0, 0), (9, 9, 9))).is_below(parent, 1)
    for wrong in (_leaf((1, 0, 0), (5, 0, 0)), _leaf(), _leaf((1, 0, 0), level=1), _leaf((0, 0, 0))):
        assert not Node(wrong).is_below(parent, 0)
    with pytest.raises(CorruptImageError, match="do not rise"):
        Node(_leaf((5, 0, 0), (5, 0, 0)))


def test_runs_are_found_by_their_clusters() -> None:
    runs = Runs([Run(3, 100), Run(2, None), Run(1, 7)])

    assert [place for place, _ in runs.from_cluster(0)] == [0, 3, 5]
    assert [place for place, _ in runs.from_cluster(4)] == [3, 5]
    assert runs.clusters == 6
    assert list(Runs().from_cluster(0)) == []
    with pytest.raises(CorruptImageError, match=f"more than {MAX_RUNS} runs"):
        Runs([Run(1, 1)] * (MAX_RUNS + 1))


def test_a_directory_is_parsed_once_while_it_is_kept() -> None:
    directories: Directories[list[int]] = Directories()
    parsed: list[int] = []

    def entries(number: int, count: int) -> list[int]:
        def read() -> list[int]:
            parsed.append(number)
            return list(range(count))

        return directories.of(number, read)

    for number in (1, 2, 1, 2, 1):
        assert len(entries(number, 10)) == 10
    entries(3, MAX_ENTRIES - 15)
    entries(1, 10)
    entries(2, 10)
    assert parsed == [1, 2, 3, 2]
    entries(4, 2 * MAX_ENTRIES)
    entries(4, 2 * MAX_ENTRIES)
    assert parsed[4:] == [4, 4]


def test_a_long_file_on_fat_is_followed_once_from_piece_to_piece() -> None:
    class Counting(MemorySource):
        reads = 0

        def read(self, offset: int, length: int) -> bytes:
            self.reads += 1
            return super().read(offset, length)

    size = 4000 * 512
    boot = bytearray(512)
    struct.pack_into("<HBHBHHBH", boot, 11, 512, 1, 1, 1, 16, 20_000, 0xF8, 80)
    chain = struct.pack("<20480H", 0, 0, *range(3, 4002), 0xFFFF, *bytes(20480 - 4002))
    entry = b"FILE    BIN\x20" + bytes(14) + struct.pack("<HI", 2, size)
    words = b"".join(b"%05d" % number * 102 + b".." for number in range(4000))
    volume = Counting(bytes(boot) + chain + entry.ljust(512, b"\0") + words.ljust(16_000 * 512, b"\0"))
    tree = Fat(volume)
    node = tree.find("/file.bin")
    assert node is not None
    volume.reads = 0

    assert b"".join(tree.content(node, at, 8192) for at in range(0, size, 8192)) == words
    assert tree.content(node, 1000, 5000) == words[1000:6000]
    assert volume.reads < 3 * 4000


def test_the_names_of_an_archive_are_kept_up_to_a_length_in_all() -> None:
    member = cpio("n" * 4000, content=b"")[: 110 + 4002]
    names = CpioNames()
    names.feed(member * 6000)

    assert names.cut
    assert sum(map(len, names.names)) < 16 << 20
    assert not names.damaged


def test_a_sample_of_an_initramfs_is_unpacked_to_a_multiple_of_itself() -> None:
    big = bytearray(cpio("big", content=b"")[:116])
    big[54:62] = b"%08X" % (256 << 20)
    packed = gzip.compress(bytes(big) + bytes(40 << 20))
    ledger = Ledger(Budget())

    with ledger.charged():
        found = examine(guest() | {f"boot/initrd.img-{KERNEL}": packed})[2].initramfs[0]

    assert (found.damage, found.complete) == (None, False)
    assert ledger.cost.steps < 8 * 1024


def test_lzo_matches_may_overlap_themselves() -> None:
    # "ab", then ten bytes from two bytes back.
    assert decompress_lzo1x(b"\x13ab\x28\x04\x00\x11\0\0", 100) == b"ab" + b"ab" * 5


def test_blanks_and_comments_are_no_tokens_of_lvm_metadata() -> None:
    comments = "# a comment\n" * MAX_TOKENS

    assert parse(f"{comments} a = 1") == {"a": 1}
    with pytest.raises(CorruptImageError, match="too long"):
        parse("a=1 " * MAX_TOKENS)


def test_work_without_an_end_ends_an_inspection_in_doubt() -> None:
    source = MemorySource(mbr_disk())
    inspection = inspect_containers([ImageFile(source, "disk.raw")], budget=Budget(steps=20))

    assert codes(inspection) == {"InspectionIncomplete"}
    assert [finding.found for finding in inspection.findings] == ["more than 20 steps of work"]
    assert CATALOGUE["InspectionIncomplete"].severity == "warning"


def test_a_budget_is_spent_by_what_is_unpacked() -> None:
    with Ledger(Budget(steps=100)).charged(), pytest.raises(BudgetExceededError):
        for _ in range(100):
            inflate(zlib.compress(bytes(64 * 1024)), 64 * 1024)
