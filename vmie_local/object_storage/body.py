"""Immutable bodies on disk, shared by copies and cut without being read."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, SupportsIndex

_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)


class _File:
    """A file that lives as long as somebody refers to it."""

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size = path, size
        weakref.finalize(self, path.unlink, missing_ok=True)


@dataclass(frozen=True)
class _Extent:
    """A stretch of a file."""

    file: _File
    offset: int
    size: int


class ObjectBody(bytes):
    """The body of an object, where bytes are expected, without its bytes in memory.

    It has the length of its content and slices into other bodies; `read` and `chunks` give the content
    itself. What looks at the memory below (`bytearray.extend`, `hashlib`) sees nothing: such places in moto
    have to be taught about it.
    """

    _extents: tuple[_Extent, ...]

    def __new__(cls, extents: Iterable[_Extent] = (), md5: str | None = None) -> ObjectBody:
        """A body of stretches of files, in order.

        Args:
            extents: The stretches.
            md5: The hex MD5 of the whole, if it is known already.
        """
        body = super().__new__(cls)
        body._extents = tuple(extent for extent in extents if extent.size)
        if md5 is not None:
            body.__dict__["md5"] = md5
        return body

    @staticmethod
    def joined(bodies: Iterable[ObjectBody]) -> ObjectBody:
        """Bodies one after the other; nothing is copied."""
        return ObjectBody(extent for body in bodies for extent in body._extents)

    @cached_property
    def md5(self) -> str:
        """The hex MD5 of the content."""
        if all(_is_hole(extent) for extent in self._extents):
            return _md5_of_zeros(len(self))
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def read(self) -> bytes:
        """The content, in memory."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The content, a mebibyte at a time at most."""
        for extent in self._extents:
            left = extent.size
            with extent.file.path.open("rb") as file:
                file.seek(extent.offset)
                while left:
                    chunk = file.read(min(left, _CHUNK))
                    if not chunk:
                        raise OSError(f"{extent.file.path} is shorter than it was when it was written")
                    left -= len(chunk)
                    yield chunk

    def __len__(self) -> int:
        return sum(extent.size for extent in self._extents)

    def __bool__(self) -> bool:
        # Also for an empty body: moto writes `body or b""` and would lose it.
        return True

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        if not isinstance(key, slice):
            raise TypeError("An object's body gives slices, not single bytes")
        start, stop, step = key.indices(len(self))
        if step != 1:
            raise ValueError("An object's body can be cut, not stepped through")
        return ObjectBody(self._cut(start, stop))

    def _cut(self, start: int, stop: int) -> Iterator[_Extent]:
        position = 0
        for extent in self._extents:
            first, last = max(start, position), min(stop, position + extent.size)
            if first < last:
                yield _Extent(extent.file, extent.offset + first - position, last - first)
            position += extent.size

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ObjectBody):
            return self._extents == other._extents or (len(self) == len(other) and self.md5 == other.md5)
        return isinstance(other, bytes) and self.read() == other

    def __hash__(self) -> int:
        return hash(self.md5)


class BodyStore:
    """Writes bodies into a folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made if need be."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, chunks: Iterable[bytes]) -> ObjectBody:
        """Write chunks to disk.

        Raises:
            Exception: Whatever the chunks raise; nothing is left on disk then.
        """
        path = self._folder / uuid.uuid4().hex
        digest, size = hashlib.md5(usedforsecurity=False), 0
        try:
            with path.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return ObjectBody([_Extent(_File(path, size), 0, size)], digest.hexdigest())

    def adopt(self, file: Path) -> ObjectBody:
        """Move a file here instead of writing its content again; what is a hole in it stays one."""
        path = self._folder / uuid.uuid4().hex
        shutil.move(file, path)
        size = path.stat().st_size
        return ObjectBody([_Extent(_File(path, size), 0, size)])


def _is_hole(extent: _Extent) -> bool:
    """Whether a stretch is known to be zeros that take no space; False where the filesystem cannot tell."""
    with extent.file.path.open("rb") as file:
        try:
            return os.lseek(file.fileno(), extent.offset, os.SEEK_DATA) >= extent.offset + extent.size
        except OSError as error:
            return error.errno == errno.ENXIO  # only a hole is left


@lru_cache(maxsize=64)
def _md5_of_zeros(size: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for _ in range(size // _CHUNK):
        digest.update(_ZEROS)
    digest.update(_ZEROS[: size % _CHUNK])
    return digest.hexdigest()
