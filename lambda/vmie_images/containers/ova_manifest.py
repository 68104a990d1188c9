"""The manifest of an OVA: a digest per file, in SHA-1, SHA-256 or SHA-512."""

from __future__ import annotations

import hashlib
import re

from vmie_images.containers.tar import TarMember
from vmie_images.ranges import RangeSource

_PIECE = 1 << 20
_LINE = re.compile(r"^(SHA1|SHA256|SHA384|SHA512)\s*\((.{1,1024}?)\)\s*=\s*([0-9a-fA-F]+)\s*$", re.MULTILINE)


def parse_manifest(data: bytes) -> dict[str, tuple[str, str]]:
    """Algorithm (as ``hashlib`` names it) and digest in lower case, by file name."""
    words = data.decode("utf-8", "replace")
    return {name: (algorithm.lower(), digest.lower()) for algorithm, name, digest in _LINE.findall(words)}


def digest_of(algorithm: str, source: RangeSource, member: TarMember) -> str:
    """The digest of a member's bytes, in hexadecimal.

    Args:
        algorithm: As ``hashlib`` names it.
        source: The archive.
        member: The member; of one that is cut, what there is counts.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for offset in range(member.start, min(member.end, source.size), _PIECE):
        digest.update(source.read(offset, min(_PIECE, member.end - offset)))
    return digest.hexdigest()
