"""Registry hives that hivex writes: an empty one of ours, into which hivexregedit merges everything."""

from __future__ import annotations

import struct
from pathlib import Path

from scripts.corpus.commands import output, run

_Keys = dict[str, dict[str, str | int]]
_UNUSED = 0xFFFFFFFF
_BIN = 4096
_SECURITY = 32 + 88
"""Where the security descriptor is: behind the bin's header and the root key."""

VERSION = "Microsoft\\Windows NT\\CurrentVersion"
CONTROL = "ControlSet001\\Control"
PRODUCT = "Windows Server 2019 Standard"
BUILD = "17763"
SERVICES = ("ena", "stornvme", "Tcpip", "Dhcp", "TermService")
FILLER_KEYS = 4000
"""Keys beside those that matter: a hive of a real system has hundreds of thousands."""


def write_hives(folder: Path) -> None:
    """SOFTWARE and SYSTEM of a Windows Server 2019 as an inspection should find it."""
    for name, entries in (("SOFTWARE", _software()), ("SYSTEM", _system())):
        hive = folder / name
        hive.write_bytes(empty_hive())
        merged = folder / f"{name}.reg"
        merged.write_text("Windows Registry Editor Version 5.00\n\n" + entries, encoding="utf-8")
        run("hivexregedit", "--merge", hive, merged)
        merged.unlink()


def empty_hive() -> bytes:
    """A hive with a root key and its security descriptor, and nothing else."""
    lists = (0, 0, _UNUSED, _UNUSED, 0, _UNUSED)
    longest = (0, 0, 0, 0, 0)
    key = struct.pack("<2sHQII6I7IHH", b"nk", 0x2C, 0, 0, _UNUSED, *lists, _SECURITY, _UNUSED, *longest, 4, 0)
    cells = _cell(key + b"ROOT")
    descriptor = struct.pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0)
    cells += _cell(struct.pack("<2sHIIII", b"sk", 0, _SECURITY, _SECURITY, 1, len(descriptor)) + descriptor)
    free = _BIN - 32 - len(cells)
    cells += struct.pack("<i", free).ljust(free, b"\0")
    header = struct.pack("<4sIIQIIIIIII", b"regf", 1, 1, 0, 1, 5, 0, 1, 32, _BIN, 1).ljust(508, b"\0")
    checksum = 0
    for (word,) in struct.iter_unpack("<I", header):
        checksum ^= word
    start = struct.pack("<4sII8xQI", b"hbin", 0, _BIN, 0, 0)
    return (header + struct.pack("<I", checksum)).ljust(_BIN, b"\0") + start + cells


def _cell(content: bytes) -> bytes:
    size = -(-(len(content) + 4) // 8) * 8
    return struct.pack("<i", -size) + content.ljust(size - 4, b"\0")


def value(hive: Path, key: str, name: str) -> str:
    """A value of a hive, as hivex reads it."""
    return output("hivexget", hive, f"\\{key}", name)


def _software() -> str:
    filler: _Keys = {
        f"Classes\\CLSID\\{{0000{number:04x}-0000-0000-c000-000000000046}}\\InprocServer32": {
            "ThreadingModel": "Both",
            "Path": f"%SystemRoot%\\System32\\component{number}.dll",
        }
        for number in range(FILLER_KEYS)
    }
    return _entries(
        filler
        | {
            VERSION: {
                "ProductName": PRODUCT,
                "EditionID": "ServerStandard",
                "CurrentBuildNumber": BUILD,
                "CurrentBuild": BUILD,
                "InstallationType": "Server",
                "UBR": 2114,
            },
            f"{VERSION}\\Winlogon": {"AutoAdminLogon": "0"},
            "Microsoft\\Windows\\CurrentVersion\\Setup\\State": {"ImageState": "IMAGE_STATE_COMPLETE"},
            "Microsoft\\NET Framework Setup\\NDP\\v4\\Full": {"Release": 461814},
        }
    )


def _system() -> str:
    services: _Keys = {f"ControlSet001\\Services\\{name}": {"Start": 2} for name in SERVICES}
    filler: _Keys = {f"ControlSet001\\Services\\Service{number:04}": {"Start": 3} for number in range(600)}
    settings: _Keys = {
        "Select": {"Current": 1, "Default": 1},
        f"{CONTROL}\\Session Manager\\Environment": {"PROCESSOR_ARCHITECTURE": "AMD64"},
        f"{CONTROL}\\Terminal Server": {"fDenyTSConnections": 0},
        f"{CONTROL}\\Nls\\Language": {"InstallLanguage": "0409"},
    }
    return _entries(settings | services | filler)


def _entries(keys: _Keys) -> str:
    """In the format of regedit's exports; a key's parents come before it."""
    named = sorted(
        {"\\".join(key.split("\\")[:depth]) for key in keys for depth in range(1, key.count("\\") + 2)}
    )
    return "\n".join(
        f"[\\{key}]\n" + "".join(_line(*item) for item in keys.get(key, {}).items()) for key in named
    )


def _line(name: str, content: str | int) -> str:
    if isinstance(content, int):
        return f'"{name}"=dword:{content:08x}\n'
    escaped = content.replace("\\", "\\\\")
    return f'"{name}"="{escaped}"\n'
