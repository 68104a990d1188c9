"""What parameters of an image import go together: licences, boot modes, encryption."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.documented import LINUX_USAGE, WINDOWS_USAGE
from vmie_runtime.request_documents.problems import Code, Problems

_SNAPSHOT_METHOD_LACKS = ("UsageOperation", "LicenseSpecifications", "Hypervisor")


def check_image(parameters: dict[str, Any], options: dict[str, Any], problems: Problems) -> None:
    """Check the parameters of ImportImage with one another."""
    _licences(parameters, problems)
    check_boot_mode(parameters, problems, converted=options.get("Method") != "snapshot")
    if options.get("Method") == "snapshot":
        check_snapshot_method(parameters, problems)


def check_encryption(parameters: dict[str, Any], problems: Problems, at: str = "") -> None:
    """Check that a key is only named where something is encrypted.

    EC2 API Reference, ImportImage, ImportSnapshot and CreateVolume: with a KmsKeyId, Encrypted must be set.
    """
    if "KmsKeyId" not in parameters:
        return
    if "Encrypted" not in parameters:
        problems.add(
            Code.MISSING_PARAMETER,
            f"{at}Encrypted",
            f'Missing required parameter in {at.rstrip(".") or "input"}: "Encrypted". EC2 takes {at}KmsKeyId '
            f'only with {at}Encrypted true: add "Encrypted": true.',
        )
    elif parameters["Encrypted"] is False:
        problems.add(
            Code.INVALID_COMBINATION,
            f"{at}KmsKeyId",
            f"{at}KmsKeyId names a key and {at}Encrypted is false: leave out the one or turn on the other.",
        )


def _licences(parameters: dict[str, Any], problems: Problems) -> None:
    licence, platform = parameters.get("LicenseType"), parameters.get("Platform")
    usage = parameters.get("UsageOperation")
    if licence and usage is not None:
        problems.add(
            Code.LICENCE_OPTIONS_CONFLICT,
            "UsageOperation",
            "LicenseType and UsageOperation are both given: EC2 takes one of them. UsageOperation says more; "
            "LicenseType leaves the rest to EC2.",
        )
    if licence == "AWS" and platform == "Linux":
        problems.add(
            Code.INVALID_COMBINATION,
            "LicenseType",
            'LicenseType "AWS" does not go with Platform "Linux": Linux guests are imported with BYOL.',
        )
    foreign = {"Linux": WINDOWS_USAGE, "Windows": LINUX_USAGE}.get(str(platform), ())
    if usage in foreign:
        problems.add(
            Code.INVALID_COMBINATION,
            "UsageOperation",
            f'UsageOperation "{usage}" does not go with Platform "{platform}": it is one of '
            f"{'Windows Server' if platform == 'Linux' else 'Linux'}.",
        )


def check_boot_mode(parameters: dict[str, Any], problems: Problems, *, converted: bool = True) -> None:
    """Check what the boot mode goes with.

    Args:
        parameters: Of ImportImage.
        problems: Takes what is found.
        converted: Whether ImportImage makes the image; RegisterImage takes no platform. Default: it does.
    """
    mode = parameters.get("BootMode")
    if mode == "uefi-preferred":
        problems.add(
            Code.INVALID_VALUE,
            "BootMode",
            'BootMode "uefi-preferred" is not supported for imports: use "uefi" or "legacy-bios".',
        )
    if mode == "legacy-bios" and parameters.get("Architecture") == "arm64":
        problems.add(
            Code.INVALID_COMBINATION,
            "BootMode",
            'BootMode "legacy-bios" does not go with Architecture "arm64", which boots by UEFI alone.',
        )
    by_snapshot = any("SnapshotId" in each for each in parameters.get("DiskContainers", ()))
    if converted and mode == "uefi" and by_snapshot and "Platform" not in parameters:
        problems.add(
            Code.MISSING_PARAMETER,
            "Platform",
            'Missing required parameter in input: "Platform". BootMode "uefi" with a SnapshotId needs it '
            "(Windows or Linux).",
        )


def check_snapshot_method(
    parameters: dict[str, Any], problems: Problems, *, recommended: bool = False
) -> None:
    """Check that nothing is asked for that the method `snapshot` cannot give.

    Args:
        parameters: Of ImportImage.
        problems: Takes what is found.
        recommended: Whether the inspection chose the method, for a request that left it open. Default: the
            request names it.
    """
    chosen = ', which the inspection recommends for "auto"' if recommended else ""
    lacking = [name for name in _SNAPSHOT_METHOD_LACKS if name in parameters]
    if parameters.get("LicenseType") == "AWS":
        lacking.append("LicenseType")
    for name in lacking:
        problems.add(
            Code.INVALID_COMBINATION,
            name,
            f'{name} does not go with Vmie.Method "snapshot"{chosen}: RegisterImage gives an image no '
            'licence of AWS and no other hypervisor. Leave it out, or use Vmie.Method "image".',
        )
