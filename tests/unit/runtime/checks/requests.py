"""Valid requests as the checks take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BUCKET, REGION, ACCOUNT, ROLE = "import-bucket", "eu-west-1", "111122223333", "vmie-service-role"


@dataclass(frozen=True, kw_only=True)
class Document:
    operation: str = "ImportImage"
    parameters: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    role_name: str | None = None


def image(**container: Any) -> Document:
    """An ImportImage of one disk."""
    return Document(parameters={"DiskContainers": [container]})
