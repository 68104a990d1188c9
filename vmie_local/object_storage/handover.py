"""Files that a service of this process puts into S3 without sending their bytes over HTTP.

A disk has gigabytes, most of them zeros. The service's PutObject and UploadPart are real requests, checked
and recorded like everybody's; only the body stays where it is, and the request names it by a token.
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from vmie_local.object_storage.body import BodyStore, ObjectBody

HEADER = "x-vmie-local-body"
"""The header that names a body. A token is a secret of this process and good for one request."""


class Handover:
    """Bodies that wait for the request that stores them."""

    def __init__(self, store: BodyStore) -> None:
        self._store = store
        self._waiting: dict[str, ObjectBody] = {}
        self._lock = threading.Lock()

    def adopt(self, path: Path) -> ObjectBody:
        """Move a file among the bodies; it goes when nobody refers to it any more."""
        return self._store.adopt(path)

    def offer(self, body: ObjectBody) -> str:
        """A token for a body, or for a part of one."""
        token = secrets.token_hex(16)
        with self._lock:
            self._waiting[token] = body
        return token

    def withdraw(self, token: str) -> None:
        """Forget a body that nobody took."""
        self.take(token)

    def take(self, token: str) -> ObjectBody | None:
        """The body of a token, once."""
        with self._lock:
            return self._waiting.pop(token, None)
