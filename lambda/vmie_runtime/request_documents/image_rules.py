"""What parameters of an image import go together: licences, boot modes, encryption."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.documented import LINUX_USAGE, WINDOWS_USAGE
from vmie_runtime.request_documents.problems import Code, Problems

_SNAPSHOT_METHOD_LACKS = ("UsageOperation", "LicenseSpecifications", "Hypervisor")


def check_image(parameters: dict[str, Any], options: dict[str, Any], problems: Problems) -> None:
    """Check the parameters of ImportImage with one another."""
    _licences(parameters, problems)
    _boot_mode(parameters, problems)
    if options.get("Method") == "snapshot":
        _snapshot_method(parameters, problems)


def check_encryption(parameters: dict[str, Any], problems: Problems, at: str = "") -> None:
    """Check that a key is only named where something is encrypted."""
    if parameters.get("Encrypted") is False and "KmsKeyId" in parameters:
        problems.add(
            Code.INVALID_COMBINATION,
            f"{at}KmsKeyId",
            f"{at}KmsKeyId names a key and {at}Encrypted is false: leave out the one or turn on the other.",
        )


def _licences(parameters: dict[str, Any], problems: Problems) -> None:
    licence = str(parameters.get("LicenseType", "")).upper()
    usage = parameters.get("UsageOperation")
    platform = str(parameters.get("Platform", "")).casefold()
    if licence and usage is not None:
        problems.add(
            Code.LICENCE_OPTIONS_CONFLICT,
            "UsageOperation",
            "LicenseType and UsageOperation are both given: EC2 takes one of them. UsageOperation says more; "
            "LicenseType leaves the rest to EC2.",
        )
    if licence == "AWS" and platform == "linux":
        problems.add(
            Code.INVALID_COMBINATION,
            "LicenseType",
            'LicenseType "AWS" does not go with Platform "Linux": Linux guests are imported with BYOL.',
        )
    foreign = {"linux": WINDOWS_USAGE, "windows": LINUX_USAGE}.get(platform, ())
    if usage in foreign:
        problems.add(
            Code.INVALID_COMBINATION,
            "UsageOperation",
            f'UsageOperation "{usage}" does not go with Platform "{parameters["Platform"]}": it is one of '
            f"{'Windows Server' if platform == 'linux' else 'Linux'}.",
        )


def _boot_mode(parameters: dict[str, Any], problems: Problems) -> None:
    mode = parameters.get("BootMode")
    if mode == "uefi-preferred":
        problems.add(
            Code.INVALID_VALUE,
            "BootMode",
            'BootMode "uefi-preferred" is not supported for imports: use "uefi" or "legacy-bios".',
        )
    architecture = str(parameters.get("Architecture", "")).casefold()
    if mode == "legacy-bios" and architecture == "arm64":
        problems.add(
            Code.INVALID_COMBINATION,
            "BootMode",
            'BootMode "legacy-bios" does not go with Architecture "arm64", which boots by UEFI alone.',
        )
    by_snapshot = any("SnapshotId" in each for each in parameters.get("DiskContainers", ()))
    if mode == "uefi" and by_snapshot and "Platform" not in parameters:
        problems.add(
            Code.MISSING_PARAMETER,
            "Platform",
            'Missing required parameter in input: "Platform". BootMode "uefi" with a SnapshotId needs it '
            "(Windows or Linux).",
        )


def _snapshot_method(parameters: dict[str, Any], problems: Problems) -> None:
    lacking = [name for name in _SNAPSHOT_METHOD_LACKS if name in parameters]
    if str(parameters.get("LicenseType", "")).upper() == "AWS":
        lacking.append("LicenseType")
    for name in lacking:
        problems.add(
            Code.INVALID_COMBINATION,
            name,
            f'{name} does not go with Vmie.Method "snapshot": RegisterImage gives an image no licence of AWS '
            'and no other hypervisor. Leave it out, or use Vmie.Method "image".',
        )
