"""The facts about a Linux guest."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.findings import FindingLog
from vmie_images.guest.fstab import FstabEntry
from vmie_images.guest.initramfs import Initramfs, read_initramfs
from vmie_images.guest.linux_boot import LinuxBoot, read_boot
from vmie_images.guest.linux_drivers import read_drivers
from vmie_images.guest.linux_kernel import Kernel, locate, read_kernel
from vmie_images.guest.linux_network import NetworkSetup, read_network
from vmie_images.guest.linux_release import Release, read_release
from vmie_images.guest.linux_root import LinuxRoot
from vmie_images.guest.linux_roots import mount_others
from vmie_images.volumes.volume import Volume

_LOADER_64 = "/lib64/ld-linux-x86-64.so.2"


@dataclass
class LinuxFacts:
    """What is known of a Linux guest.

    Attributes:
        root: Its files.
        release: Its distribution; ``None`` where no file says it.
        boot: Its boot loader's configuration.
        kernel: The kernel of the default entry; ``None`` where it is missing.
        initramfs: The initial file systems of the default entry.
        missing_initrds: Those that the entry names and the disks do not have.
        fstab: Its entries, and whether their devices are on the disks.
        has_fstab: Whether there is a readable fstab.
        network: Its network configuration.
        modules: Whether its kernel has the drivers ``ena`` and ``nvme``; ``None`` where that cannot be told.
        cloud_init: Whether cloud-init is installed.
        vmware_tools: Whether VMware's tools are installed.
        ssh: Whether SSH is configured.
        machine: The architecture, by the kernel or by the system's own loader.
    """

    root: LinuxRoot
    release: Release | None = None
    boot: LinuxBoot = field(default_factory=LinuxBoot)
    kernel: Kernel | None = None
    initramfs: list[Initramfs] = field(default_factory=list)
    missing_initrds: list[str] = field(default_factory=list)
    fstab: list[tuple[FstabEntry, bool]] = field(default_factory=list)
    has_fstab: bool = False
    network: NetworkSetup = field(default_factory=NetworkSetup)
    modules: dict[str, bool | None] = field(default_factory=dict)
    cloud_init: bool = False
    vmware_tools: bool = False
    ssh: bool = False
    machine: str | None = None


def read_linux(facts: LinuxFacts, volumes: list[Volume], log: FindingLog, initramfs_limit: int) -> None:
    """Gather the facts about the guest at a root, the most important ones first.

    Args:
        facts: What is gathered; it names the root.
        volumes: All volumes, for what the guest mounts.
        log: Receives what makes the boot ambiguous.
        initramfs_limit: Bytes to read of each initial file system.
    """
    root = facts.root
    facts.release = read_release(root)
    facts.fstab = mount_others(root, volumes)
    facts.has_fstab = root.exists("/etc/fstab")
    facts.boot = read_boot(root, log.doubting(not root.clean))
    _read_boot_files(facts, initramfs_limit)
    kernel = facts.kernel.version if facts.kernel else None
    facts.network = read_network(root, facts.boot.entry.arguments if facts.boot.entry else "", kernel)
    etc = root.list("/etc")
    facts.cloud_init, facts.vmware_tools, facts.ssh = "cloud" in etc, "vmware-tools" in etc, "ssh" in etc
    facts.modules = read_drivers(root, kernel)


def _read_boot_files(facts: LinuxFacts, initramfs_limit: int) -> None:
    root, entry = facts.root, facts.boot.entry
    if entry is not None and entry.kernel:
        facts.kernel = read_kernel(root, entry.kernel)
    for path in entry.initrds if entry else ():
        place = locate(root, path)
        found = read_initramfs(root, place, initramfs_limit) if place else None
        if found is not None:
            facts.initramfs.append(found)
        elif "ucode" not in path:
            facts.missing_initrds.append(path)
    facts.machine = facts.kernel.architecture if facts.kernel else None
    if facts.machine is None and root.exists(_LOADER_64):
        facts.machine = "x86_64"
