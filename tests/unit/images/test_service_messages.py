"""Every message by which the service fails an import because of its image is foreseen.

Each text has an image that provokes the finding, and a twin that differs from it in that one thing and does
not. Texts: the VM Import/Export user guide, and tasks that users have recorded.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.unit.images.builders import ova, vhd, vmdk
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from vmie_images import CATALOGUE, ImageFile, MemorySource, inspect_containers

_MESSAGES = Path(__file__).parents[2] / "data" / "messages"
_LVM = Path(__file__).parents[2] / "data" / "filesystems"
_DISK = mbr_disk(contents={3 * MIB: b"data" * 9000})

Files = dict[str, bytes]
"""The files of a machine, by name."""


@cache
def made(name: str) -> bytes:
    return lzma.decompress((_MESSAGES / f"{name}.vmdk.xz").read_bytes())


def disk(name: str) -> Callable[[], Files]:
    return lambda: {"disk.vmdk": made(name)}


def file(name: str, content: bytes) -> Callable[[], Files]:
    return lambda: {name: content}


def volumes(*numbers: int) -> Callable[[], Files]:
    return lambda: {
        f"{number}.vmdk": lzma.decompress((_LVM / f"lvm-{number}.vmdk.xz").read_bytes()) for number in numbers
    }


def with_damaged_grain() -> Files:
    """A byte of the first packed grain changed, behind its marker."""
    content = bytearray(made("linux"))
    first = content.index(b"\x78", 21 * 512)  # the header of a zlib stream
    content[first + 3] ^= 0xFF
    return {"disk.vmdk": bytes(content)}


def with_other_footer() -> Files:
    """The copy of the footer at the start names another creator than the footer itself."""
    content = bytearray(vhd.dynamic(_DISK))
    content[28:32] = b"left"
    return {"disk.vhd": bytes(content)}


MESSAGES = {
    "ClientError: Disk validation failed [Unsupported VMDK File Format]": (
        "VmdkNotStreamOptimized",
        file("disk.vmdk", vmdk.sparse(_DISK)),
        file("disk.vmdk", vmdk.stream_optimized(_DISK)),
    ),
    "ClientError: Disk validation failed [OVF file parsing error: OVA with chunked disk files is not "
    "supported]": (
        "OvaChunkedDisk",
        file("vm.ova", ova.ova({"disk1.vmdk": vmdk.stream_optimized(_DISK)}, 'ovf:chunkSize="1048576"')),
        file("vm.ova", ova.ova({"disk1.vmdk": vmdk.stream_optimized(_DISK)})),
    ),
    "ClientError: Disk validation failed [Unsupported specified file format]": (
        "FormatMismatch",
        file("disk.vhdx", vhd.fixed(_DISK)),
        file("disk.vhd", vhd.fixed(_DISK)),
    ),
    "ClientError: Unknown OS / Missing OS files.": ("NoOperatingSystem", disk("linux-data"), disk("linux")),
    "ClientError: No valid partitions. Not a valid volume.": (
        "NoPartitionTable",
        file("disk.raw", bytes(len(_DISK))),
        file("disk.raw", _DISK),
    ),
    "ClientError: Unsupported kernel version 5.8.0-59-generic": (
        "KernelNotSupported",
        disk("linux-kernel"),
        disk("linux"),
    ),
    "ClientError: Multiple different grub/menu.lst files found.": (
        "SeveralGrubMenus",
        disk("linux-menus"),
        disk("linux"),
    ),
    "ClientError: Footers not identical": (
        "VhdFootersDiffer",
        with_other_footer,
        file("disk.vhd", vhd.dynamic(_DISK)),
    ),
    "ClientError: Uncompressed data has an invalid length": (
        "VmdkCorrupt",
        with_damaged_grain,
        disk("linux"),
    ),
    "ClientError: Invalid configuration - Could not read fstab": (
        "FstabMissing",
        disk("linux-fstab"),
        disk("linux"),
    ),
    "ClientError: BLSC-style GRUB found, but unable to detect default kernel": (
        "BlsDefaultUnknown",
        disk("linux-bls-unset"),
        disk("linux-bls"),
    ),
    "ClientError: We were unable to read your import's initramfs/initrd to determine what drivers your "
    "import requires to run in EC2": ("InitramfsUnreadable", disk("linux-initramfs"), disk("linux")),
    "ClientError: Unsupported configuration - Logical volume group activation failed": (
        "LvmIncomplete",
        volumes(1),
        volumes(1, 2),
    ),
    "ClientError: Unsupported configuration - Multiple directories found": (
        "SeveralOperatingSystems",
        disk("linux-twice"),
        disk("linux"),
    ),
    "ClientError: Booter Networking failure/instance not reachable. Please retry after installation of .Net "
    "framework 3.5 SP1 or greater.": ("DotNetTooOld", disk("windows-dot-net"), disk("windows")),
    "FirstBootFailure: This import request failed because the Windows instance failed to boot and establish "
    "network connectivity.": ("HyperVRole", disk("windows-hyper-v"), disk("windows")),
}

NOT_OF_THE_IMAGE = {
    "ClientError: Disk validation failed [We do not have access to the given resource. Reason 403 "
    "Forbidden]": ("access to the bucket or its key"),
    "ClientError: EFI partition detected. UEFI booting is not supported in EC2.": (
        "said in 2019 and 2020 only; guests that boot by UEFI are imported since"
    ),
}
"""The other texts of the reference, and why no finding stands for them."""


def found(files: Files) -> dict[str, list[str]]:
    inspection = inspect_containers([ImageFile(MemorySource(data), name) for name, data in files.items()])
    codes: dict[str, list[str]] = {}
    for finding in inspection.findings:
        codes.setdefault(finding.code, []).append(finding.found)
    return codes


@pytest.mark.parametrize("message", MESSAGES)
def test_an_image_that_the_service_would_refuse_is_told_from_its_twin(message) -> None:
    code, provoking, twin = MESSAGES[message]

    foreseen, spared = found(provoking()), found(twin())

    assert code in foreseen
    assert code not in spared


@pytest.mark.parametrize("message", MESSAGES)
def test_the_finding_quotes_the_text_that_it_saves_its_reader(message) -> None:
    code = MESSAGES[message][0]
    constant = message.removesuffix("5.8.0-59-generic")

    assert constant in CATALOGUE[code].why


@pytest.mark.parametrize("name", ["linux", "linux-bls", "windows"])
def test_nothing_speaks_against_the_disks_that_are_whole(name) -> None:
    inspection = inspect_containers([ImageFile(MemorySource(made(name)), "disk.vmdk")])

    assert inspection.verdicts["image"] == "accepted"


@pytest.mark.parametrize(
    ("name", "code"), [("linux-interface", "PredictableInterfaceNames"), ("windows-hyper-v", "HyperVRole")]
)
def test_a_guest_that_would_not_come_up_on_the_network_is_doubted(name, code) -> None:
    assert code in found({"disk.vmdk": made(name)})


def test_the_two_lists_hold_every_text_of_the_reference_once() -> None:
    assert not set(MESSAGES) & set(NOT_OF_THE_IMAGE)
    assert len(MESSAGES) + len(NOT_OF_THE_IMAGE) == 18
