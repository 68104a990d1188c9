from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.local.vm_import.conversion_world import OURS, ConversionWorld, manifest
from tests.unit.local.vm_import.fakes import LINUX_DISK
from vmie_local.vm_import.conversion.manifest import Manifest, ManifestError, parse

TWO_PARTS = manifest(("a", 10), ("b", 5))


@pytest.fixture
def world(tmp_path: Path) -> ConversionWorld:
    return ConversionWorld(tmp_path)


def test_a_manifest_is_read_whole() -> None:
    read = parse(TWO_PARTS.encode())

    assert (read.format, read.size, read.volume_size) == ("RAW", 15, 1)
    assert [(part.start, part.length, part.get_url) for part in read.parts] == [
        (0, 10, f"{OURS}/a?get"),
        (10, 5, f"{OURS}/b?get"),
    ]
    assert len(read.urls) == 7


def test_the_order_of_the_parts_is_that_of_their_indexes() -> None:
    swapped = re.sub(r"(<part index=\"0\".*</part>)(<part index=\"1\".*</part>)", r"\2\1", TWO_PARTS)
    assert swapped != TWO_PARTS

    assert parse(swapped.encode()) == parse(TWO_PARTS.encode())


def test_a_last_byte_counted_one_too_far_is_taken() -> None:
    """As a tool in use writes it, whose imports AWS accepts."""
    assert parse(TWO_PARTS.replace('end="14"', 'end="15"').encode()).size == 15


BROKEN = {
    "no XML": ("<manifest>", "manifest"),
    "a type definition": ("<manifest>", "<!DOCTYPE manifest><manifest>"),
    "another root": ("manifest>", "other>"),
    "no parts": ("parts", "pieces"),
    "another count": ('count="2"', 'count="3"'),
    "an index twice": ('index="1"', 'index="0"'),
    "an index that is no number": ('index="1"', 'index="one"'),
    "a gap": ('start="10"', 'start="11"'),
    "a range that ends before it starts": ('end="9"', 'end="-1"'),
    "a size that is not the parts'": ("<size>15", "<size>17"),
    "a size that is no number": ("<size>15", "<size>15.0"),
    "a huge number": ("<size>15", "<size>" + "9" * 30),
    "another format": (">RAW<", ">VHDX<"),
    "an empty URL": (f"{OURS}/a?get", " "),
    "a null byte": ("<version>", "<version>\0"),
}


@pytest.mark.parametrize(("found", "other"), BROKEN.values(), ids=BROKEN)
def test_a_broken_manifest_is_refused(found: str, other: str) -> None:
    broken = TWO_PARTS.replace(found, other)
    assert broken != TWO_PARTS

    with pytest.raises(ManifestError):
        parse(broken.encode())


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_make_the_reader_crash(document: bytes) -> None:
    with pytest.raises(ManifestError):
        parse(document)


@given(st.integers(0, len(TWO_PARTS) - 1), st.integers(0, len(TWO_PARTS)), st.binary(max_size=4))
def test_no_damage_makes_the_reader_crash(start: int, length: int, other: bytes) -> None:
    damaged = TWO_PARTS.encode()[:start] + other + TWO_PARTS.encode()[start + length :]
    try:
        assert isinstance(parse(damaged), Manifest)
    except ManifestError as error:
        assert "http" not in str(error), "no URL in a StatusMessage"


@pytest.mark.parametrize(
    ("found", "other"),
    [
        ("<size>4194304", "<size>4194303"),
        (">RAW<", ">VHD<"),
        (f"{OURS}/image?get", "http://169.254.169.254/latest"),
        (f"{OURS}/image?delete", "http://169.254.169.254/latest"),
        ('end="4194303"', 'end="4194302"'),
    ],
)
def test_a_manifest_that_contradicts_its_task_fails_it(
    world: ConversionWorld, found: str, other: str
) -> None:
    world.put(LINUX_DISK, **{found: other})
    shown = world.end(world.start_volume())

    assert shown["State"] == "cancelled"
    assert shown["StatusMessage"].startswith("ClientError: The import manifest is not valid")
    assert "http" not in shown["StatusMessage"]
    assert world.urls.deleted == []


def test_a_part_shorter_than_its_range_fails_the_task(world: ConversionWorld) -> None:
    world.urls.objects["image"] = LINUX_DISK[:-1]

    assert "the part at byte 0 has 4194303 bytes" in world.end(world.start_volume())["StatusMessage"]
