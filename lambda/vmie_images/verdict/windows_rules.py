"""What VM Import/Export says to a Windows guest."""

from __future__ import annotations

from vmie_images.findings import FindingLog
from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.windows import WindowsFacts
from vmie_images.partitions.table import PartitionTable
from vmie_images.verdict.regions import refusal
from vmie_images.verdict.supported_systems import windows_row

_US_ENGLISH = "0409"
_DOT_NET_45 = 378389
_BOOT_MANAGER = "bootmgfw.efi"


def judge_windows(
    facts: WindowsFacts,
    setup: BootSetup,
    tables: list[PartitionTable],
    log: FindingLog,
    region: str | None = None,
) -> None:
    """Hold a Windows guest against the requirements, and against what a Region can run.

    What a disk or a registry says that was not written to its end may be out of date: then nothing of it
    rejects.
    """
    log = log.doubting(facts.hibernated or facts.unclean or not facts.volume.clean)
    _judge_edition(facts, log)
    _judge_region(facts, region, log)
    _judge_state(facts, log)
    _judge_boot(facts, setup, tables, log)
    if facts.services_known:
        _judge_services(facts, log)


def _judge_edition(facts: WindowsFacts, log: FindingLog) -> None:
    named = " ".join(part for part in (facts.product, facts.build and f"(build {facts.build})") if part)
    if facts.installation == "Nano Server":
        log.add("NanoServer", named)
    row = windows_row(facts.family, facts.edition)
    if facts.family is None:
        log.add("ReleaseUnknown", named or "the registry names no product")
    elif row is None:
        log.add("WindowsEditionNotSupported", f"{named}, edition {facts.edition or 'unknown'}")
    elif row.get("eol"):
        log.add("ReleaseDeprecated", named)
    if facts.machine == "arm64":
        log.add("ArchitectureNotSupported", f"{named} for arm64")
    elif facts.machine == "i386":
        log.add("ThirtyTwoBit", f"{named}, 32-bit")
    language = (facts.language or _US_ENGLISH).zfill(4)
    if facts.client and language != _US_ENGLISH:
        log.add("WindowsLanguage", f"installed in the language {language}")


def _judge_region(facts: WindowsFacts, region: str | None, log: FindingLog) -> None:
    row = windows_row(facts.family, facts.edition)
    if row is None or region is None:
        return
    reason = refusal(row, 32 if facts.machine == "i386" else None, region)
    if reason is not None:
        log.add("RegionNotSupported", reason)


def _judge_state(facts: WindowsFacts, log: FindingLog) -> None:
    if facts.hibernated:
        log.add("WindowsNotShutDown", "hiberfil.sys holds a hibernated session")
    elif facts.unclean:
        log.add("WindowsNotShutDown", "a registry hive was not written to its end")
    if facts.auto_logon:
        log.add("AutoLogon", "Winlogon has AutoAdminLogon = 1")
    if facts.reboot_pending:
        log.add("UpdatesPending", "Component Based Servicing waits for a restart")
    if facts.remote_desktop is False:
        log.add("RemoteDesktopDisabled", "fDenyTSConnections is set")
    if facts.dhcp_disabled:
        log.add("WindowsDhcpDisabled", "the service Dhcp (DHCP Client) is disabled")
    if facts.dot_net is not None and facts.dot_net < _DOT_NET_45:
        log.add("DotNetTooOld", f".NET Framework 4, release {facts.dot_net}")
    if facts.vmware_tools:
        log.add("VmwareTools", "the registry lists VMware Tools")


def _judge_services(facts: WindowsFacts, log: FindingLog) -> None:
    if "vmms" in facts.services:
        log.add("HyperVRole", "the service vmms (Hyper-V Virtual Machine Management) is installed")
    missing = [
        name for name, service in (("ENA", "ena"), ("NVMe", "stornvme")) if service not in facts.services
    ]
    if missing:
        log.add("WindowsDriversMissing", f"no driver for {' and '.join(missing)}")


def _judge_boot(facts: WindowsFacts, setup: BootSetup, tables: list[PartitionTable], log: FindingLog) -> None:
    modes = setup.modes_for(facts.machine)
    if facts.family == "Windows 11" and "uefi" not in modes:
        _judge_windows_11(setup, log)
    elif not modes and setup.unread:
        log.add("BootModeUnknown", "; ".join(setup.unread[:4]))
    elif not modes:
        log.add("NoBootMode", setup.absence)
    if any(part.type == "Windows dynamic disk" for table in tables for part in table.partitions):
        log.add("DynamicDisk", "a partition of a dynamic disk")


def _judge_windows_11(setup: BootSetup, log: FindingLog) -> None:
    """That it needs UEFI is documented; that its own boot manager is not enough is documented of Linux
    only."""
    if setup.unread:
        log.add("BootModeUnknown", "; ".join(setup.unread[:4]))
    elif any(loader.lower().endswith(_BOOT_MANAGER) for loader in setup.loaders):
        log.add("NoBootMode", "Windows 11 with its boot manager and without the fallback loader of UEFI")
    else:
        log.add("UefiFallbackLoaderMissing", "Windows 11 boots by UEFI only, and there is no loader for that")
