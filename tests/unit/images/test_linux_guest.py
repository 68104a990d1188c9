"""What is told of a Linux guest, and what VM Import/Export would say to it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma

import pytest

from tests.unit.images.builders.linux import KERNEL, ROOT, cpio, examine, guest, kernel_image, menu
from tests.unit.images.builders.memory_tree import MemoryTree, volume
from vmie_images.findings import FindingLog, Verdict, verdicts
from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.linux_roots import find_roots

INITRD = f"boot/initrd.img-{KERNEL}"


def codes(files: dict[str, bytes | str], *others, setup: BootSetup | None = None) -> set[str]:
    return {finding.code for finding in examine(files, *others, setup=setup)[1]}


def test_nothing_is_found_wrong_with_a_guest_that_follows_the_requirements() -> None:
    described, findings, _ = examine(guest())

    assert findings == []
    document = described.to_document()
    assert (document["Family"], document["Name"], document["Version"]) == ("linux", "Debian", "12.7")
    assert (document["Kernel"], document["Architecture"], document["Bits"]) == (KERNEL, "x86_64", 64)
    assert (document["Bootloader"], document["DefaultEntry"]) == ("GRUB 2", "Debian")
    assert document["Drivers"] == {"Ena": True, "Nvme": True, "NvmeInInitramfs": True}
    assert document["InterfaceNames"] == "traditional"
    assert document["Root"]["Volume"] == "partition 1"


def files(**changes: bytes | str | None) -> dict[str, bytes | str]:
    return guest(**changes)


def with_initrd(content: bytes) -> dict[str, bytes | str]:
    return guest() | {INITRD: content}


LOOPBACK = "auto lo\niface lo inet loopback\n"
UBUNTU = 'ID=ubuntu\nNAME="Ubuntu"\nVERSION_ID="22.04"\n'
REMOVED = {
    "kernel of another series": (
        guest() | {"etc/os-release": UBUNTU},
        "KernelNotSupported",
    ),
    "unknown distribution": (
        guest() | {"etc/os-release": "ID=alpine\nNAME=Alpine\nVERSION_ID=3.20\n"},
        "SystemNotSupported",
    ),
    "later point release": (files(etc__debian_version="12.11\n"), "ReleaseNotListed"),
    "ended release": (
        guest()
        | {"etc/os-release": 'ID=debian\nVERSION_ID="10"\n', "etc/debian_version": "10.13\n"}
        | {"boot/grub/grub.cfg": menu("4.19.0-27-amd64"), "boot/vmlinuz-4.19.0-27-amd64": kernel_image()}
        | {"boot/initrd.img-4.19.0-27-amd64": gzip.compress(cpio("nvme.ko"))},
        "ReleaseDeprecated",
    ),
    "32-bit kernel": (guest() | {f"boot/vmlinuz-{KERNEL}": kernel_image(wide=False)}, "ThirtyTwoBit"),
    "kernel gone": (guest() | {"boot/grub/grub.cfg": menu("6.1.0-99-amd64")}, "KernelMissing"),
    "menu without entries": (guest() | {"boot/grub/grub.cfg": "# menuentry \n"}, "KernelUnknown"),
    "no boot loader": (files(boot__grub__grub_dot_cfg=None), "BootloaderUnknown"),
    "systemd-boot": (
        files(boot__grub__grub_dot_cfg=None, boot__loader__loader_dot_conf="default x\n"),
        "BootloaderUnknown",
    ),
    "two menus": (files(boot__grub2__grub_dot_cfg=menu("5.0")), "SeveralGrubMenus"),
    "initramfs of noise": (with_initrd(b"noise" * 99), "InitramfsUnreadable"),
    "initramfs empty": (with_initrd(b""), "InitramfsUnreadable"),
    "initramfs cut": (with_initrd(b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\xff" * 99), "InitramfsUnreadable"),
    "initramfs not an archive": (with_initrd(gzip.compress(b"x" * 999)), "InitramfsUnreadable"),
    "initramfs gone": (
        files(**{f"boot__initrd_dot_img-{KERNEL}".replace(".", "_dot_"): None}),
        "InitramfsUnreadable",
    ),
    "initramfs without NVMe": (
        with_initrd(gzip.compress(cpio("init", "virtio.ko"))),
        "InitramfsWithoutDrivers",
    ),
    "kernel without ENA": (
        guest() | {f"boot/config-{KERNEL}": "# CONFIG_ENA_ETHERNET is not set\nCONFIG_BLK_DEV_NVME=m\n"},
        "DriversMissing",
    ),
    "no fstab": (files(etc__fstab=None), "FstabMissing"),
    "device names": (files(etc__fstab="/dev/sda1 / ext4 defaults 0 1\n"), "FstabDeviceNames"),
    "missing disk": (
        files(etc__fstab=f"UUID={ROOT} / ext4 x 0 1\nUUID=dead /data xfs defaults 0 2\n"),
        "FstabDeviceMissing",
    ),
    "network file system": (
        files(etc__fstab=f"UUID={ROOT} / ext4 x 0 1\n//s/share /mnt cifs x 0 0\n"),
        "FstabNetworkFileSystems",
    ),
    "named interface": (
        files(etc__network__interfaces="auto ens192\niface ens192 inet dhcp\n"),
        "PredictableInterfaceNames",
    ),
    "netplan": (
        files(
            etc__network__interfaces=LOOPBACK,
            etc__netplan__one_dot_yaml="ethernets:\n  enp0s3:\n    dhcp4: true\n",
        ),
        "PredictableInterfaceNames",
    ),
    "network manager": (
        files(etc__network__interfaces=LOOPBACK)
        | {"etc/NetworkManager/system-connections/wired": "[connection]\ninterface-name=eno16777984\n"},
        "PredictableInterfaceNames",
    ),
    "static address": (
        files(etc__network__interfaces="iface eth0 inet static\n address 10.0.0.5\n"),
        "StaticAddress",
    ),
    "ifcfg": (
        files(etc__network__interfaces=None)
        | {"etc/sysconfig/network-scripts/ifcfg-eth0": "BOOTPROTO=static\n"},
        "StaticAddress",
    ),
    "VMware tools": (guest() | {"etc/vmware-tools/tools.conf": ""}, "VmwareTools"),
    "no cloud-init": (files(etc__cloud__cloud_dot_cfg=None), "NoCloudInit"),
    "no SSH": (files(etc__ssh__sshd_config=None), "NoSshServer"),
}


@pytest.mark.parametrize(("changed", "code"), REMOVED.values(), ids=REMOVED)
def test_one_thing_that_is_wrong_is_found_and_nothing_else(changed, code) -> None:
    assert codes(changed) == {code}


def test_what_ifupdown_configures_is_what_counts() -> None:
    stale = guest() | {"etc/netplan/one.yaml": "ethernets:\n  ens192:\n    addresses: [10.0.0.5/24]\n"}

    assert codes(stale) == set()


def test_udev_rules_that_name_interfaces_matter_to_old_kernels() -> None:
    rules = 'SUBSYSTEM=="net", ATTR{address}=="00:50:56:00:00:01", NAME="eth0"\n'
    changed = guest() | {
        "etc/udev/rules.d/70-persistent-net.rules": rules,
        "etc/redhat-release": "CentOS release 6.8 (Final)\n",
        "boot/grub/grub.cfg": "",
        "boot/grub/menu.lst": (
            "default=0\ntitle CentOS\n\tkernel /vmlinuz-2.6.32-642.el6 ro\n\tinitrd "
            "/initramfs-2.6.32-642.el6.img\n"
        ),
        "boot/vmlinuz-2.6.32-642.el6": kernel_image(),
        "boot/initramfs-2.6.32-642.el6.img": gzip.compress(cpio("nvme.ko")),
    }
    del changed["etc/os-release"], changed["etc/debian_version"]

    described, findings, _ = examine(changed)

    assert (described.name, described.version, described.kernel) == ("CentOS", "6.8", "2.6.32-642.el6")
    assert described.bootloader == "GRUB Legacy"
    assert {finding.code for finding in findings} == {"PersistentNetRules", "ReleaseDeprecated"}


def test_a_boot_partition_is_mounted_as_fstab_says() -> None:
    names = {name: content for name, content in guest().items() if not name.startswith("boot/")}
    boot = {
        name.removeprefix("boot/"): content for name, content in guest().items() if name.startswith("boot/")
    }
    boot["grub/grub.cfg"] = menu().replace("/boot/", "/")
    names["etc/fstab"] = f"UUID={ROOT} / ext4 x 0 1\nUUID=b007 /boot ext4 x 0 2\n"
    partition = volume(MemoryTree(boot, uuid="b007"), 2)

    described, findings, _ = examine(names, partition)

    assert findings == []
    assert (described.kernel, described.to_document()["Initramfs"][0]["Readable"]) == (KERNEL, True)


def test_a_boot_partition_that_fstab_does_not_name_is_found_by_what_it_holds() -> None:
    names = {name: content for name, content in guest().items() if not name.startswith("boot/")}
    boot = {
        name.removeprefix("boot/"): content for name, content in guest().items() if name.startswith("boot/")
    }

    assert examine(names, volume(MemoryTree(boot, uuid="b007"), 2))[0].kernel == KERNEL


def test_a_guest_that_boots_by_uefi_needs_the_fallback_loader() -> None:
    without = BootSetup([], efi_system_partition=True, loaders=["EFI/debian/grubx64.efi"])

    findings = examine(guest(), setup=without)[1]

    assert [finding.code for finding in findings] == ["UefiFallbackLoaderMissing"]
    assert "EFI/debian/grubx64.efi, without EFI/BOOT/BOOTX64.EFI" in findings[0].found
    assert verdicts(findings)["image"] is Verdict.REJECTED
    assert codes(guest(), setup=BootSetup(["uefi"], efi_system_partition=True)) == set()
    assert codes(guest(), setup=BootSetup([])) == {"NoBootMode"}


BLS = {
    "boot/grub2/grub.cfg": (
        'if [ "${next_entry}" ]; then\n set default="${next_entry}"\nelse\n set '
        'default="${saved_entry}"\nfi\n'
        'set kernelopts="root=UUID=1 ro"\nblscfg\n'
    ),
    "boot/loader/entries/abc-5.14.0-70.el9.x86_64.conf": (
        "title Rocky Linux (5.14.0-70.el9.x86_64)\nversion 5.14.0-70\nlinux "
        "/boot/vmlinuz-5.14.0-70.el9.x86_64\n"
        "initrd /boot/initramfs-5.14.0-70.el9.x86_64.img $tuned_initrd\noptions $kernelopts net.ifnames=0\n"
    ),
    "boot/loader/entries/abc-5.14.0-162.el9.x86_64.conf": (
        "title Rocky Linux (5.14.0-162.el9.x86_64)\nlinux /boot/vmlinuz-5.14.0-162.el9.x86_64\noptions ro\n"
    ),
    "boot/vmlinuz-5.14.0-70.el9.x86_64": kernel_image(),
    "boot/initramfs-5.14.0-70.el9.x86_64.img": gzip.compress(cpio("nvme.ko")),
    "boot/config-5.14.0-70.el9.x86_64": "CONFIG_ENA_ETHERNET=m\nCONFIG_BLK_DEV_NVME=m\n",
    "etc/os-release": 'ID="rocky"\nVERSION_ID="9.3"\nPRETTY_NAME="Rocky Linux 9.3"\n',
}


def rocky(environment: str | None) -> dict[str, bytes | str]:
    files = guest(boot__grub__grub_dot_cfg=None, etc__debian_version=None) | BLS
    return files | ({"boot/grub2/grubenv": environment} if environment is not None else {})


def test_boot_loader_specification_entries_are_chosen_by_the_saved_entry() -> None:
    described, findings, facts = examine(
        rocky("# GRUB Environment Block\nsaved_entry=abc-5.14.0-70.el9.x86_64\n#####\n")
    )

    assert findings == []
    assert described.kernel == "5.14.0-70.el9.x86_64"
    assert facts.boot.entry is not None
    assert facts.boot.entry.arguments == "root=UUID=1 ro net.ifnames=0"
    assert facts.boot.kernels == ["/boot/vmlinuz-5.14.0-162.el9.x86_64", "/boot/vmlinuz-5.14.0-70.el9.x86_64"]


@pytest.mark.parametrize("environment", [None, "# GRUB Environment Block\n"])
def test_boot_loader_specification_entries_without_a_default_are_rejected(environment) -> None:
    findings = examine(rocky(environment))[1]

    assert [finding.code for finding in findings] == ["BlsDefaultUnknown"]
    assert verdicts(findings)["image"] is Verdict.REJECTED


def test_a_saved_entry_that_is_gone_is_a_doubt() -> None:
    findings = examine(rocky("saved_entry=gone\n"))[1]

    assert [finding.code for finding in findings] == ["KernelUnknown"]
    assert "none of the 2 entries in /boot/loader/entries is 'gone'" in findings[0].found
    assert verdicts(findings)["image"] is Verdict.DOUBTFUL


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (gzip.compress, "gzip"),
        (lzma.compress, "xz"),
        (bz2.compress, "bzip2"),
        (lambda data: lzma.compress(data, lzma.FORMAT_ALONE), "lzma"),
        (bytes, "cpio"),
    ],
)
def test_drivers_are_found_in_an_initramfs_of_every_kind_behind_microcode(pack, name) -> None:
    microcode = cpio("kernel/x86/microcode/GenuineIntel.bin", content=bytes(70_000)) + bytes(3000)
    archive = cpio("init", *(f"usr/file{number}" for number in range(50)), "usr/lib/modules/nvme.ko.zst")

    facts = examine(with_initrd(microcode + pack(archive)))[2]

    found = facts.initramfs[0]
    assert (found.compression, found.damage, found.complete, found.drivers) == (name, None, True, {"nvme"})


@pytest.mark.parametrize(("last", "drivers"), [("nvme.ko.zst", {"nvme"}), ("virtio.ko", set())])
def test_an_initramfs_of_several_archives_is_read_to_its_end(last, drivers) -> None:
    microcode = cpio("kernel/x86/microcode/AuthenticAMD.bin", content=bytes(5000)) + bytes(512)
    plain = cpio("usr/lib/firmware/a.bin.zst", "usr/lib/modules/virtio.ko.zst", content=b"x" * 9000)

    _, findings, facts = examine(with_initrd(microcode + plain + bytes(260) + gzip.compress(cpio(last))))

    found = facts.initramfs[0]
    assert (found.compression, found.damage, found.complete, found.drivers) == ("gzip", None, True, drivers)
    assert {finding.code for finding in findings} == ({"InitramfsWithoutDrivers"} if not drivers else set())


def test_what_follows_an_archive_and_is_none_proves_nothing() -> None:
    _, findings, facts = examine(with_initrd(cpio("init") + bytes(8) + b"something else"))

    assert findings == []
    assert (facts.initramfs[0].damage, facts.initramfs[0].complete) == (None, False)


def test_a_menu_that_lies_in_two_places_is_one_menu() -> None:
    assert codes(files(boot__grub2__grub_dot_cfg=menu())) == set()
    assert codes(files(boot__grub2__grub_dot_cfg="->../grub/grub.cfg")) == set()


def test_a_part_of_an_initramfs_proves_nothing_missing() -> None:
    noise = hashlib.shake_256(b"does not compress").digest(3 << 20)
    archive = gzip.compress(cpio("init", content=noise) + cpio("nvme.ko"))

    described, findings, facts = examine(with_initrd(archive))

    assert facts.initramfs[0].complete is False
    assert described.drivers["NvmeInInitramfs"] is None
    assert findings == []


def test_several_guests_are_found() -> None:
    volumes = [
        volume(MemoryTree(guest()), 1),
        volume(MemoryTree(guest()), 2),
        volume(MemoryTree({"data/x": ""}), 3),
    ]

    assert [root.volume.partition.number for root in find_roots(volumes, FindingLog())] == [1, 2]  # type: ignore[union-attr]


def test_the_version_inside_a_kernel_counts_where_its_name_has_none() -> None:
    changed = guest() | {
        "boot/grub/grub.cfg": menu().replace(f"vmlinuz-{KERNEL}", "vmlinuz"),
        "boot/vmlinuz": kernel_image(version="6.1.0-31-amd64 (buildd@x) #1"),
    }

    assert examine(changed)[0].kernel == "6.1.0-31-amd64"


def test_the_target_of_a_kernel_link_gives_its_version() -> None:
    changed = guest() | {
        "boot/grub/grub.cfg": menu().replace(f"/boot/vmlinuz-{KERNEL}", "/vmlinuz"),
        "vmlinuz": f"->boot/vmlinuz-{KERNEL}",
    }

    assert examine(changed)[0].kernel == KERNEL
