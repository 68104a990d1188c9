"""Guests that the service cannot convert or boot."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

_AS_SNAPSHOT = (
    "ask for `Vmie.Method: snapshot` in a request file, which takes the guest as it is; it must then bring "
    "NVMe and ENA drivers and a DHCP client itself"
)

LINUX = (
    Meaning(
        code="UnsupportedKernel",
        category=Category.IMAGE,
        texts=("ClientError: Unsupported kernel version 5.8.0-59-generic",),
        pattern=r"Unsupported kernel version(?:\s+(?P<kernel>[^\s\]]+))?",
        cause="The kernel that the guest boots by default is not one that VM Import/Export supports for "
        "its distribution.",
        found="It is kernel {kernel}.",
        remedy="Install the distribution's default kernel (no HWE, mainline, cloud or custom kernel) and "
        "make it the default boot entry (`grubby --set-default` or `GRUB_DEFAULT`), then export the VM "
        f"again. Or import it without conversion: {_AS_SNAPSHOT}.",
        documentation=links.OPERATING_SYSTEMS,
    ),
    Meaning(
        code="KernelNotFound",
        category=Category.IMAGE,
        texts=("ClientError: Unable to determine kernel version.",),
        pattern=r"Unable to determine kernel version",
        cause="The service found no kernel in the guest's GRUB configuration that it could read a version "
        "from.",
        remedy="Rewrite the configuration (`grub2-mkconfig -o /boot/grub2/grub.cfg`, `update-grub`) and "
        "make sure that the default entry names a kernel under /boot. Or import it without conversion: "
        f"{_AS_SNAPSHOT}.",
        documentation=links.OPERATING_SYSTEMS,
    ),
    Meaning(
        code="DefaultKernelNotFound",
        category=Category.IMAGE,
        texts=("ClientError: BLSC-style GRUB found, but unable to detect default kernel",),
        pattern=r"BLSC?-style GRUB found, but unable to detect default kernel",
        cause="The guest's GRUB takes its entries from /boot/loader/entries (BLS), and its environment "
        "block names no default among them.",
        remedy="In the guest, `grub2-editenv list` must show `saved_entry`; set it with `grubby "
        "--set-default /boot/vmlinuz-$(uname -r)`, set `GRUB_DEFAULT=saved` and export the VM again.",
        documentation=links.LINUX_ERRORS,
    ),
    Meaning(
        code="MultipleBootMenus",
        category=Category.IMAGE,
        texts=("ClientError: Multiple different grub/menu.lst files found.",),
        pattern=r"Multiple different grub/menu\.lst files found",
        cause="Several differing GRUB menus (grub.cfg, grub.conf or menu.lst) are on the disks: a second "
        "operating system, or what an earlier boot loader left behind.",
        remedy="Keep one: remove the other operating system, and stale files under /boot/grub, /boot/grub2 "
        "and the EFI system partition; then export the VM again. Or import it without conversion: "
        f"{_AS_SNAPSHOT}.",
        documentation=links.IMPORT_IMAGE_ERRORS,
    ),
    Meaning(
        code="UnreadableFstab",
        category=Category.IMAGE,
        texts=("ClientError: Invalid configuration - Could not read fstab",),
        pattern=r"Could not read fstab",
        cause="No readable /etc/fstab: the disk holds several systems or several /etc directories, or the "
        "root filesystem is one the service does not read (btrfs subvolumes, ZFS, an encrypted volume).",
        remedy="Leave one system with one /etc on ext2/3/4, XFS, JFS or btrfs without subvolumes, "
        f"unencrypted; then export the VM again. Or import it without conversion: {_AS_SNAPSHOT}.",
        documentation=links.LINUX_ERRORS,
    ),
    Meaning(
        code="MultipleRootFilesystems",
        category=Category.IMAGE,
        texts=("ClientError: Unsupported configuration - Multiple directories found",),
        pattern=r"Multiple directories found",
        cause="Several boot volumes, or several /etc directories, are on the disks.",
        remedy="Remove the other system, and copies of a system such as chroots or backups with an /etc of "
        "their own, or move them to a disk that is not imported.",
        documentation=links.LINUX_ERRORS,
    ),
    Meaning(
        code="UnreadableInitramfs",
        category=Category.IMAGE,
        texts=(
            "ClientError: We were unable to read your import's initramfs/initrd to determine what drivers "
            "your import requires to run in EC2",
        ),
        pattern=r"unable to read your import's initramfs",
        cause="The initramfs of the default kernel is damaged or compressed in a way the service does not "
        "read.",
        remedy="In the guest, check it (`lsinitramfs /boot/initrd.img-$(uname -r)`, `lsinitrd`), rebuild "
        "it (`update-initramfs -u -k all`, `dracut -f`), with gzip compression if it is zstd, and export "
        "the VM again.",
        documentation=links.LINUX_ERRORS,
    ),
    Meaning(
        code="LvmActivationFailed",
        category=Category.IMAGE,
        texts=("ClientError: Unsupported configuration - Logical volume group activation failed",),
        pattern=r"Logical volume group activation failed",
        cause="A volume group could not be activated: the upload is damaged or incomplete, or one of its "
        "physical volumes is on a disk that is not part of the import.",
        remedy="Compare the uploaded files with the originals, and import every disk of the volume group "
        "together (an OVA, or one request with several `DiskContainers`).",
        documentation=links.LINUX_ERRORS,
    ),
    Meaning(
        code="LinuxInstanceType",
        category=Category.REQUEST,
        texts=("Linux is not supported on the requested instance",),
        pattern=r"Linux is not supported on the requested instance",
        cause="ImportInstance starts Linux guests on a few, old instance types only.",
        remedy="Import it as an image (`DiskContainers`), which can be launched on any type; or ask for "
        "t2.micro to t2.medium, m3, c3, r3 or i2.",
        documentation=links.LINUX_ERRORS,
    ),
)

WINDOWS_AND_BOOT = (
    Meaning(
        code="UnknownOperatingSystem",
        category=Category.IMAGE,
        texts=("ClientError: Unknown OS / Missing OS files.",),
        pattern=r"Unknown OS\s*/\s*Missing OS files",
        cause="No operating system that VM Import/Export knows was found: the distribution or version is "
        "not supported, the system volume is encrypted (LUKS, BitLocker), or this is not the boot disk.",
        remedy="Check the guest against the list of supported systems, decrypt the system volume, and send "
        f"all disks of the VM, the boot disk first. Or import it without conversion: {_AS_SNAPSHOT}.",
        documentation=links.OPERATING_SYSTEMS,
    ),
    Meaning(
        code="UefiNotSupported",
        category=Category.IMAGE,
        texts=("ClientError: EFI partition detected. UEFI booting is not supported in EC2.",),
        pattern=r"EFI partition detected|UEFI booting is not supported",
        cause="The guest boots by UEFI and the service refused that. This text dates from before "
        "ImportImage took UEFI guests; a Region or an operation may still say it.",
        remedy="Ask for `BootMode: uefi` and see that a Linux guest carries the fallback loader "
        "EFI/BOOT/BOOTX64.EFI. Where it stays refused, import without conversion, and register the image "
        f"as uefi: {_AS_SNAPSHOT}.",
        documentation=links.BOOT_MODES,
    ),
    Meaning(
        code="NoBootablePartition",
        category=Category.IMAGE,
        texts=(
            "No bootable partition found.",
            "Client.Unsupported: No bootable partition found. (Service: AmazonEC2; Status Code: 400; Error "
            "Code: Unsupported; Request ID: 0c2f6b8e-0000-0000-0000-000000000000)",
        ),
        pattern=r"No bootable partition found",
        cause="No partition to boot from was found. ImportInstance says so of every GPT disk, as it takes "
        "MBR only.",
        remedy="Import the disk that holds the boot partition, with that partition marked active where the "
        "table is MBR. For a GPT disk use ImportImage, which takes GPT, or convert it to MBR.",
        documentation=links.IMPORT_INSTANCE_ERRORS,
    ),
    Meaning(
        code="DotNetFrameworkMissing",
        category=Category.GUEST_NETWORK,
        texts=(
            "ClientError: Booter Networking failure/instance not reachable. Please retry after "
            "installation of .Net framework 3.5 SP1 or greater.",
        ),
        pattern=r"Booter Networking failure",
        cause="Windows booted but could not be reached: the EC2 service inside the guest needs the .NET "
        "Framework and did not come up.",
        remedy="Install .NET Framework 4.5 or later (3.5 SP1 for the old EC2Config service), and check "
        "that DHCP is on; then export the VM again.",
        documentation=links.WINDOWS_ERRORS,
    ),
    Meaning(
        code="FirstBootFailure",
        category=Category.GUEST_NETWORK,
        texts=(
            "FirstBootFailure: This import request failed because the Windows instance failed to boot and "
            "establish network connectivity.",
            "ClientError: FirstBootFailure: This import request failed because the instance failed to boot "
            "and establish network connectivity.",
        ),
        pattern=r"FirstBootFailure|instance failed to boot and establish network connectivity",
        cause="The converted guest did not boot on EC2, did not get an address by DHCP, did not take the "
        "drivers, or could not activate Windows. AWS does not say which.",
        remedy="In the guest: switch every network interface to DHCP; disable antivirus, intrusion "
        "detection, firewalls and hardening policies; uninstall VMware Tools; install pending updates and "
        "reboot until none is left; remove the Hyper-V role; make sure it boots with its boot disk alone "
        "(a domain controller's database must be on it) and straight to the login, not to recovery "
        "options; keep 6 GiB free on the system volume; use an edition that supports volume licensing, or "
        "import with `LicenseType: BYOL`. Guests converted from a physical machine are not supported. Then "
        "export and import it again.",
        documentation=links.WINDOWS_ERRORS,
    ),
)

MEANINGS = LINUX + WINDOWS_AND_BOOT
