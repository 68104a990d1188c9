"""How a guest boots, where that cannot be read; beside each doubt its twin that is known to be wrong."""

from __future__ import annotations

import pytest

from tests.unit.images.builders.linux import KERNEL, ROOT, examine, guest, menu
from tests.unit.images.builders.memory_tree import MemoryTree, volume
from tests.unit.images.inspecting import codes_of, image_verdict
from tests.unit.images.test_linux_guest import BLS, rocky
from vmie_images import MemorySource, Verdict
from vmie_images.errors import CorruptImageError
from vmie_images.filesystems.tree import Node
from vmie_images.findings import Finding, FindingLog
from vmie_images.guest.boot_modes import BootSetup, read_boot_setup
from vmie_images.partitions.partition import Partition
from vmie_images.partitions.table import PartitionTable
from vmie_images.verdict.boot_rules import judge_boot_modes

LINUX = PartitionTable("GPT", [Partition(2, "Linux", 1, 1)])


class UnreadableTree(MemoryTree):
    def names(self, directory: Node) -> list[str]:
        raise CorruptImageError(f"a directory {directory.handle!r} that leads nowhere")


def findings_of(setup: BootSetup, machine: str | None = "x86_64") -> list[Finding]:
    log = FindingLog()
    judge_boot_modes(setup, machine, log)
    return log.findings


def test_an_efi_system_partition_that_cannot_be_read_is_a_doubt_and_an_empty_one_is_not() -> None:
    damaged = volume(None, 1, "EFI system")
    damaged.kind, damaged.problem = "FAT", "its geometry is impossible"
    broken = volume(UnreadableTree({}, "FAT32"), 1, "EFI system")
    unknown = volume(None, 1, "EFI system")
    unknown.data = MemorySource(b"something else")
    empty = volume(MemoryTree({"EFI/debian/grubx64.efi": ""}, "FAT32"), 1, "EFI system")
    blank = volume(None, 1, "EFI system")

    doubts = [findings_of(read_boot_setup([LINUX], [each])) for each in (damaged, broken, unknown)]
    certain = [findings_of(read_boot_setup([LINUX], [each])) for each in (empty, blank)]

    assert [codes_of(found) for found in doubts] == [{"BootModeUnknown"}] * 3
    assert [image_verdict(found) for found in doubts] == [Verdict.DOUBTFUL] * 3
    assert "its geometry is impossible" in doubts[0][0].found
    assert "that leads nowhere" in doubts[1][0].found
    assert [codes_of(found) for found in certain] == [{"UefiFallbackLoaderMissing"}] * 2
    assert [image_verdict(found) for found in certain] == [Verdict.REJECTED] * 2


@pytest.mark.parametrize(
    ("loader", "machine", "modes"),
    [
        ("BOOTAA64.EFI", "arm64", ["uefi"]),
        ("BOOTX64.EFI", "arm64", []),
        ("BOOTX64.EFI", "x86_64", ["uefi"]),
        ("BOOTAA64.EFI", "x86_64", []),
        ("BOOTX64.EFI", "i386", ["uefi"]),
        ("BOOTX64.EFI", None, ["uefi"]),
        ("BOOTAA64.EFI", None, ["uefi"]),
    ],
)
def test_the_fallback_loader_is_that_of_the_guests_own_architecture(loader, machine, modes) -> None:
    setup = read_boot_setup(
        [LINUX], [volume(MemoryTree({f"EFI/BOOT/{loader}": ""}, "FAT32"), 1, "EFI system")]
    )

    assert setup.modes_for(machine) == modes
    assert codes_of(findings_of(setup, machine)) == (set() if modes else {"UefiFallbackLoaderMissing"})


def test_an_arm64_guest_is_told_that_it_is_one_and_how_it_boots() -> None:
    files = guest() | {f"boot/vmlinuz-{KERNEL}": bytes(0x38) + b"ARM\x64" + bytes(99)}
    setup = BootSetup(efi_system_partition=True, architectures=["arm64"])

    described, findings, _ = examine(files, setup=setup)

    assert codes_of(findings) == {"ArchitectureNotSupported"}
    assert (described.architecture, described.boot_modes) == ("arm64", ["uefi"])


def test_a_variable_that_names_no_initramfs_is_no_initramfs() -> None:
    tuned = 'set tuned_params=""\nset tuned_initrd=""\n' + menu("6.1.0-25-amd64 $tuned_params").replace(
        f"initrd.img-{KERNEL} $tuned_params\n", f"initrd.img-{KERNEL} $tuned_initrd ${{unset}}\n"
    )
    described, findings, _ = examine(guest(boot__grub__grub_dot_cfg=tuned))

    assert findings == []
    assert [found["Path"] for found in described.facts["Initramfs"]] == [f"/boot/initrd.img-{KERNEL}"]


def test_a_variable_that_names_an_initramfs_is_followed() -> None:
    words = "set extra=/boot/extra.img\n" + menu().replace("initrd ", "initrd $extra ")

    named = examine(guest(boot__grub__grub_dot_cfg=words))[1]

    assert codes_of(named) == {"InitramfsUnreadable"}
    assert "/boot/extra.img, which is not on the disks" in named[0].found


