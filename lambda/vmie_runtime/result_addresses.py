"""Where a request's results lie in the bucket it came through."""

from __future__ import annotations

import hashlib

_LONGEST_KEY = 1024  # bytes of UTF-8, Amazon S3 User Guide, "Naming Amazon S3 objects"


def by_id(request_id: str) -> str:
    """The permanent address of a request's result."""
    return f"results/by-id/{request_id}.json"


def by_source_key(source_key: str, ordinal: int | None = None) -> str:
    """The address that follows the newest event of a key.

    A key too long for `results/<key>.json` is named by its SHA-256.

    Args:
        source_key: The key.
        ordinal: The number of a fleet's entry. Default: the address of the whole.
    """
    ending = ".json" if ordinal is None else f"/{ordinal}.json"
    address = f"results/{source_key}{ending}"
    if len(address.encode()) <= _LONGEST_KEY:
        return address
    return f"results/sha256/{hashlib.sha256(source_key.encode()).hexdigest()}{ending}"
