"""Software that AWS provides, or sells for others, leaves AWS with no machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vmie_runtime.checks.advice import Advice
from vmie_runtime.errors import RequestRejected

# Amazon EC2 User Guide, "AMI billing information fields": what AWS bills nothing for but the instance. Every
# other operation stands for Windows, SQL Server, Red Hat, SUSE or Ubuntu Pro with a licence of AWS's.
_NOTHING_PROVIDED = ("RunInstances", "RunInstances:0800")


def require_no_provided_software(machine: str, described: Mapping[str, Any]) -> None:
    """Refuse what carries software of the Marketplace or of AWS's licences.

    Args:
        machine: The AMI or instance, as a message calls it.
        described: It, as EC2 describes it.

    Raises:
        RequestRejected: `ProvidedSoftwareNotExportable`.
    """
    products = [
        code["ProductCodeId"] for code in described.get("ProductCodes", []) if "ProductCodeId" in code
    ]
    if products:
        found = f"has the product code {', '.join(products)} of AWS Marketplace"
    elif described.get("UsageOperation", _NOTHING_PROVIDED[0]) not in _NOTHING_PROVIDED:
        platform = described.get("PlatformDetails") or "software of AWS's"
        found = f"is billed for {platform} ({described['UsageOperation']})"
    else:
        return
    raise RequestRejected("ProvidedSoftwareNotExportable", f"{machine} {found}.", software=found)


def advise_on_windows(machine: str, described: Mapping[str, Any]) -> Iterator[Advice]:
    """Say of Windows that nothing tells is licensed by AWS what EC2 may still say."""
    if str(described.get("Platform", "")).lower() == "windows":
        yield Advice(
            code="WindowsMayNotBeExportable",
            message=f"{machine} is Windows. VM Import/Export exports no Windows that AWS provides; with your "
            "own licence, as this one is as far as EC2 tells, it decides when the task starts.",
            remedy="Nothing, if the task completes. Otherwise take the disk out from within the guest.",
        )
