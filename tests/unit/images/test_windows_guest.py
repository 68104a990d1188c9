"""What is told of a Windows guest, and what VM Import/Export would say to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.images.builders.hive import hive
from tests.unit.images.builders.memory_tree import MemoryTree, volume
from vmie_images.errors import CorruptImageError
from vmie_images.findings import Finding, FindingLog, verdicts
from vmie_images.guest.boot_modes import BootSetup
from vmie_images.guest.guest import Guest
from vmie_images.guest.windows import find_windows
from vmie_images.guest.windows_guest import describe_windows
from vmie_images.partitions.partition import Partition
from vmie_images.partitions.table import PartitionTable
from vmie_images.registry.hive import MAX_KEYS_TRIED, Hive
from vmie_images.verdict.windows_rules import judge_windows

SERVER_2019 = {
    "ProductName": "Windows Server 2019 Standard",
    "EditionID": "ServerStandard",
    "CurrentBuildNumber": "17763",
    "UBR": 2114,
    "InstallationType": "Server",
}


def software(version: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "Microsoft": {
            "Windows NT": {
                "CurrentVersion": (version or SERVER_2019)
                | {"Winlogon": {"AutoAdminLogon": more.get("logon", "0")}}
            },
            "Windows": {
                "CurrentVersion": {
                    "Setup": {"State": {"ImageState": "IMAGE_STATE_COMPLETE"}},
                    "Component Based Servicing": {"RebootPending": {}} if more.get("pending") else {},
                }
            },
            "NET Framework Setup": {"NDP": {"v4": {"Full": {"Release": more.get("dot_net", 461814)}}}},
        },
    } | ({"VMware, Inc.": {"VMware Tools": {}}} if more.get("tools") else {})


def system(
    services: tuple[str, ...] = ("ena", "stornvme"),
    machine: str = "AMD64",
    language: str = "0409",
    denied: int = 0,
    dhcp: int = 2,
) -> dict[str, Any]:
    control = {
        "Session Manager": {"Environment": {"PROCESSOR_ARCHITECTURE": machine}},
        "Terminal Server": {"fDenyTSConnections": denied},
        "Nls": {"Language": {"InstallLanguage": language}},
    }
    return {
        "Select": {"Current": 2},
        "ControlSet002": {
            "Control": control,
            "Services": {name: {} for name in services} | {"Tcpip": {}, "Dhcp": {"Start": dhcp}},
        },
    }


def examine(
    software_tree: dict[str, Any],
    system_tree: dict[str, Any],
    setup: BootSetup | None = None,
    tables: list[PartitionTable] | None = None,
    **files: bytes,
) -> tuple[Guest, list[Finding]]:
    content: dict[str, bytes | str] = {
        "Windows/System32/config/SOFTWARE": hive(software_tree),
        "WINDOWS/System32/config/SYSTEM".replace("WINDOWS", "Windows"): hive(system_tree, b"lf"),
        **{name.replace("_dot_", "."): data for name, data in files.items()},
    }
    setup, log = setup or BootSetup(["legacy-bios"]), FindingLog()
    facts = find_windows([volume(MemoryTree(content, "NTFS"), 2)], log)
    judge_windows(facts[0], setup, tables or [], log)
    return describe_windows(facts[0], setup), log.findings


def codes(*arguments: Any, **files: Any) -> set[str]:
    return {finding.code for finding in examine(*arguments, **files)[1]}


def test_nothing_is_found_wrong_with_a_server_that_follows_the_requirements() -> None:
    guest, findings = examine(software(), system())

    assert findings == []
    document = guest.to_document()
    assert (document["Family"], document["Name"], document["Edition"]) == (
        "windows",
        "Windows Server 2019",
        "Standard",
    )
    assert (document["Build"], document["Architecture"], document["Bits"]) == ("17763.2114", "x86_64", 64)
    assert (document["Sysprep"], document["HyperVRole"], document["Client"]) == (
        "IMAGE_STATE_COMPLETE",
        False,
        False,
    )
    assert document["Drivers"] == {"Ena": True, "Nvme": True}
    assert document["Root"]["Volume"] == "partition 2"


def client(name: str, edition: str = "Professional", build: str = "19045") -> dict[str, Any]:
    return software(
        {"ProductName": name, "EditionID": edition, "CurrentBuildNumber": build, "InstallationType": "Client"}
    )


@pytest.mark.parametrize(
    ("tree", "family", "edition", "is_client"),
    [
        (client("Windows 10 Pro"), "Windows 10", "Professional", True),
        (client("Windows 10 Pro", build="22631"), "Windows 11", "Professional", True),
        (client("Windows 8.1 Enterprise", "Enterprise"), "Windows 8.1", "Enterprise", True),
        (client("Windows 7 Ultimate", "Ultimate", "7601"), "Windows 7", "Ultimate", True),
        (client("Windows 10 Home", "Core"), "Windows 10", "Home", True),
        (
            software({"ProductName": "Windows Server 2012 R2 Datacenter", "EditionID": "ServerDatacenter"}),
            "Windows Server 2012 R2",
            "Datacenter",
            False,
        ),
        (
            software(
                {"ProductName": "Windows Server 2022 Standard Evaluation", "EditionID": "ServerStandardEval"}
            ),
            "Windows Server 2022",
            "Standard",
            False,
        ),
        (
            software({"ProductName": "Windows Server Datacenter", "ReleaseId": "1803"}),
            "Windows Server 1803",
            "Datacenter",
            False,
        ),
        (software({"ProductName": "Windows Web Server 2008 R2"}), None, None, False),
    ],
)
def test_products_are_told_apart(tree, family, edition, is_client) -> None:
    facts = find_windows(
        [volume(MemoryTree({"Windows/System32/config/SOFTWARE": hive(tree)}, "NTFS"))], FindingLog()
    )[0]

    assert (facts.family, facts.edition, facts.client) == (family, edition, is_client)


@pytest.mark.parametrize(("region", "found"), [("cn-north-1", True), ("eu-west-1", False), (None, False)])
def test_what_the_region_cannot_run_is_found(region, found) -> None:
    product = SERVER_2019 | {"ProductName": "Windows Server 2022 Standard", "CurrentBuildNumber": "20348"}
    log = FindingLog()
    content = {"Windows/System32/config/SOFTWARE": hive(software(product))}
    facts = find_windows([volume(MemoryTree(content, "NTFS"))], FindingLog())[0]

    judge_windows(facts, BootSetup(["legacy-bios"]), [], log, region)

    assert ({finding.code for finding in log.findings} == {"RegionNotSupported"}) is found


EVERY = {
    "Hyper-V": ((software(), system(("ena", "stornvme", "vmms"))), {"HyperVRole"}),
    "no DHCP": ((software(), system(dhcp=4)), {"WindowsDhcpDisabled"}),
    "no drivers": ((software(), system(("stornvme",))), {"WindowsDriversMissing"}),
    "autologon": ((software(logon="1"), system()), {"AutoLogon"}),
    "updates": ((software(pending=True), system()), {"UpdatesPending"}),
    "old .NET": ((software(dot_net=378388), system()), {"DotNetTooOld"}),
    "VMware Tools": ((software(tools=True), system()), {"VmwareTools"}),
    "no Remote Desktop": ((software(), system(denied=1)), {"RemoteDesktopDisabled"}),
    "arm64": (
        (software(), system(machine="ARM64"), BootSetup(efi_system_partition=True, architectures=["arm64"])),
        {"ArchitectureNotSupported"},
    ),
    "32-bit": ((client("Windows 10 Pro"), system(machine="x86")), {"ThirtyTwoBit"}),
    "German client": ((client("Windows 10 Pro"), system(language="0407")), {"WindowsLanguage"}),
    "unlisted edition": ((client("Windows 10 IoT", "IoTEnterprise"), system()), set()),
    "unlisted product": ((client("Windows Vista", "Business"), system()), {"WindowsEditionNotSupported"}),
    "ended": ((client("Windows 7 Professional", build="7601"), system()), {"ReleaseDeprecated"}),
    "Nano Server": ((software(SERVER_2019 | {"InstallationType": "Nano Server"}), system()), {"NanoServer"}),
    "Windows 11 on BIOS": (
        (client("Windows 11 Pro", build="22631"), system()),
        {"UefiFallbackLoaderMissing"},
    ),
    "Windows 11 on UEFI": ((client("Windows 11 Pro", build="22631"), system(), BootSetup(["uefi"])), set()),
    "Windows 11 with its own loader only": (
        (
            client("Windows 11 Pro", build="22631"),
            system(),
            BootSetup(efi_system_partition=True, loaders=["EFI/Microsoft/Boot/bootmgfw.efi"]),
        ),
        {"NoBootMode"},
    ),
    "Windows 11 with a partition that cannot be read": (
        (
            client("Windows 11 Pro", build="22631"),
            system(),
            BootSetup(efi_system_partition=True, unread=["partition 1: damaged"]),
        ),
        {"BootModeUnknown"},
    ),
    "server with a partition that cannot be read": (
        (software(), system(), BootSetup(efi_system_partition=True, unread=["partition 1: damaged"])),
        {"BootModeUnknown"},
    ),
    "no boot": ((software(), system(), BootSetup()), {"NoBootMode"}),
}


@pytest.mark.parametrize(("arguments", "expected"), EVERY.values(), ids=EVERY)
def test_what_is_wrong_is_found_and_nothing_else(arguments, expected) -> None:
    assert codes(*arguments) == expected


def test_a_hibernated_or_running_system_is_not_ready() -> None:
    assert codes(software(), system(), hiberfil_dot_sys=b"HIBR rest") == {"WindowsNotShutDown"}
    assert codes(software(), system(), hiberfil_dot_sys=b"\0\0\0\0") == set()
    content = {"Windows/System32/config/SOFTWARE": hive(software(), dirty=True)}
    assert find_windows([volume(MemoryTree(content, "NTFS"))], FindingLog())[0].unclean


@pytest.mark.parametrize(
    ("dirty", "hibernated", "clean", "verdict"),
    [
        (False, False, True, "rejected"),
        (True, False, True, "doubtful"),
        (False, True, True, "doubtful"),
        (False, False, False, "doubtful"),
    ],
    ids=["shut down", "registry not written", "hibernated", "dirty volume"],
)
def test_what_a_system_says_that_was_not_shut_down_rejects_nothing(dirty, hibernated, clean, verdict) -> None:
    tree = MemoryTree(
        {
            "Windows/System32/config/SOFTWARE": hive(client("Windows Vista", "Business"), dirty=dirty),
            "Windows/System32/config/SYSTEM": hive(system()),
            **({"hiberfil.sys": b"HIBR"} if hibernated else {}),
        },
        "NTFS",
    )
    tree.clean = clean
    log = FindingLog()
    (facts,) = find_windows([volume(tree)], log)

    judge_windows(facts, BootSetup(["legacy-bios"]), [], log)

    assert "WindowsEditionNotSupported" in {finding.code for finding in log.findings}
    assert verdicts(log.findings)["image"] == verdict


def test_the_halves_of_a_mirror_are_one_system() -> None:
    content = {"Windows/System32/config/SOFTWARE": hive(software())}
    halves = [volume(MemoryTree(content, "NTFS", uuid="1234"), number) for number in (1, 2)]
    others = [volume(MemoryTree(content, "NTFS", uuid=f"123{number}"), number) for number in (1, 2)]

    assert [len(find_windows(volumes, FindingLog())) for volumes in (halves, others)] == [1, 2]


def test_a_system_whose_registry_cannot_be_read_is_neither_client_nor_server() -> None:
    tree = MemoryTree({"Windows/System32/config/SOFTWARE": b"nothing"}, "NTFS")
    (facts,) = find_windows([volume(tree)], FindingLog())

    assert describe_windows(facts, BootSetup()).facts["Client"] is None


def test_a_dynamic_disk_is_named() -> None:
    table = PartitionTable("MBR", [Partition(1, "Windows dynamic disk", 0, 1)])

    assert {finding.code for finding in examine(software(), system(), tables=[table])[1]} == {"DynamicDisk"}


@pytest.mark.parametrize("damage", [b"", b"regf", b"nothing", hive(software())[:5000]])
def test_a_registry_that_cannot_be_read_is_a_doubt(damage) -> None:
    log = FindingLog()

    found = find_windows([volume(MemoryTree({"Windows/System32/config/SOFTWARE": damage}, "NTFS"))], log)

    assert len(found) == 1
    assert {finding.code for finding in log.findings} == {"RegistryUnreadable"}


@pytest.mark.parametrize("listing", [b"lh", b"lf", b"li", b"ri"])
def test_keys_are_found_in_lists_of_every_kind(listing) -> None:
    data = hive(
        {"Zebra": {f"Key{number:03}": {"Value": number} for number in range(100)}, "Apple": {}}, listing
    )
    found = Hive(lambda offset, length: data[offset : offset + length])

    assert found.values("ZEBRA\\key077") == {"value": 77}
    assert found.key("Zebra\\Key100") is None
    assert found.key("Zebra\\Key001\\Deeper") is None


def test_values_keep_their_types() -> None:
    data = hive(
        {"A": {"Text": "words", "Number": 70000, "List": ["one", "two"], "Bytes": b"12345", "Short": b"12"}}
    )

    values = Hive(lambda offset, length: data[offset : offset + length]).values("A")

    assert values == {
        "text": "words",
        "number": 70000,
        "list": ["one", "two"],
        "bytes": b"12345",
        "short": b"12",
    }


def test_a_look_up_compares_only_so_many_keys() -> None:
    data = hive({f"Key{number:05}": {} for number in range(MAX_KEYS_TRIED + 10)}, b"li")

    with pytest.raises(CorruptImageError, match="compared more than"):
        Hive(lambda offset, length: data[offset : offset + length]).key("Missing")
