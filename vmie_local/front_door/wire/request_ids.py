"""Request ids."""

from __future__ import annotations

import uuid


def request_id() -> str:
    """A new request id."""
    return str(uuid.uuid4())
