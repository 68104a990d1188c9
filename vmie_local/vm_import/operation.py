"""One API operation, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vmie_local.place import Place

Operation = Callable[[Place, Mapping[str, Any]], dict[str, Any]]
"""Takes botocore's input members and gives its output members, or raises `ApiError`."""
