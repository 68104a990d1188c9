"""The checksum that S3 keeps of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ALGORITHMS = (
    "SHA512",
    "SHA256",
    "SHA1",
    "CRC64NVME",
    "CRC32C",
    "CRC32",
    "XXHASH128",
    "XXHASH64",
    "XXHASH3",
    "MD5",
)


def checksum_of(head: Mapping[str, Any]) -> str | None:
    """The checksum in an answer of HeadObject that was asked for with ``ChecksumMode=ENABLED``.

    Returns:
        ``ALGORITHM:value``, the value in base64 as S3 gives it, with ``:COMPOSITE`` behind it where it is
        made of the parts' checksums and not of the whole object's bytes; ``None`` where S3 keeps none.
    """
    for algorithm in _ALGORITHMS:
        value = head.get(f"Checksum{algorithm}")
        if value:
            composite = head.get("ChecksumType") == "COMPOSITE"
            return f"{algorithm}:{value}:COMPOSITE" if composite else f"{algorithm}:{value}"
    return None
