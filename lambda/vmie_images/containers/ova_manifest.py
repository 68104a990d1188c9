"""The manifest of an OVA: a digest per file, in SHA-1, SHA-256 or SHA-512."""

from __future__ import annotations

import hashlib
import re

_LINE = re.compile(r"^(SHA1|SHA256|SHA384|SHA512)\s*\((.{1,1024}?)\)\s*=\s*([0-9a-fA-F]+)\s*$", re.MULTILINE)


def parse_manifest(data: bytes) -> dict[str, tuple[str, str]]:
    """Algorithm (as ``hashlib`` names it) and digest in lower case, by file name."""
    words = data.decode("utf-8", "replace")
    return {name: (algorithm.lower(), digest.lower()) for algorithm, name, digest in _LINE.findall(words)}


def matches(entry: tuple[str, str], content: bytes) -> bool:
    """Whether the content has the manifest's digest."""
    algorithm, digest = entry
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest() == digest
