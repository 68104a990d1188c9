"""The ids of tasks."""

from __future__ import annotations

import re
import secrets

_IMPORT_IMAGE = re.compile(r"import-ami-(?:[0-9a-f]{17}|[0-9a-f]{16}t|[0-9a-z]{8})")


def new_import_image_id() -> str:
    """An id as ImportImage gives it since 2025: 16 hex digits and a `t`."""
    return f"import-ami-{secrets.token_hex(8)}t"


def is_import_image_id(text: str) -> bool:
    """Whether a text has the form of an id of ImportImage, of today or of former years."""
    return _IMPORT_IMAGE.fullmatch(text) is not None
