"""Checksums that a client sends along with an upload."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping

from vmie_local.object_storage.body import ObjectBody


def wrong_digest(body: ObjectBody, headers: Mapping[str, str]) -> str | None:
    """The name of the first checksum header that does not fit the body.

    CRC32C and CRC64NVME are stored and not verified: the standard library has neither.

    Args:
        body: The body received.
        headers: The request's headers and trailers, with lower-case names.
    """
    if (given := headers.get("content-md5")) and given != _base64(bytes.fromhex(body.md5)):
        return "Content-MD5"
    for name, compute in _CHECKSUMS.items():
        header = f"x-amz-checksum-{name.lower()}"
        if (given := headers.get(header)) and given != _base64(compute(body.chunks())):
            return header
    return None


def checksum(algorithm: str, chunks: Iterable[bytes]) -> bytes | None:
    """A checksum as S3 computes it, or None if the algorithm is not available."""
    compute = _CHECKSUMS.get(algorithm.upper())
    return compute(chunks) if compute else None


def composite(algorithm: str, bodies: Iterable[ObjectBody]) -> str | None:
    """The checksum of the parts' checksums, as S3 gives it to a multipart upload."""
    sums = [checksum(algorithm, body.chunks()) for body in bodies]
    whole = checksum(algorithm, (one for one in sums if one is not None))
    return None if whole is None or None in sums else _base64(whole)


def _crc32(chunks: Iterable[bytes]) -> bytes:
    value = 0
    for chunk in chunks:
        value = zlib.crc32(chunk, value)
    return value.to_bytes(4, "big")


def _hashed(name: str) -> Callable[[Iterable[bytes]], bytes]:
    def compute(chunks: Iterable[bytes]) -> bytes:
        digest = hashlib.new(name, usedforsecurity=False)
        for chunk in chunks:
            digest.update(chunk)
        return digest.digest()

    return compute


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_CHECKSUMS: Mapping[str, Callable[[Iterable[bytes]], bytes]] = {
    "CRC32": _crc32,
    "SHA1": _hashed("sha1"),
    "SHA256": _hashed("sha256"),
}
