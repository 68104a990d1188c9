"""What a check asks about a guest: the inspection's facts, and the request's word where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class GuestSystem:
    """A guest's operating system as far as it is known.

    Attributes:
        platform: `Linux` or `Windows`; None where neither inspection nor request say.
        name: The distribution or the Windows product, such as `Windows Server 2022`.
        client: Whether it is a Windows client, such as Windows 11; None where that cannot be told.
        inspected: Whether the inspection told, or only the request.
    """

    platform: str | None = None
    name: str | None = None
    client: bool | None = None
    inspected: bool = False

    @classmethod
    def known(cls, parameters: Mapping[str, Any], guest: Mapping[str, Any] | None) -> Self:
        """Put together what is known.

        Args:
            parameters: Of the import; `Platform` is what counts.
            guest: The `Guest` of the inspection; None where there is none.
        """
        facts = guest or {}
        family = {"linux": "Linux", "windows": "Windows"}.get(str(facts.get("Family")))
        client = facts.get("Client")
        return cls(
            platform=family or _platform(parameters.get("Platform")),
            name=facts.get("Name"),
            client=client if isinstance(client, bool) else None,
            inspected=family is not None,
        )

    @property
    def words(self) -> str:
        """What it is, for a sentence."""
        return self.name or self.platform or "a guest of unknown system"


def _platform(named: Any) -> str | None:
    return {"linux": "Linux", "windows": "Windows"}.get(str(named).lower())
