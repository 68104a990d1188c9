"""One partition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Partition:
    """A partition of a disk.

    Attributes:
        number: As Linux counts: 1-4 primary and from 5 logical in an MBR, the entry's place in a GPT.
        type: The type by name where it is well known, else its hexadecimal code or GUID.
        start: First byte.
        size: Bytes.
        active: Whether the MBR marks it as the one to boot.
        name: Its GPT name.
        uuid: Its identifier as ``PARTUUID=`` takes it.
    """

    number: int
    type: str
    start: int
    size: int
    active: bool = False
    name: str | None = None
    uuid: str | None = None

    @property
    def end(self) -> int:
        """The byte after the last."""
        return self.start + self.size
