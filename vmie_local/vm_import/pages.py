"""Pages of a describe: `MaxResults` and `NextToken`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from vmie_local.vm_import import request_errors

T = TypeVar("T")


def page(items: Sequence[T], max_results: int | None, token: str | None) -> tuple[Sequence[T], str | None]:
    """One page and the token of the next.

    Args:
        items: Everything there is, in a stable order.
        max_results: How many at most. Default: all.
        token: Of the page before.

    Raises:
        ApiError: If the token is none of ours, or `max_results` is not positive.
    """
    start = _position(token) if token else 0
    if max_results is None:
        return items[start:], None
    if max_results < 1:
        raise request_errors.bad_value(f"Value ({max_results}) for parameter maxResults is invalid.")
    following = start + max_results
    return items[start:following], _token(following) if following < len(items) else None


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"from:{position}".encode()).decode()


def _position(token: str) -> int:
    try:
        prefix, _, position = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if prefix == "from":
            return int(position)
    except (binascii.Error, ValueError):
        pass
    raise request_errors.bad_page_token()
