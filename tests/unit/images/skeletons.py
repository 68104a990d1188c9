"""Disks of the corpus, of which only what an inspection reads is kept (``scripts/corpus/skeletons.py``)."""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from vmie_images import ImageFile

_FILE = Path(__file__).parents[2] / "data" / "skeletons.xz"


class SparseSource:
    """Pieces of a file where they were; zeros elsewhere, which only a read that goes on ahead may see."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self.size = size
        self._pieces = sorted(pieces.items())

    def read(self, offset: int, length: int) -> bytes:
        length = max(0, min(length, self.size - offset))
        data = bytearray(length)
        for start, piece in self._pieces:
            first, last = max(start, offset), min(start + len(piece), offset + length)
            if first < last:
                data[first - offset : last - offset] = piece[first - start : last - start]
        return bytes(data)


@dataclass(frozen=True)
class Skeleton:
    """A machine of the corpus: its files, and what an inspection said of the whole ones."""

    name: str
    files: tuple[ImageFile, ...]
    guest: dict[str, Any]
    findings: list[str]


@cache
def skeletons() -> dict[str, Skeleton]:
    """Every skeleton by its name."""
    data, found = lzma.decompress(_FILE.read_bytes()), {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        head, at = json.loads(data[at:end]), end + 1
        files = []
        for file in head["Files"]:
            pieces = {}
            for offset, length in file["Pieces"]:
                pieces[offset], at = data[at : at + length], at + length
            files.append(ImageFile(SparseSource(file["Size"], pieces), file["Name"]))
        found[head["Name"]] = Skeleton(head["Name"], tuple(files), head["Guest"], head["Findings"])
    return found
