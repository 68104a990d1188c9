"""Architectures that VM Import/Export no longer takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmie_runtime.errors import RequestRejected

# VM Import/Export User Guide, 2026, "Requirements for resources that you import".
I386_ENDED = "2026-04-01"


def require_architecture(parameters: Mapping[str, Any], *, now: str) -> None:
    """Refuse a request that says `i386`; what the inspection finds on the disk is a finding of its own.

    Args:
        parameters: Of ImportImage, or of ImportInstance, which has it in its launch specification.
        now: The moment, ISO 8601 in UTC.

    Raises:
        RequestRejected: `ThirtyTwoBitEnded`.
    """
    launch = parameters.get("LaunchSpecification") or {}
    if "i386" in (parameters.get("Architecture"), launch.get("Architecture")) and now[:10] >= I386_ENDED:
        raise RequestRejected(
            "ThirtyTwoBitEnded",
            f"Architecture is i386; VM Import/Export takes no 32-bit system since {I386_ENDED}.",
        )
