"""Which distribution a Linux guest is, in the words of the table of supported systems."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from vmie_images.guest.linux_root import LinuxRoot

_FAMILIES = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "rhel": "Red Hat Enterprise Linux",
    "centos": "CentOS",
    "rocky": "Rocky Linux",
    "ol": "Oracle Linux",
    "fedora": "Fedora",
    "sles": "SUSE Linux Enterprise Server",
    "sles_sap": "SUSE Linux Enterprise Server",
}
_RED_HAT = re.compile(r"(?P<name>.+?)\s+(?:Linux\s+)?release\s+(?P<version>\d+(?:\.\d+)*)")
_OLD_NAMES = (
    ("CentOS", "CentOS"),
    ("Red Hat Enterprise Linux", "Red Hat Enterprise Linux"),
    ("Oracle Linux", "Oracle Linux"),
    ("Fedora", "Fedora"),
    ("Rocky", "Rocky Linux"),
)


@dataclass(frozen=True)
class Release:
    """A distribution's release.

    Attributes:
        family: As the table of supported systems calls it; the distribution's own name where it is not in it.
        version: As exact as the guest says it, such as ``12.7``; ``None`` where it does not say.
        pretty: The release in the distribution's own words.
    """

    family: str
    version: str | None
    pretty: str


def read_release(root: LinuxRoot) -> Release | None:
    """The release of a Linux guest; ``None`` where no file says it."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        words = root.text(path)
        if words:
            return _from_os_release(root, _settings(words))
    return _from_older_files(root)


def _settings(words: str) -> dict[str, str]:
    """The assignments of an os-release file, whose values a shell would unquote."""
    settings = {}
    for line in words.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            try:
                settings[key] = "".join(shlex.split(value)) if value[:1] in "\"'" else value
            except ValueError:
                settings[key] = value.strip("\"'")
    return settings


def _from_os_release(root: LinuxRoot, settings: dict[str, str]) -> Release:
    identifier = settings.get("ID", "linux")
    name = settings.get("NAME", identifier)
    version = settings.get("VERSION_ID") or None
    family = _FAMILIES.get(identifier, name)
    if identifier == "amzn":
        family = f"Amazon Linux {version}" if version else name
    elif identifier == "debian":
        version = _debian_version(root) or version
    elif identifier == "centos" and version and "." not in version:
        version = _red_hat_version(root) or version
    return Release(family, version, settings.get("PRETTY_NAME") or f"{name} {version or ''}".strip())


def _debian_version(root: LinuxRoot) -> str | None:
    """The point release, which Debian's os-release leaves out."""
    words = (root.text("/etc/debian_version", 64) or "").strip()
    return words if re.fullmatch(r"\d+(\.\d+)*", words) else None


def _red_hat_version(root: LinuxRoot) -> str | None:
    match = _RED_HAT.match(root.text("/etc/redhat-release", 256) or "")
    return match["version"] if match else None


def _from_older_files(root: LinuxRoot) -> Release | None:
    """Releases before os-release (CentOS 6, Debian 6, SLES 11 and older)."""
    for path in ("/etc/oracle-release", "/etc/redhat-release", "/etc/centos-release"):
        words = (root.text(path, 256) or "").strip()
        match = _RED_HAT.match(words)
        if match:
            family = next((family for mark, family in _OLD_NAMES if mark in words), match["name"])
            return Release(family, match["version"], words)
    suse = root.text("/etc/SuSE-release", 256)
    if suse:
        numbers = dict(re.findall(r"(VERSION|PATCHLEVEL)\s*=\s*(\d+)", suse))
        version = ".".join(numbers[key] for key in ("VERSION", "PATCHLEVEL") if key in numbers)
        return Release("SUSE Linux Enterprise Server", version or None, suse.splitlines()[0].strip())
    lsb = root.text("/etc/lsb-release", 1024) or ""
    ubuntu = re.search(r"DISTRIB_ID=Ubuntu.*?DISTRIB_RELEASE=([\d.]+)", lsb, re.DOTALL)
    if ubuntu:
        return Release("Ubuntu", ubuntu[1], f"Ubuntu {ubuntu[1]}")
    debian = _debian_version(root)
    return Release("Debian", debian, f"Debian GNU/Linux {debian}") if debian else None
