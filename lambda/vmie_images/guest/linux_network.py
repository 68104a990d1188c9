"""Which names a Linux guest's network configuration gives its interfaces.

Source: systemd's "Predictable Network Interface Names".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vmie_images.guest.boot_entry import argument
from vmie_images.guest.linux_root import LinuxRoot

MAX_FILES = 16
_PREDICTABLE = re.compile(
    r"\b(?:en|wl|ww)(?:o\d+|s\d+(?:f\d+)?|p\d+s\d+(?:f\d+)?|P\d+p\d+s\d+|x[0-9a-f]{12})(?:np?\d+)?\b"
)
# Each is held against the start of a line without the blanks around it: over lines, or with blanks that may
# be anywhere, they would take time that grows with the square of a file of blanks.
_STATIC = re.compile(
    r"iface\s+\S+\s+inet\s+static"
    r"|BOOTPROTO\s*=\s*[\"']?(?:static|none)|Address\s*=|address1\s*=|method\s*=\s*manual",
    re.IGNORECASE,
)
_CONFIGURES = re.compile(r"iface\s+(?!lo\b)\S+\s+inet6?\s+\w")
"""An interface that ifupdown configures: the other tools leave that alone, and nobody runs two of them."""
_NETPLAN_ADDRESSES = re.compile(r"addresses\s*:")
_FOLDERS = {
    "/etc/sysconfig/network-scripts": "ifcfg-",
    "/etc/sysconfig/network": "ifcfg-",
    "/etc/netplan": "",
    "/etc/NetworkManager/system-connections": "",
    "/etc/systemd/network": "",
    "/etc/network/interfaces.d": "",
}
_PERSISTENT_RULES = "/etc/udev/rules.d/70-persistent-net.rules"


@dataclass
class NetworkSetup:
    """What the guest's network configuration says.

    Attributes:
        predictable: Interfaces that it names by their place in the old machine, such as ``ens192``.
        static: Files that give an interface a static address.
        traditional: Whether the kernel is told to name interfaces ``eth0``, ``eth1``, ...
        persistent_rules: Whether udev rules tie a name to the old machine's MAC address.
    """

    predictable: list[str] = field(default_factory=list)
    static: list[str] = field(default_factory=list)
    traditional: bool = False
    persistent_rules: bool = False


def read_network(root: LinuxRoot, arguments: str, kernel: str | None) -> NetworkSetup:
    """Read the network configuration that the common tools leave in a guest.

    Args:
        root: The guest.
        arguments: The arguments of the kernel that boots.
        kernel: Its version.
    """
    setup = NetworkSetup(traditional=argument(arguments, "net.ifnames") == "0")
    for path, words in _files(root):
        lines = _lines(words)
        setup.predictable += [name for line in lines for name in _PREDICTABLE.findall(line)]
        if any(_STATIC.match(line) for line in lines) or _netplan_addresses(path, lines):
            setup.static.append(path)
    setup.predictable = list(dict.fromkeys(setup.predictable))
    if kernel is None or kernel[:2] in ("2.", "3."):
        # Later systems no longer write these rules.
        setup.persistent_rules = any("ATTR" in line for line in _lines(root.text(_PERSISTENT_RULES) or ""))
    return setup


def _files(root: LinuxRoot) -> list[tuple[str, str]]:
    found = []
    words = root.text("/etc/network/interfaces")
    if words:
        found.append(("/etc/network/interfaces", words))
        if any(_CONFIGURES.match(line) for line in _lines(words)):
            return found
    etc = root.list("/etc")
    for folder, prefix in _FOLDERS.items():
        if folder.split("/")[2] not in etc:
            continue
        names = [name for name in root.list(folder) if name.startswith(prefix) and name != "ifcfg-lo"]
        for name in names[:MAX_FILES]:
            # The file's own name counts: ifcfg-ens192.
            words = root.text(f"{folder}/{name}", 8192)
            if words is not None:
                found.append((f"{folder}/{name}", f"{name}\n{words}"))
    return found


def _lines(words: str) -> list[str]:
    """The lines that are neither empty nor comments, without the blanks around them."""
    stripped = (line.strip() for line in words.splitlines())
    return [line for line in stripped if line and not line.startswith(("#", ";"))]


def _netplan_addresses(path: str, lines: list[str]) -> bool:
    return path.startswith("/etc/netplan/") and any(_NETPLAN_ADDRESSES.match(line) for line in lines)
