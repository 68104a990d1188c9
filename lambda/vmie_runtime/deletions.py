"""Deletions: what stops a request whose object somebody deleted."""

from __future__ import annotations

from vmie_runtime import object_keys
from vmie_runtime.request import Source


def deletion_stop(source: Source) -> dict[str, str]:
    """Why the requests of a deleted object end, as `Code` and `Message`."""
    if object_keys.is_request_file(source.key):
        return {"Code": "RequestDeleted", "Message": f"The request file {source.key!r} was deleted."}
    return {"Code": "SourceDeleted", "Message": f"{source.key!r} was deleted before its import ended."}
