"""The ids of tasks."""

from __future__ import annotations

import re
import secrets

IMPORT_IMAGE, IMPORT_SNAPSHOT = "import-ami", "import-snap"
EXPORT_IMAGE, EXPORT_INSTANCE = "export-ami", "export-i"


def new_id(prefix: str) -> str:
    """An id as EC2 gives it since 2025: 16 hex digits and a `t`."""
    return f"{prefix}-{secrets.token_hex(8)}t"


def new_export_id(prefix: str) -> str:
    """An id as EC2 gives it to exports: 17 hex digits, as in the AWS CLI's examples."""
    return f"{prefix}-{secrets.token_hex(9)[:17]}"


def example_export_id(prefix: str) -> str:
    """An id of an export that is not accepted yet, to ask about permissions on its object."""
    return f"{prefix}-{'0' * 17}"


def is_id(prefix: str, text: str) -> bool:
    """Whether a text has the form of a task's id, of today or of former years."""
    return re.fullmatch(rf"{prefix}-(?:[0-9a-f]{{17}}|[0-9a-f]{{16}}t|[0-9a-z]{{8}})", text) is not None
