"""CloudFormation: resource types as a table of API operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmie_local.server import LocalAws


class CloudFormation:
    """A part of the local AWS: made before the endpoint listens, started after it, stopped before it closes."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud

    def start(self) -> None:
        """Begin what runs in the background."""

    def stop(self) -> None:
        """End what runs in the background."""
