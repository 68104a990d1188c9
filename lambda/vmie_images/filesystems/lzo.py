"""LZO1X decompression, which the standard library lacks.

Source: the Linux kernel's "LZO stream format as understood by Linux's LZO decompressor"
(Documentation/staging/lzo.rst).
"""

from __future__ import annotations

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError

_END_DISTANCE = 16384


def decompress_lzo1x(data: bytes, limit: int) -> bytes:
    """Decompress one LZO1X stream.

    Args:
        data: The stream.
        limit: Bytes that it may decompress to.

    Raises:
        CorruptImageError: The stream is damaged or longer than allowed.
    """
    try:
        return _Decoder(data, limit).run()
    except IndexError:
        raise CorruptImageError("an LZO stream ends too soon") from None


class _Decoder:
    def __init__(self, data: bytes, limit: int) -> None:
        self._data = data
        self._limit = limit
        self._at = 0
        self._out = bytearray()

    def run(self) -> bytes:
        # The state is how many literals the last instruction carried; 4 stands for a long run of them.
        state = 0
        if self._data[0] > 17:
            count = self._data[0] - 17
            self._at = 1
            self._literals(count)
            state = min(count, 4)
        while True:
            work()
            instruction = self._byte()
            if instruction < 16 and state == 0:
                self._literals(self._length(instruction, 15) + 3)
                state = 4
                continue
            length, distance, state = self._match(instruction, state)
            if distance == _END_DISTANCE and instruction & 0xF0 == 0x10:
                return bytes(self._out)
            self._copy(length, distance)
            self._literals(state)

    def _match(self, instruction: int, state: int) -> tuple[int, int, int]:
        """Length and distance of a match, and how many literals follow it."""
        if instruction >= 64:
            distance = (instruction >> 2 & 7) + (self._byte() << 3) + 1
            return (instruction >> 5) + 1, distance, instruction & 3
        if instruction >= 32:
            length = self._length(instruction & 31, 31) + 2
            tail = self._byte() | self._byte() << 8
            return length, (tail >> 2) + 1, tail & 3
        if instruction >= 16:
            length = self._length(instruction & 7, 7) + 2
            tail = self._byte() | self._byte() << 8
            return length, _END_DISTANCE + ((instruction & 8) << 11) + (tail >> 2), tail & 3
        distance = (instruction >> 2) + (self._byte() << 2) + 1
        return (2, distance, instruction & 3) if state < 4 else (3, distance + 2048, instruction & 3)

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _length(self, value: int, base: int) -> int:
        if value:
            return value
        while (byte := self._byte()) == 0:
            base += 255
            if base > self._limit + 255:
                raise CorruptImageError("an LZO stream with an endless length")
        return base + byte

    def _literals(self, count: int) -> None:
        end = self._at + count
        if end > len(self._data):
            raise CorruptImageError("an LZO stream ends too soon")
        self._out += self._data[self._at : end]
        self._at = end
        self._check()

    def _copy(self, length: int, distance: int) -> None:
        if distance > len(self._out):
            raise CorruptImageError("an LZO stream refers to bytes before its start")
        # A match may overlap itself: what it copies repeats then.
        start = len(self._out) - distance
        piece = bytes(self._out[start : start + length])
        self._out += (piece * (-(-length // distance)))[:length]
        self._check()

    def _check(self) -> None:
        if len(self._out) > self._limit:
            raise CorruptImageError(f"an LZO stream decompresses to more than {self._limit} bytes")
