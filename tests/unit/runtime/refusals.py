"""Errors that calls end with because a test wants it."""

from __future__ import annotations


class Refusals:
    """Errors that the next calls of an operation end with."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Exception]] = {}

    def add(self, operation: str, *errors: Exception) -> None:
        """Let the next calls fail, in this order."""
        self._waiting.setdefault(operation, []).extend(errors)

    def raise_next(self, operation: str) -> None:
        """Fail if it was asked for."""
        if self._waiting.get(operation):
            raise self._waiting[operation].pop(0)
