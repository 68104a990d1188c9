"""The facts about a Windows guest, from its registry and its files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from vmie_images.errors import CorruptImageError, ImageError, UnreadableLayoutError
from vmie_images.filesystems.tree import FileTree, Kind
from vmie_images.findings import FindingLog
from vmie_images.registry.hive import Hive
from vmie_images.volumes.volume import Volume

_CONFIG = "/Windows/System32/config"
_VERSION = "Microsoft\\Windows NT\\CurrentVersion"
_FIRST_WINDOWS_11 = 22000
_DISABLED = 4
"""A service's ``Start`` that keeps it from starting."""
_ARCHITECTURES = {"AMD64": "x86_64", "X86": "i386", "ARM64": "arm64"}
_SERVER = re.compile(r"^(Windows Server(?: \(R\))? \d{4}(?: R2)?)")
_CLIENT = re.compile(r"^(Windows (?:XP|Vista|7|8\.1|8|10|11))\b")
_EDITIONS = {
    "Core": "Home",
    "CoreSingleLanguage": "Home",
    "HomePremium": "Home",
    "HomeBasic": "Home",
    "Professional": "Professional",
    "Enterprise": "Enterprise",
    "EnterpriseS": "Enterprise",
    "Education": "Education",
    "Ultimate": "Ultimate",
}
_SERVER_EDITIONS = ("Standard", "Datacenter", "Enterprise", "Web")


@dataclass
class WindowsFacts:
    """What is known of a Windows guest; what cannot be told is ``None``.

    Attributes:
        volume: The volume that holds ``\\Windows``.
        product: The product's full name, such as ``Windows Server 2019 Standard``.
        family: As the table of supported systems calls it.
        edition: As the table calls it.
        build: Build and revision, such as ``17763.2114``.
        installation: ``Server``, ``Server Core``, ``Client`` or ``Nano Server``.
        client: Whether it is a desktop system.
        machine: ``x86_64``, ``i386`` or ``arm64``.
        image_state: What sysprep left behind.
        services: Which of the services that matter here exist.
        remote_desktop: Whether Remote Desktop is allowed.
        auto_logon: Whether an account logs on by itself.
        dot_net: The release number of .NET Framework 4.
        reboot_pending: Whether updates wait for a restart.
        language: The language it was installed in, as four hexadecimal digits.
        vmware_tools: Whether VMware's tools are installed.
        dhcp_disabled: Whether its DHCP client never starts.
        hibernated: Whether it was hibernated instead of shut down.
        unclean: Whether its registry was not written to its end.
    """

    volume: Volume
    product: str | None = None
    family: str | None = None
    edition: str | None = None
    build: str | None = None
    installation: str | None = None
    client: bool = False
    machine: str | None = None
    image_state: str | None = None
    services: set[str] = field(default_factory=set)
    services_known: bool = False
    remote_desktop: bool | None = None
    auto_logon: bool = False
    dot_net: int | None = None
    reboot_pending: bool = False
    language: str | None = None
    vmware_tools: bool = False
    dhcp_disabled: bool = False
    hibernated: bool = False
    unclean: bool = False


_SERVICES = ("ena", "stornvme", "vmms", "VMTools", "xenvbd")


def find_windows(volumes: list[Volume], log: FindingLog) -> list[WindowsFacts]:
    """The Windows guests on the volumes; a mirror of one is the same guest."""
    found: list[WindowsFacts] = []
    for volume in volumes:
        if any(volume.mirrors(facts.volume) for facts in found):
            continue
        if volume.tree is None or volume.tree.name != "NTFS":
            continue
        disk_log = log.for_disk(volume.disk)
        try:
            if volume.tree.find(f"{_CONFIG}/SOFTWARE") is not None:
                found.append(_read(volume, volume.tree, disk_log))
        except ImageError as error:
            volume.problem = str(error)
            disk_log.add("FileSystemDamaged", f"{volume.described} (NTFS): {error}")
    return found


