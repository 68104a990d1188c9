"""The facts about a Linux guest."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmie_images.findings import FindingLog
from vmie_images.guest.fstab import FstabEntry
from vmie_images.guest.initramfs import Initramfs, read_initramfs
from vmie_images.guest.linux_boot import LinuxBoot, read_boot
from vmie_images.guest.linux_kernel import Kernel, installed_versions, locate, read_kernel
from vmie_images.guest.linux_network import NetworkSetup, read_network
from vmie_images.guest.linux_release import Release, read_release
from vmie_images.guest.linux_root import LinuxRoot
from vmie_images.guest.linux_roots import mount_others
from vmie_images.volumes.volume import Volume

_MODULES = {
    "ena": "kernel/drivers/net/ethernet/amazon/ena",
    "nvme": "kernel/drivers/nvme/host",
}
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
        modules: Whether it has the modules of ENA and NVMe; ``None`` where that cannot be told.
        cloud_init: Whether cloud-init is installed.
        vmware_tools: Whether VMware's tools are installed.
        ssh_server: Whether an SSH server is configured.
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
    ssh_server: bool = False
    machine: str | None = None


def read_linux(facts: LinuxFacts, volumes: list[Volume], log: FindingLog) -> None:
    """Gather the facts about the guest at a root, the most important ones first."""
    root = facts.root
    facts.release = read_release(root)
    facts.fstab = mount_others(root, volumes)
    facts.has_fstab = root.exists("/etc/fstab")
    facts.boot = read_boot(root, log)
    _read_boot_files(facts)
    facts.network = read_network(root, facts.boot.entry.arguments if facts.boot.entry else "")
    facts.cloud_init = root.exists("/etc/cloud/cloud.cfg")
    facts.vmware_tools = root.exists("/etc/vmware-tools")
    facts.ssh_server = root.exists("/etc/ssh/sshd_config")
    facts.modules = _modules(root, facts.kernel.version if facts.kernel else None)


def _read_boot_files(facts: LinuxFacts) -> None:
    root, entry = facts.root, facts.boot.entry
    if entry is not None and entry.kernel:
        facts.kernel = read_kernel(root, entry.kernel)
    for path in entry.initrds if entry else ():
        place = locate(root, path)
        found = read_initramfs(root, place) if place else None
        if found is not None:
            facts.initramfs.append(found)
        elif "ucode" not in path:
            facts.missing_initrds.append(path)
    facts.machine = facts.kernel.architecture if facts.kernel else None
    if facts.machine is None and root.exists(_LOADER_64):
        facts.machine = "x86_64"


def _modules(root: LinuxRoot, kernel: str | None) -> dict[str, bool | None]:
    """Whether the kernel that boots has the drivers, as modules or built in."""
    found: dict[str, bool | None] = dict.fromkeys(_MODULES)
    if kernel is None or kernel not in installed_versions(root):
        return found
    folder = f"/lib/modules/{kernel}"
    built_in = (root.text(f"{folder}/modules.builtin") or "").splitlines()
    for driver, place in _MODULES.items():
        names = {"ena": ("ena.ko",), "nvme": ("nvme.ko",)}[driver]
        found[driver] = f"{place}/{names[0]}" in built_in or any(
            name.startswith(names) for name in root.list(f"{folder}/{place}")
        )
    return found
