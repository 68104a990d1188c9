"""Block tokens and page tokens: opaque to the caller, checked by us."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from vmie_local.blocks import direct_errors

BLOCK_TOKEN_SECONDS = 7 * 86400.0
"""How long a block token is good for, in seconds of AWS time. Ours: ExpiryTime is what counts."""

_MAC_BYTES = 16


class Tokens:
    """Tokens signed with a key of this process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of_block(self, snapshot_id: str, index: int, expires_at: float) -> str:
        """What a caller shows to read a block."""
        return self._sign(f"block {snapshot_id} {index} {int(expires_at)}")

    def check_block(self, token: str, snapshot_id: str, index: int, now: float) -> None:
        """Refuse a token that is not for this block, or no longer.

        Raises:
            ApiError: `ValidationException` with the reason `INVALID_BLOCK_TOKEN`.
        """
        words = self._read(token)
        if words[:3] != ["block", snapshot_id, str(index)] or now >= float(words[3]):
            raise direct_errors.invalid(
                "INVALID_BLOCK_TOKEN",
                "The block token is not of this block or has expired. List the blocks again.",
            )

    def of_page(self, start: int) -> str:
        """What a caller shows to go on with a list."""
        return self._sign(f"page {start}")

    def page_start(self, token: str) -> int:
        """The block index a page begins with.

        Raises:
            ApiError: `ValidationException` with the reason `INVALID_PAGE_TOKEN`.
        """
        words = self._read(token)
        if words[:1] != ["page"]:
            raise direct_errors.invalid("INVALID_PAGE_TOKEN", "The page token is not one of this service.")
        return int(words[1])

    def _sign(self, text: str) -> str:
        mac = hmac.digest(self._key, text.encode(), hashlib.sha256)[:_MAC_BYTES]
        return base64.b64encode(mac + text.encode()).decode()

    def _read(self, token: str) -> list[str]:
        try:
            data = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            return []
        mac, text = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, hmac.digest(self._key, text, hashlib.sha256)[:_MAC_BYTES]):
            return []
        return text.decode().split(" ")
