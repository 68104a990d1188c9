"""Parsers of somebody else's words and bytes: whatever comes, they answer or say what is wrong."""

from __future__ import annotations

import gzip
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.images.builders.linux import cpio
from vmie_images import CATALOGUE, MemorySource, inspect_container
from vmie_images.containers.ova_manifest import parse_manifest
from vmie_images.containers.ovf import parse_ovf
from vmie_images.containers.tar import members
from vmie_images.containers.vmdk_descriptor import parse_descriptor
from vmie_images.errors import CorruptImageError, ImageError
from vmie_images.filesystems.lzo import decompress_lzo1x
from vmie_images.guest.cpio import CpioNames
from vmie_images.guest.fstab import parse_fstab
from vmie_images.guest.grub import default_entry, parse_environment, parse_grub
from vmie_images.guest.grub_legacy import parse_menu
from vmie_images.ranges import Window
from vmie_images.registry.hive import Hive
from vmie_images.verdict.supported_systems import linux_standing
from vmie_images.volumes.lvm_text import parse

MAGICS = st.sampled_from(
    [
        b"",
        b"KDMV",
        b"COWD",
        b"conectix",
        b"vhdxfile",
        b"QFI\xfb",
        b"# Disk DescriptorFile\n",
        b"LUKS\xba\xbe",
        b"BZh",
    ]
)
GRUB_WORDS = st.lists(
    st.sampled_from(
        [
            "menuentry 'a' {",
            "submenu 'b' {",
            "}",
            "set default=1",
            "linux /v x",
            "initrd /i",
            "blscfg",
            "'",
            '"',
        ]
    ),
    max_size=30,
).map("\n".join)


@settings(max_examples=300)
@given(
    MAGICS, st.binary(max_size=3000), st.sampled_from(["a.vmdk", "a.vhd", "a.vhdx", "a.ova", "a.raw", "a"])
)
def test_any_bytes_under_any_name_end_in_findings(magic: bytes, rest: bytes, name: str) -> None:
    inspection = inspect_container(MemorySource(magic + rest), name=name)

    assert inspection.findings, "no image is as small as this"
    assert {finding.code for finding in inspection.findings} <= set(CATALOGUE) - {"ReaderFault"}
    assert inspection.verdicts["image"] != "accepted"


@given(st.text(max_size=400) | GRUB_WORDS)
def test_any_words_are_a_configuration(words: str) -> None:
    configuration = parse_grub(words)
    default_entry(configuration, parse_environment(words.encode()))
    parse_menu(words)
    parse_fstab(words)
    parse_descriptor(words.encode())
    parse_manifest(words.encode())
    with suppress(ImageError):
        parse(words)
    with suppress(ImageError):
        parse_ovf(words.encode())


@given(st.binary(max_size=300), st.integers(0, 4096))
@example(b"\x11\x00\x00", 10)
def test_any_lzo_stream_stays_within_its_limit(data: bytes, limit: int) -> None:
    with suppress(CorruptImageError):
        assert len(decompress_lzo1x(data, limit)) <= limit


@given(st.binary(max_size=2000))
def test_any_bytes_are_an_archive_or_corrupt(data: bytes) -> None:
    with suppress(CorruptImageError):
        for member in members(MemorySource(data)):
            assert member.size >= 0
    with suppress(CorruptImageError):
        Hive(lambda offset, length: data[offset : offset + length]).values("A\\B")


@given(
    st.binary(max_size=500),
    st.integers(-10, 600),
    st.integers(-10, 600),
    st.integers(-10, 600),
    st.integers(-10, 600),
)
def test_a_window_shows_what_a_slice_would(
    data: bytes, start: int, size: int, offset: int, length: int
) -> None:
    with suppress(CorruptImageError):
        window = Window(MemorySource(data), start, size)
        assert window.read(offset, length) == data[start : start + size][offset : offset + max(length, 0)]


@given(st.lists(st.integers(1, 400), max_size=30))
def test_the_pieces_in_which_an_archive_comes_do_not_matter(cuts: list[int]) -> None:
    archive = cpio("init", "lib/modules/nvme.ko", "etc/passwd", content=b"x" * 333) + bytes(512)
    names = CpioNames()
    at = 0
    for cut in cuts:
        names.feed(archive[at : at + cut])
        at += cut
    names.feed(archive[at:])

    assert names.names == ["init", "lib/modules/nvme.ko", "etc/passwd"]
    assert names.ended
    assert not names.damaged


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20) | st.none())
@example("Debian", "", "")
@example("SUSE Linux Enterprise Server", "15.", None)
def test_any_release_has_a_standing(family: str, version: str, kernel: str | None) -> None:
    linux_standing(family, version, kernel)
    linux_standing("Debian", version, kernel)


def test_a_gzip_bomb_in_an_initramfs_is_bounded() -> None:
    from tests.unit.images.builders.linux import KERNEL, examine, guest

    bomb = gzip.compress(bytes(64 << 20))

    facts = examine(guest() | {f"boot/initrd.img-{KERNEL}": bomb})[2]

    assert facts.initramfs[0].damage == "its gzip stream holds no whole cpio archive"
