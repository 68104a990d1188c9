"""The table of file systems of a Linux guest."""

from __future__ import annotations

from dataclasses import dataclass

MAX_ENTRIES = 128
_VIRTUAL = frozenset(
    {"proc", "sysfs", "tmpfs", "devpts", "devtmpfs", "none", "swap", "efivarfs", "debugfs", "overlay"}
)
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smbfs", "sshfs", "fuse.sshfs", "vboxsf", "9p", "ceph", "glusterfs"}
)


@dataclass(frozen=True)
class FstabEntry:
    """A line: the device as written, where it is mounted, its type, its options."""

    device: str
    point: str
    type: str
    options: tuple[str, ...]

    @property
    def is_local(self) -> bool:
        """Whether a disk of the guest is meant."""
        on_disk = self.device.startswith("/dev/") or "=" in self.device
        return on_disk and self.type not in _NETWORK

    @property
    def is_file_system(self) -> bool:
        """Whether something is mounted from a disk of the guest."""
        return self.is_local and self.type not in _VIRTUAL and self.point.startswith("/")

    @property
    def is_network(self) -> bool:
        """Whether it comes over the network or from a hypervisor."""
        return self.type in _NETWORK

    @property
    def by_device_name(self) -> bool:
        """Whether the device's name may be another one in EC2."""
        return self.device.startswith(("/dev/sd", "/dev/vd", "/dev/xvd", "/dev/hd", "/dev/nvme"))

    @property
    def needed(self) -> bool:
        """Whether a boot waits for it."""
        return not {"noauto", "nofail", "x-systemd.automount"} & set(self.options)


def parse_fstab(words: str) -> list[FstabEntry]:
    """The entries in order; lines that are comments or too short are left out."""
    entries = []
    for line in words.splitlines():
        fields = [_unescape(field) for field in line.split()]
        if len(fields) >= 3 and not fields[0].startswith("#"):
            options = tuple(fields[3].split(",")) if len(fields) > 3 else ()
            entries.append(FstabEntry(fields[0], fields[1], fields[2], options))
    return entries[:MAX_ENTRIES]


def _unescape(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
