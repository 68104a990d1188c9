"""What VM Import/Export says to a Linux guest."""

from __future__ import annotations

from vmie_images.findings import FindingLog
from vmie_images.guest.boot_entry import BootEntry
from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.linux import LinuxFacts
from vmie_images.verdict.boot_rules import judge_boot_modes
from vmie_images.verdict.supported_systems import Support, linux_standing

ROOT_SPACE = 32 << 20
"""Bytes that should be free on the root file system; the guide asks for enough and gives no number."""


def judge_linux(facts: LinuxFacts, setup: BootSetup, log: FindingLog) -> None:
    """Hold a Linux guest against the requirements.

    Where a journal was not replayed, what was read may be out of date: then nothing of it rejects.
    """
    log = log.doubting(not facts.root.clean)
    _judge_release(facts, log)
    _judge_machine(facts, log)
    _judge_boot(facts, setup, log)
    _judge_initramfs(facts, log)
    _judge_fstab(facts, log)
    _judge_network(facts, log)
    _judge_programs(facts, log)


def _judge_release(facts: LinuxFacts, log: FindingLog) -> None:
    release, kernel = facts.release, facts.kernel
    if release is None:
        log.add("ReleaseUnknown", "no os-release, and none of the older release files")
        return
    standing = linux_standing(release.family, release.version, kernel.version if kernel else None)
    running = f" with the kernel {kernel.version}" if kernel and kernel.version else ""
    if standing.support is Support.SYSTEM_UNKNOWN:
        log.add("SystemNotSupported", release.pretty)
    elif standing.support is Support.KERNEL_DIFFERS:
        log.add(
            "KernelNotSupported",
            f"{release.pretty}{running}; supported with {', '.join(standing.kernels)}",
        )
    elif standing.support in (Support.BETWEEN_LISTED, Support.RELEASE_OUTSIDE):
        log.add("ReleaseNotListed", f"{release.pretty} ({release.family} {release.version}){running}")
    if standing.deprecated:
        log.add("ReleaseDeprecated", release.pretty)


def _judge_machine(facts: LinuxFacts, log: FindingLog) -> None:
    if facts.machine == "arm64":
        log.add("ArchitectureNotSupported", "a kernel for arm64")
    elif facts.machine == "i386":
        log.add("ThirtyTwoBit", "a kernel for 32-bit x86")
    if facts.root.subvolume is not None:
        log.add("BtrfsSubvolume", f"the root directory is the subvolume {facts.root.subvolume!r}")


def _judge_boot(facts: LinuxFacts, setup: BootSetup, log: FindingLog) -> None:
    boot = facts.boot
    if boot.loader in ("systemd-boot", "LILO", "extlinux"):
        log.add("BootloaderUnknown", f"the boot loader is {boot.loader}")
    elif boot.entry is not None:
        _judge_entry(facts, boot.entry, log)
    elif boot.unknown is not None:
        log.add("KernelUnknown", boot.unknown)
    elif boot.loader is not None and not boot.uses_bls:
        log.add("KernelUnknown", f"{boot.configuration} has no entry to start")
    judge_boot_modes(setup, facts.machine, log)


def _judge_entry(facts: LinuxFacts, entry: BootEntry, log: FindingLog) -> None:
    if entry.kernel is None:
        log.add("KernelUnknown", f"the default entry {entry.title!r} names no kernel that can be told")
    elif facts.kernel is not None and facts.kernel.version is None:
        log.add("KernelUnknown", f"{facts.kernel.path} does not say its version")
    elif facts.kernel is None:
        found = f"the default entry {entry.title!r} starts {entry.kernel}"
        if facts.root.hides("/boot"):
            log.add("KernelUnknown", f"{found}, and /boot cannot be read")
        else:
            log.add("KernelMissing", found)


def _judge_initramfs(facts: LinuxFacts, log: FindingLog) -> None:
    for found in facts.initramfs:
        if found.damage:
            log.add("InitramfsUnreadable", f"{found.path}: {found.damage}")
    for path in facts.missing_initrds if facts.kernel and not facts.root.hides("/boot") else ():
        log.add("InitramfsUnreadable", f"the default entry names {path}, which is not on the disks")
    main = facts.initramfs[-1] if facts.initramfs else None
    if main is not None and main.complete and not main.damage:
        missing = {"nvme"} - main.drivers
        if missing and facts.modules.get("nvme"):
            log.add("InitramfsWithoutDrivers", f"{main.path} has no module {', '.join(sorted(missing))}")
    absent = [name for name, present in facts.modules.items() if present is False]
    if absent:
        log.add("DriversMissing", f"the kernel has no driver for {' and '.join(absent)}")


def _judge_fstab(facts: LinuxFacts, log: FindingLog) -> None:
    if not facts.has_fstab:
        log.add("FstabMissing", "there is no /etc/fstab")
        return
    named = [entry.device for entry, _ in facts.fstab if entry.by_device_name and entry.is_file_system]
    if named:
        log.add("FstabDeviceNames", ", ".join(named[:6]))
    missing = [
        f"{entry.device} at {entry.point}"
        for entry, known in facts.fstab
        if entry.is_file_system and entry.needed and not known and not entry.device.startswith("/dev/sr")
    ]
    if missing:
        log.add("FstabDeviceMissing", ", ".join(missing[:6]))
    network = [f"{entry.type} at {entry.point}" for entry, _ in facts.fstab if entry.is_network]
    if network:
        log.add("FstabNetworkFileSystems", ", ".join(network[:6]))


def _judge_network(facts: LinuxFacts, log: FindingLog) -> None:
    network = facts.network
    if network.predictable:
        log.add("PredictableInterfaceNames", ", ".join(network.predictable[:6]))
    if network.static:
        log.add("StaticAddress", ", ".join(network.static[:6]))
    if network.persistent_rules:
        log.add("PersistentNetRules", "70-persistent-net.rules names interfaces by their attributes")


def _judge_programs(facts: LinuxFacts, log: FindingLog) -> None:
    if facts.vmware_tools:
        log.add("VmwareTools", "/etc/vmware-tools")
    if not facts.cloud_init:
        log.add("NoCloudInit", "there is no /etc/cloud")
    if not facts.ssh:
        log.add("NoSshServer", "there is no /etc/ssh")
    free = getattr(facts.root.tree, "free", None)
    if isinstance(free, int) and free < ROOT_SPACE:
        log.add("RootSpaceLow", f"{free} bytes free on the root file system")
