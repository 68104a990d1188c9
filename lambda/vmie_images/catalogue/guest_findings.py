"""What can be wrong with the guest. Error texts: the VM Import/Export user guide and recorded tasks."""

from __future__ import annotations

from vmie_images.catalogue.entry import DOUBTS, NONE, Entry, error, info, warning

_UNKNOWN_OS = 'ImportImage fails with "ClientError: Unknown OS / Missing OS files.".'
_BY_SNAPSHOT = "Import it as a snapshot instead: nothing in the guest is changed or checked then."

SYSTEMS: dict[str, Entry] = {
    "NoOperatingSystem": error(
        _UNKNOWN_OS,
        "Import the disk that holds the operating system. " + _BY_SNAPSHOT,
        snapshot=NONE,
        direct=NONE,
    ),
    "GuestUnknown": warning(
        "No operating system was found in what the inspection can read, and not everything can be read. "
        + _UNKNOWN_OS,
        "Check the guest against the requirements of VM Import/Export.",
    ),
    "SeveralOperatingSystems": error(
        'ImportImage takes one system: "ClientError: Unsupported configuration - Multiple directories '
        'found".',
        "Remove the other systems, or import their disks separately.",
        snapshot=NONE,
        direct=NONE,
    ),
    "SystemNotSupported": error(_UNKNOWN_OS, _BY_SNAPSHOT, snapshot=NONE, direct=NONE),
    "ReleaseNotListed": warning(
        "The release is not in the table of supported systems that this inspection knows, though its "
        "neighbours are.",
        "Check the current table in the VM Import/Export user guide. " + _BY_SNAPSHOT,
    ),
    "ReleaseUnknown": warning(
        "The guest does not say which release it is.", "Check that it is in the table of supported systems."
    ),
    "ReleaseDeprecated": info(
        "The vendor no longer supports the release, and AWS recommends against importing it.",
        "Upgrade it before or after the import.",
    ),
    "KernelNotSupported": error(
        'ImportImage fails with "ClientError: Unsupported kernel version ..." unless the default boot '
        "entry starts "
        "the distribution's own kernel, in a supported version.",
        "Make a supported kernel the default boot entry. " + _BY_SNAPSHOT,
        snapshot=NONE,
        direct=NONE,
    ),
    "KernelUnknown": warning(
        "The kernel of the default boot entry could not be found. ImportImage checks its version.",
        "Check that the default boot entry names an existing kernel.",
    ),
    "KernelMissing": error(
        "The kernel that the default boot entry names is not on the disks; the guest does not boot.",
        "Install the kernel, or make an existing one the default, then export again.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "ArchitectureNotSupported": error(
        "VM Import/Export takes x86-64 systems, and no arm64.",
        "Register an arm64 disk from a snapshot.",
        snapshot=NONE,
        direct=NONE,
    ),
    "ThirtyTwoBit": error(
        "ImportImage takes 64-bit Linux only; 32-bit Windows ended on 2026-04-01.",
        "Migrate to a 64-bit system. " + _BY_SNAPSHOT,
        snapshot=NONE,
        direct=NONE,
    ),
    "BtrfsSubvolume": error(
        "ImportImage takes btrfs without subvolumes: it looks for the system at the file system's top. "
        + _UNKNOWN_OS,
        _BY_SNAPSHOT,
        snapshot=NONE,
        direct=NONE,
    ),
}