def _read(volume: Volume, tree: FileTree, log: FindingLog) -> WindowsFacts:
    facts = WindowsFacts(volume)
    for name, read in (("SOFTWARE", _read_software), ("SYSTEM", _read_system)):
        try:
            read(facts, _hive(tree, f"{_CONFIG}/{name}"))
        except (CorruptImageError, UnreadableLayoutError) as error:
            log.add("RegistryUnreadable", f"{volume.described}, {name}: {error}")
    hibernation = tree.read("/hiberfil.sys", 4) or b""
    facts.hibernated = hibernation.lower() in (b"hibr", b"rstr")
    return facts


def _hive(tree: FileTree, path: str) -> Hive:
    node = tree.find(path)
    if node is None or node.kind is not Kind.FILE:
        raise CorruptImageError(f"there is no {path}")
    return Hive(lambda offset, length: tree.content(node, offset, length))


def _read_software(facts: WindowsFacts, hive: Hive) -> None:
    facts.unclean = facts.unclean or hive.dirty
    version = hive.values(_VERSION)
    build = str(version.get("currentbuildnumber") or version.get("currentbuild") or "")
    revision = version.get("ubr")
    facts.build = f"{build}.{revision}" if build and revision else build or None
    facts.installation = _string(version, "installationtype")
    facts.product = _string(version, "productname")
    if facts.product and build.isdigit() and int(build) >= _FIRST_WINDOWS_11:
        # Windows 11 still calls itself Windows 10 there.
        facts.product = facts.product.replace("Windows 10", "Windows 11")
    _name_family(facts, version)
    facts.image_state = _string(hive.values("Microsoft\\Windows\\CurrentVersion\\Setup\\State"), "imagestate")
    facts.auto_logon = hive.values(f"{_VERSION}\\Winlogon").get("autoadminlogon") == "1"
    release = hive.values("Microsoft\\NET Framework Setup\\NDP\\v4\\Full").get("release")
    facts.dot_net = release if isinstance(release, int) else None
    facts.vmware_tools = hive.key("VMware, Inc.\\VMware Tools") is not None
    servicing = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
    facts.reboot_pending = hive.key(servicing) is not None


def _string(values: dict[str, Any], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and value else None


def _name_family(facts: WindowsFacts, version: dict[str, Any]) -> None:
    product, edition = facts.product or "", _string(version, "editionid") or ""
    server = _SERVER.match(product.replace("(R) ", "").replace("®", ""))
    client = _CLIENT.match(product)
    if server:
        facts.family = server[1]
        facts.edition = next((name for name in _SERVER_EDITIONS if name in edition or name in product), None)
    elif product.startswith("Windows Server"):
        # The semi-annual releases have a number and no year.
        facts.family = f"Windows Server {_string(version, 'releaseid') or ''}".strip()
        facts.edition = next((name for name in _SERVER_EDITIONS if name in product), None)
    elif client:
        facts.family, facts.client = client[1], True
        facts.edition = _EDITIONS.get(edition.removesuffix("N").removesuffix("Eval"))
    if facts.edition == "Web":
        facts.edition = "Web Server"


def _read_system(facts: WindowsFacts, hive: Hive) -> None:
    facts.unclean = facts.unclean or hive.dirty
    current = hive.values("Select").get("current")
    control = f"ControlSet{current if isinstance(current, int) and 0 < current < 1000 else 1:03d}"
    environment = hive.values(f"{control}\\Control\\Session Manager\\Environment")
    machine = _string(environment, "processor_architecture") or ""
    facts.machine = _ARCHITECTURES.get(machine.upper())
    denied = hive.values(f"{control}\\Control\\Terminal Server").get("fdenytsconnections")
    facts.remote_desktop = None if denied is None else denied == 0
    facts.language = _string(hive.values(f"{control}\\Control\\Nls\\Language"), "installlanguage")
    services = hive.key(f"{control}\\Services")
    if services is not None:
        facts.services_known = True
        facts.services = {name for name in _SERVICES if services.subkey(name) is not None}
        dhcp = services.subkey("Dhcp")
        facts.dhcp_disabled = dhcp is not None and dhcp.values().get("start") == _DISABLED
    facts.vmware_tools = facts.vmware_tools or "VMTools" in facts.services
