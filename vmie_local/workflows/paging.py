"""Pages of lists."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from vmie_local.front_door import ApiCall, ApiError


def page(call: ApiCall, name: str, items: list[Any], most: int) -> dict[str, Any]:
    """The part of a list that a call asks for.

    Args:
        call: Its `nextToken` says where to go on, its `maxResults` how many are wanted (0: the default).
        name: The output member that holds the items.
        items: The whole list. What is put in front of it between two calls may show twice.
        most: The default, and the most that one page holds.
    """
    size = min(call.parameters.get("maxResults") or most, most)
    start = 0
    if token := call.parameters.get("nextToken"):
        try:
            start = len(items) - int(base64.urlsafe_b64decode(token))
        except (ValueError, binascii.Error) as error:
            raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'") from error
    found = {name: items[start : start + size]}
    left = len(items) - start - size
    if left > 0:
        # Counted from the end, so that new items in front do not shift the next page.
        found["nextToken"] = base64.urlsafe_b64encode(str(left).encode()).decode()  # type: ignore[assignment]
    return found