BOOT: dict[str, Entry] = {
    "BootloaderUnknown": warning(
        "ImportImage takes guests that boot by GRUB Legacy or GRUB 2, and rewrites its configuration.",
        "Install GRUB. " + _BY_SNAPSHOT,
    ),
    "SeveralGrubMenus": warning(
        'Menus that differ fail with "ClientError: Multiple different grub/menu.lst files found.".',
        "Keep one menu and remove the others.",
    ),
    "BlsDefaultUnknown": error(
        'ImportImage fails with "ClientError: BLSC-style GRUB found, but unable to detect default kernel".',
        "Set it: `grubby --set-default=/boot/vmlinuz-...` (or `grub2-set-default`), then export again.",
        snapshot=NONE,
        direct=NONE,
    ),
    "NoBootMode": warning(
        "No disk has boot code for a BIOS, nor the fallback loader for UEFI: nothing would start.",
        "Install the boot loader on the disk that is imported (`grub-install --removable` for UEFI).",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "BootModeUnknown": warning(
        "An EFI system partition could not be read, and there is no boot code for a BIOS: whether UEFI "
        "finds a loader is unknown. A new EC2 instance has no boot variables and starts the fallback loader "
        "(EFI/BOOT/BOOTX64.EFI) or nothing.",
        "Check that the EFI system partition is FAT and holds the fallback loader.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "UefiFallbackLoaderMissing": error(
        "A new EC2 instance has no boot variables: UEFI starts EFI/BOOT/BOOTX64.EFI or nothing.",
        "Install it: `grub-install --removable`, or copy shim and GRUB to EFI/BOOT on the EFI system "
        "partition.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "InitramfsUnreadable": error(
        "ImportImage fails with \"ClientError: We were unable to read your import's initramfs/initrd to "
        'determine what drivers your import requires to run in EC2".',
        "Rebuild it (`update-initramfs -u`, `dracut -f`), and check it with lsinitramfs or lsinitrd.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "InitramfsWithoutDrivers": warning(
        "The kernel finds its root volume by a driver in the initramfs: NVMe on Nitro instances, Xen's "
        "on others. "
        "ImportImage rebuilds the initramfs where it can; nothing does it after a snapshot.",
        "Rebuild it with the drivers: `dracut -f --no-hostonly`, or MODULES=most for initramfs-tools.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "DriversMissing": warning(
        "Without ENA and NVMe drivers the guest does not start on Nitro instances, which all current "
        "types are.",
        "Install a kernel that has them before the export.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
}

CONFIGURATION: dict[str, Entry] = {
    "FstabMissing": warning(
        'ImportImage fails with "ClientError: Invalid configuration - Could not read fstab".',
        "Write an /etc/fstab that mounts the root file system by its UUID.",
    ),
    "FstabDeviceNames": warning(
        "Disks have other names in EC2. ImportImage replaces device names by UUIDs; nothing does it "
        "after a snapshot.",
        "Name file systems by UUID or label in /etc/fstab.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "FstabDeviceMissing": warning(
        "A boot waits for a file system that is not on the imported disks, unless it is marked nofail.",
        "Export that disk too, mark the entry nofail, or remove it.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "FstabNetworkFileSystems": info(
        "ImportImage disables file systems such as cifs, sshfs and vboxsf.",
        "Enable them again after the import.",
    ),
    "PredictableInterfaceNames": warning(
        "The network is configured for an interface named after its place in the old machine; in EC2 it has "
        "another name. A guest that comes up without network fails the import's first boot.",
        "Configure eth0 by DHCP and boot with net.ifnames=0, or let cloud-init configure the network.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "PersistentNetRules": warning(
        "A udev rule ties eth0 to the old machine's MAC address: in EC2 the interface becomes eth1.",
        "Remove /etc/udev/rules.d/70-persistent-net.rules before the export.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "StaticAddress": warning(
        "EC2 assigns addresses by DHCP. ImportImage turns static addresses into DHCP; nothing does it "
        "after a snapshot.",
        "Configure the interface by DHCP before the export.",
        image=NONE,
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "VmwareTools": info(
        "VMware's tools do nothing in EC2, and may delay the boot.", "Uninstall them before the export."
    ),
    "NoCloudInit": info(
        "Without cloud-init no key pair is installed and no user data runs.",
        "Install cloud-init, or keep an account that can log in.",
    ),
    "NoSshServer": warning(
        "ImportImage expects a guest that can be reached by SSH.",
        "Install and enable an SSH server.",
        image=NONE,
    ),
    "RootSpaceLow": warning(
        "The import installs drivers and an agent on the root volume.",
        "Free some space on the root file system.",
        image=DOUBTS,
    ),
}

GUEST_FINDINGS = SYSTEMS | BOOT | CONFIGURATION
