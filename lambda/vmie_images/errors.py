"""What can go wrong while an image is read, apart from the source itself failing (an ``OSError``, a
client's error)."""

from __future__ import annotations


class ImageError(Exception):
    """Base of what these readers raise about an image."""


class CorruptImageError(ImageError):
    """The bytes contradict the format they claim to be.

    Attributes:
        found: What was found, as a clause a person can read.
        code: The finding it becomes; ``None`` where the reader of the surrounding format decides.
    """

    def __init__(self, found: str, code: str | None = None) -> None:
        super().__init__(found)
        self.found = found
        self.code = code


class UnreadableLayoutError(ImageError):
    """A valid layout that these readers do not read. It is a doubt about our knowledge, never about the
    image."""


class BudgetExceededError(Exception):
    """The inspection spent what it was given; what was learnt so far stands.

    It is no ``ImageError``: it says nothing about the image, and nobody on the way up may take it for that.
    """
