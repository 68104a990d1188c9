"""The ids of conversion tasks and of what they make."""

from __future__ import annotations

import secrets
import string

IMPORT_INSTANCE, IMPORT_VOLUME = "import-i", "import-vol"


def new_task_id(prefix: str) -> str:
    """An id as public logs show it up to 2018, such as `import-vol-fg695yoi`; no later one is published."""
    return f"{prefix}-f" + "".join(secrets.choice(string.digits + string.ascii_lowercase) for _ in range(7))


def new_volume_id() -> str:
    """A volume's id."""
    return f"vol-0{secrets.token_hex(8)}"