@pytest.mark.parametrize("word", ["/boot", "/"])
def test_a_directory_is_no_initramfs(word) -> None:
    words = menu().replace(f"/boot/initrd.img-{KERNEL}", word)

    found = examine(guest(boot__grub__grub_dot_cfg=words))[1]

    assert [finding.found for finding in found] == [
        f"the default entry names {word}, which is not on the disks"
    ]


def test_a_kernel_whose_path_depends_on_a_variable_is_a_doubt() -> None:
    words = menu().replace(f"/boot/vmlinuz-{KERNEL}", "/boot/vmlinuz-$chosen")
    known = f"set chosen={KERNEL}\n{words}"

    doubted = examine(guest(boot__grub__grub_dot_cfg=words))[1]

    assert codes_of(doubted) == {"KernelUnknown"}
    assert examine(guest(boot__grub__grub_dot_cfg=known))[1] == []


ESP_UUID = "7B77-95E7"
ONLY_ROOT = f"UUID={ROOT} / ext4 x 0 1\n"
BOOT_APART = f"{ONLY_ROOT}UUID=b007 /boot ext4 x 0 2\n"
SAVED = "# GRUB Environment Block\nsaved_entry=abc-5.14.0-70.el9.x86_64\n"


def linked_environment() -> dict[str, bytes | str]:
    """A system started by BIOS with grubenv as a link to its EFI system partition, as grub2-efi makes it."""
    return rocky("->../efi/EFI/rocky/grubenv") | {
        "etc/fstab": f"{ONLY_ROOT}UUID={ESP_UUID} /boot/efi vfat x 0 2\n",
        "boot/efi/.keep": "",
    }


def test_an_environment_that_is_a_link_to_another_file_system_is_followed() -> None:
    esp = volume(MemoryTree({"EFI/rocky/grubenv": SAVED}, "FAT32", ESP_UUID), 2, "EFI system")

    described, findings, _ = examine(linked_environment(), esp)

    assert findings == []
    assert described.kernel == "5.14.0-70.el9.x86_64"


def test_an_environment_that_is_a_link_to_nothing_readable_is_a_doubt() -> None:
    findings = examine(linked_environment())[1]

    assert codes_of(findings) == {"FstabDeviceMissing", "KernelUnknown"}
    assert any("leads to ../efi/EFI/rocky/grubenv" in finding.found for finding in findings)
    assert image_verdict(findings) is Verdict.DOUBTFUL


def test_the_saved_entry_of_a_menu_is_a_doubt_where_its_environment_cannot_be_read() -> None:
    words = menu().replace('default="0"', 'default="${saved_entry}"')
    linked = guest(boot__grub__grub_dot_cfg=words, boot__grub__grubenv="->/elsewhere/grubenv")

    assert codes_of(examine(linked)[1]) == {"KernelUnknown"}
    assert examine(guest(boot__grub__grub_dot_cfg=words))[1] == []


def test_links_lead_out_of_a_mounted_file_system_and_into_another() -> None:
    files = guest(etc__fstab=BOOT_APART, outside="reached")
    boot = MemoryTree(
        {"deep/out": "->../../outside", "absolute": "->/boot/../outside", "up": "->../../../../outside"},
        uuid="b007",
    )
    root = examine(files, volume(boot, 2))[2].root

    assert [root.text(f"/boot/{name}") for name in ("deep/out", "absolute", "up")] == ["reached"] * 3
    assert root.link("/boot/absolute") == "/boot/../outside"
    assert root.read("/boot/../boot/deep") is None
    assert root.list("/boot/deep/../..") == root.list("/")


def test_links_that_never_end_are_an_error_as_they_are_within_one_file_system() -> None:
    files = guest(etc__fstab=BOOT_APART, inside="->/boot/out")
    root = examine(files, volume(MemoryTree({"out": "->/inside"}, uuid="b007"), 2))[2].root

    with pytest.raises(CorruptImageError, match="more than 8 links"):
        root.read("/inside")


BOOT_ELSEWHERE = (
    f"UUID={ROOT} / ext4 x 0 1\nUUID=b007 /boot ext4 x 0 2\nUUID={ESP_UUID} /boot/efi vfat x 0 2\n"
)


@pytest.mark.parametrize(
    "fstab", [BOOT_ELSEWHERE, BOOT_ELSEWHERE.replace("UUID=b007 /boot ext4 x 0 2\n", "")]
)
@pytest.mark.parametrize("configuration", [BLS["boot/grub2/grub.cfg"], menu().replace("/boot/", "/")])
def test_a_boot_partition_that_cannot_be_read_is_a_doubt(fstab, configuration) -> None:
    files = {name: data for name, data in guest().items() if not name.startswith("boot/")}
    files |= {"etc/fstab": f"{fstab}UUID={ESP_UUID} /boot/efi vfat x 0 2\n", "boot/efi/.keep": ""}
    esp = MemoryTree({"EFI/rocky/grub.cfg": configuration, "EFI/rocky/grubenv": SAVED}, "FAT32", ESP_UUID)

    findings = examine(files, volume(esp, 2, "EFI system"), volume(None, 3))[1]

    assert "KernelUnknown" in codes_of(findings)
    assert image_verdict(findings) is Verdict.DOUBTFUL
