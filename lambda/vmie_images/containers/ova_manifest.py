"""The manifest of an OVA: a digest per file, in SHA-1, SHA-256 or SHA-512."""

from __future__ import annotations

import hashlib
import re

from vmie_images.containers.tar import TarMember
from vmie_images.ranges import RangeSource

_PIECE = 1 << 20
_MAX_LINE = 2048
_LINE = re.compile(r"(SHA1|SHA256|SHA384|SHA512)[ \t]*\((.{1,1024})\)[ \t]*=[ \t]*([0-9a-fA-F]{1,128})[ \t]*")


def parse_manifest(data: bytes) -> dict[str, tuple[str, str]]:
    """Algorithm (as ``hashlib`` names it) and digest in lower case, by file name."""
    digests = {}
    for line in data.decode("utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line) if len(line) <= _MAX_LINE else None
        if match:
            algorithm, name, digest = match.groups()
            digests[name] = (algorithm.lower(), digest.lower())
    return digests


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
