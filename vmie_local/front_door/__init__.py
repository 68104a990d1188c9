"""The public endpoint: every call is parsed, recorded, checked and then answered here or by moto."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class FrontDoor:
    """WSGI middleware around moto's application."""

    def __init__(self, cloud: LocalAws, behind: WsgiApp) -> None:
        self._cloud, self._behind = cloud, behind

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        return self._behind(environ, start_response)
