"""Boot modes, verdicts and recommendations."""

from __future__ import annotations

import pytest

from tests.unit.images.builders.memory_tree import MemoryTree, volume
from vmie_images.catalogue import CATALOGUE, Effect, Severity
from vmie_images.containers.container import Container
from vmie_images.findings import Finding, FindingLog, Verdict, verdicts
from vmie_images.guest.boot_modes import read_boot_setup
from vmie_images.guest.guest import Guest
from vmie_images.partitions.partition import Partition
from vmie_images.partitions.table import PartitionTable
from vmie_images.verdict.recommendation import recommend

LINUX = Partition(2, "Linux", 1, 1)


def esp(*files: str):
    return volume(MemoryTree(dict.fromkeys(files, ""), "FAT32"), 1, "EFI system")


@pytest.mark.parametrize(
    ("table", "volumes", "modes"),
    [
        (PartitionTable("MBR", [LINUX], boot_code=True), [], ["legacy-bios"]),
        (PartitionTable("MBR", [LINUX]), [], []),
        (PartitionTable("GPT", [LINUX], boot_code=True), [], []),
        (
            PartitionTable("GPT", [LINUX, Partition(1, "BIOS boot", 1, 1)], boot_code=True),
            [],
            ["legacy-bios"],
        ),
        (PartitionTable("GPT", [LINUX]), [esp("EFI/BOOT/BOOTX64.EFI")], ["uefi"]),
        (PartitionTable("GPT", [LINUX]), [esp("efi/boot/bootx64.efi")], ["uefi"]),
        (PartitionTable("GPT", [LINUX]), [esp("EFI/debian/grubx64.efi")], []),
        (PartitionTable("GPT", [LINUX]), [esp("EFI/BOOT/BOOTAA64.EFI")], []),
        (
            PartitionTable("MBR", [LINUX], boot_code=True),
            [esp("EFI/BOOT/BOOTX64.EFI")],
            ["legacy-bios", "uefi"],
        ),
        (PartitionTable("GPT", [LINUX]), [volume(MemoryTree({"EFI/BOOT/BOOTX64.EFI": ""}, "FAT32"), 1)], []),
    ],
)
def test_the_boot_modes_are_those_in_which_something_would_start(table, volumes, modes) -> None:
    assert read_boot_setup([table], volumes).modes == modes


def test_loaders_are_listed_by_vendor() -> None:
    setup = read_boot_setup(
        [],
        [
            esp(
                "EFI/BOOT/BOOTX64.EFI",
                "EFI/debian/shimx64.efi",
                "EFI/debian/grub.cfg",
                "EFI/Microsoft/Boot/bootmgfw.efi",
            )
        ],
    )

    assert setup.loaders == [
        "EFI/BOOT/BOOTX64.EFI",
        "EFI/debian/shimx64.efi",
        "EFI/Microsoft/Boot/bootmgfw.efi",
    ]


def test_a_doubt_never_rejects() -> None:
    doubts = [
        Finding(code, "x")
        for code, entry in CATALOGUE.items()
        if Effect.REJECTS not in (entry.image, entry.snapshot, entry.direct)
    ]

    assert set(verdicts(doubts).values()) == {Verdict.DOUBTFUL}
    assert set(verdicts([]).values()) == {Verdict.ACCEPTED}


def test_a_finding_that_is_doubted_rejects_nothing_and_says_that_it_is_a_doubt() -> None:
    sure, unsure = FindingLog(disk="a"), FindingLog()
    sure.add("KernelMissing", "x")
    unsure.doubting().for_disk("a").add("KernelMissing", "x")

    certain, doubted = sure.findings[0].to_document(), unsure.findings[0].to_document()

    assert (certain["Severity"], certain["Rejects"]) == ("error", ["image"])
    assert (doubted["Severity"], doubted["Rejects"]) == ("warning", [])
    assert doubted["Why"].startswith(f"{certain['Why']} Here it is no more than a doubt")
    assert verdicts(sure.findings)["image"] is Verdict.REJECTED
    assert verdicts(unsure.findings)["image"] is Verdict.DOUBTFUL


def test_the_name_of_a_disk_in_a_finding_is_shown_without_control_characters() -> None:
    log = FindingLog(disk="\x1b[2Jdisk.vmdk")
    log.add("VmdkSplit", "x")

    assert log.findings[0].to_document()["Disk"] == "\N{REPLACEMENT CHARACTER}[2Jdisk.vmdk"


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_finding_says_why_and_what_to_do(code) -> None:
    entry = CATALOGUE[code]

    assert entry.why.endswith((".", '".'))
    assert entry.remedy.endswith(".")
    rejects = Effect.REJECTS in (entry.image, entry.snapshot, entry.direct)
    assert (entry.severity is Severity.ERROR) == rejects or code == "OvaIsNotOneDisk"


def test_a_finding_that_is_in_no_catalogue_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="no finding is called 'Nonsense'"):
        FindingLog().add("Nonsense", "x")


def test_what_an_image_says_is_shown_without_control_characters() -> None:
    log = FindingLog()
    log.add("ReleaseUnknown", "\x1b[31mred\nline" + "x" * 999)

    assert log.findings[0].found.startswith("\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}line")
    assert len(log.findings[0].found) < 600


ALL = dict.fromkeys(("image", "snapshot", "direct"), Verdict.ACCEPTED)
VMDK = Container("VMDK", 1)


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({}, "image"),
        ({"image": Verdict.DOUBTFUL}, "image"),
        ({"image": Verdict.REJECTED}, "snapshot"),
        ({"image": Verdict.REJECTED, "snapshot": Verdict.REJECTED}, None),
        (dict.fromkeys(ALL, Verdict.REJECTED), None),
    ],
)
def test_the_first_method_that_is_not_rejected_is_recommended(changes, method) -> None:
    assert recommend(VMDK, None, ALL | changes).method == method


@pytest.mark.parametrize(
    ("guest", "expected"),
    [
        (Guest("linux", boot_modes=["uefi"], architecture="x86_64"), ("Linux", "uefi", "BYOL", "x86_64")),
        (Guest("linux", boot_modes=["legacy-bios", "uefi"]), ("Linux", "legacy-bios", "BYOL", None)),
        (Guest("windows", "Windows Server 2022", facts={"Client": False}), ("Windows", None, "AWS", None)),
        (Guest("windows", "Windows 10", facts={"Client": True}), ("Windows", None, "BYOL", None)),
        (Guest("windows", facts={"Client": None}), ("Windows", None, None, None)),
        (None, (None, None, None, None)),
    ],
)
def test_the_parameters_follow_from_the_guest(guest, expected) -> None:
    advice = recommend(VMDK, guest, ALL)

    assert (advice.platform, advice.boot_mode, advice.license_type, advice.architecture) == expected
    assert advice.format == "VMDK"
    assert recommend(Container("QCOW2", 1), guest, ALL).format is None


def test_a_snapshot_takes_no_licence_and_windows_11_starts_by_uefi() -> None:
    both = ["legacy-bios", "uefi"]

    snapshot = recommend(VMDK, Guest("linux", boot_modes=both), ALL | {"image": Verdict.REJECTED})
    windows_11 = recommend(VMDK, Guest("windows", "Windows 11", boot_modes=both), ALL)

    assert (snapshot.method, snapshot.license_type, snapshot.boot_mode) == ("snapshot", None, "legacy-bios")
    assert windows_11.boot_mode == "uefi"
