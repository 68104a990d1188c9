"""Which method and which parameters an image should be imported with."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_images.containers.container import Container
from vmie_images.findings import Verdict
from vmie_images.guest.guest import Guest

_METHODS = ("image", "snapshot")
"""The methods that can be asked for, in the order of preference. ``direct`` is judged and not offered."""
_FORMATS = ("OVA", "VMDK", "VHD", "VHDX", "RAW")


@dataclass(frozen=True)
class Recommendation:
    """A method, and parameters in EC2's own words; ``None`` where there is nothing to recommend.

    Attributes:
        method: ``image`` or ``snapshot``; ``None`` where both are rejected.
        format: The container's ``Format``; ``None`` where several files differ in it, or where it cannot be
            imported.
        platform: ``Linux`` or ``Windows``.
        boot_mode: ``legacy-bios`` or ``uefi``.
        license_type: ``AWS`` or ``BYOL`` for an image, ``None`` for a Windows that does not say which it is;
            a snapshot takes no licence.
        architecture: ``x86_64`` or ``i386``; ``arm64`` for a snapshot.
    """

    method: str | None
    format: str | None
    platform: str | None = None
    boot_mode: str | None = None
    license_type: str | None = None
    architecture: str | None = None

    def to_document(self) -> dict[str, str | None]:
        """The recommendation as it stands in an inspection's document."""
        return {
            "Method": self.method,
            "Format": self.format,
            "Platform": self.platform,
            "BootMode": self.boot_mode,
            "LicenseType": self.license_type,
            "Architecture": self.architecture,
        }


def recommend(container: Container, guest: Guest | None, verdicts: dict[str, Verdict]) -> Recommendation:
    """Choose the first method that is not rejected: ImportImage converts and checks most, so it comes first.

    A doubt does not move an image to a method that checks less: there the same doubt would show at boot.
    """
    method = next((name for name in _METHODS if verdicts[name] is not Verdict.REJECTED), None)
    known = container.format if container.format in _FORMATS else None
    if guest is None or guest.family is None:
        return Recommendation(method, known)
    return Recommendation(
        method=method,
        format=known,
        platform="Windows" if guest.family == "windows" else "Linux",
        boot_mode=_boot_mode(guest),
        license_type=_license(guest) if method != "snapshot" else None,
        architecture=guest.architecture,
    )


def _boot_mode(guest: Guest) -> str | None:
    """Legacy BIOS where both would do, as ImportImage decides; Windows 11 starts by UEFI alone."""
    if "uefi" in guest.boot_modes and guest.name == "Windows 11":
        return "uefi"
    return guest.boot_modes[0] if guest.boot_modes else None


def _license(guest: Guest) -> str | None:
    """Windows Server may be licensed by AWS; clients and Linux bring their own.

    Of a Windows that does not say which it is nobody knows, and AWS decides by what it finds.
    """
    if guest.family == "windows" and guest.name is None:
        return None
    return "AWS" if guest.family == "windows" and not guest.facts.get("Client") else "BYOL"
