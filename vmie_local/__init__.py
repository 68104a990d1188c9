"""AWS on one machine: moto, plus what moto lacks."""

from vmie_local.server import LocalAws
from vmie_local.settings import Settings

__all__ = ["LocalAws", "Settings"]
