"""Which method and which parameters an image should be imported with."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_images.containers.container import Container
from vmie_images.findings import Verdict
from vmie_images.guest.guest import Guest

_METHODS = ("image", "snapshot", "direct")


@dataclass(frozen=True)
class Recommendation:
    """A method, and parameters in EC2's own words; ``None`` where there is nothing to recommend.

    Attributes:
        method: ``image``, ``snapshot`` or ``direct``; ``None`` where every method is rejected.
        format: The container's ``Format``.
        platform: ``Linux`` or ``Windows``.
        boot_mode: ``legacy-bios`` or ``uefi``.
        license_type: ``AWS`` or ``BYOL``.
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
    known = container.format if container.format in ("OVA", "VMDK", "VHD", "VHDX", "RAW") else None
    if guest is None or guest.family is None:
        return Recommendation(method, known)
    return Recommendation(
        method=method,
        format=known,
        platform="Windows" if guest.family == "windows" else "Linux",
        boot_mode=guest.boot_modes[0] if guest.boot_modes else None,
        license_type=_license(guest),
        architecture=guest.architecture,
    )


def _license(guest: Guest) -> str:
    """Windows Server may be licensed by AWS; clients and Linux bring their own."""
    return "AWS" if guest.family == "windows" and not guest.facts.get("Client") else "BYOL"
