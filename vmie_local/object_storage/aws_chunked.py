"""`aws-chunked`: how SDKs stream uploads, with signatures between the chunks and checksums behind them.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

_CHUNK = 1 << 20
_MAX_LINE = 16 * 1024


class BrokenBodyError(ValueError):
    """The body ends early or is not `aws-chunked`."""


def decode(stream: BinaryIO, trailers: dict[str, str]) -> Iterator[bytes]:
    """The payload of an `aws-chunked` body.

    Args:
        stream: The body as it comes over the wire.
        trailers: Receives the trailing headers, with lower-case names, once the payload is through.

    Raises:
        BrokenBodyError: If the body is malformed.
    """
    while size := _size(_line(stream)):
        yield from exactly(stream, size)
        if _line(stream):
            raise BrokenBodyError("a chunk is longer than it says")
    while line := _line(stream):
        name, _, value = line.partition(":")
        trailers[name.strip().lower()] = value.strip()


def exactly(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """That many bytes of a stream, a mebibyte at a time.

    Raises:
        BrokenBodyError: If there are fewer.
    """
    while size:
        chunk = stream.read(min(size, _CHUNK))
        if not chunk:
            raise BrokenBodyError(f"the body ends {size} bytes early")
        size -= len(chunk)
        yield chunk


def _line(stream: BinaryIO) -> str:
    return stream.readline(_MAX_LINE).decode("latin-1").rstrip("\r\n")


def _size(line: str) -> int:
    try:
        return int(line.partition(";")[0], 16)
    except ValueError:
        raise BrokenBodyError(f"{line[:80]!r} is no chunk header") from None
