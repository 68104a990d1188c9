"""The ids of snapshots."""

from __future__ import annotations

import secrets


def new_snapshot_id() -> str:
    """`snap-` and 17 hex digits."""
    return f"snap-{secrets.token_hex(9)[:17]}"
