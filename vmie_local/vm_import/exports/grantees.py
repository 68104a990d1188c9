"""The accounts that exported instances are written with: one canonical user per Region.

Source: VM Import/Export User Guide, "Exporting an instance as a VM", prerequisites; for the Regions of China
and GovCloud their own guides. A Region that AWS opens later has an id of its own, so none stands for another.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources


@cache
def grantees() -> dict[str, str]:
    """Regions and the canonical user ids of their export service."""
    table: dict[str, str] = json.loads(
        resources.files(__package__).joinpath("export_grantees.json").read_text()
    )
    return table
