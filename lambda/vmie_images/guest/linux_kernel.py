"""The kernel of a Linux guest: where it is, its version, and for which machine it is.

Source: the Linux kernel's "The Linux/x86 Boot Protocol" and "Booting AArch64 Linux".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vmie_images.fields import number, text
from vmie_images.guest.linux_root import LinuxRoot

_NAME = re.compile(r"^(?:vmlinuz|vmlinux|kernel|bzImage|linux|Image)-(?P<version>\d+\.\d+.*)$")
_HEADER = 4096
_KERNEL_64 = 0x1


@dataclass(frozen=True)
class Kernel:
    """A kernel file.

    Attributes:
        path: Where it is in the guest.
        version: As ``uname -r`` prints it; ``None`` where it cannot be told.
        architecture: ``x86_64``, ``i386`` or ``arm64``; ``None`` where it cannot be told.
    """

    path: str
    version: str | None
    architecture: str | None


def locate(root: LinuxRoot, path: str) -> str | None:
    """Where the guest has a regular file that a boot loader names; ``None`` where it has none.

    The boot loader's path starts at the file system that holds ``/boot``, which may be a partition of its
    own or a subvolume of the root's file system.
    """
    if not path.startswith("/"):
        path = f"/{path}"
    candidates = [path, f"/boot{path}"]
    if root.mounted("/boot") and not path.startswith("/boot/"):
        candidates.reverse()
    if root.subvolume and path.startswith(f"/{root.subvolume}/"):
        candidates.insert(0, path.removeprefix(f"/{root.subvolume}"))
    return next((candidate for candidate in candidates if root.is_file(candidate)), None)


def read_kernel(root: LinuxRoot, path: str) -> Kernel | None:
    """The kernel at a boot loader's path; ``None`` where there is none."""
    place = locate(root, path)
    if place is None:
        return None
    header = root.read(place, _HEADER) or b""
    named = _version_of_name(place) or _version_of_name(root.link(place) or "")
    return Kernel(place, named or _version_inside(root, place, header), _architecture(header))


def _version_of_name(path: str) -> str | None:
    match = _NAME.match(path.rpartition("/")[2])
    return match["version"] if match else None


def _version_inside(root: LinuxRoot, path: str, header: bytes) -> str | None:
    """The version string that an x86 kernel's setup header points at."""
    if header[0x202:0x206] != b"HdrS":
        return None
    at = number("<H", header, 0x20E) + 0x200
    words = text(root.content(path, at, 256)).split()
    return words[0] if words and words[0][:1].isdigit() else None


def _architecture(header: bytes) -> str | None:
    if header[0x202:0x206] == b"HdrS" and len(header) > 0x238:
        protocol, extended = number("<H", header, 0x206), number("<H", header, 0x236)
        # The flag came with protocol 2.12 (Linux 3.8); before, the name of the file has to do.
        if protocol >= 0x20C:
            return "x86_64" if extended & _KERNEL_64 else "i386"
        return None
    if header[0x38:0x3C] == b"ARM\x64" or (header.startswith(b"MZ") and b"\x64\xaa" in header[:256]):
        return "arm64"
    return None
