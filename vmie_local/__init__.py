"""AWS on one machine: moto, plus what moto lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_local.settings import Settings

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

__all__ = ["LocalAws", "Settings"]


def __getattr__(name: str) -> Any:
    # Loading moto takes seconds, which commands spend only once their arguments are right.
    if name == "LocalAws":
        from vmie_local.server import LocalAws

        return LocalAws
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
