"""Advice: what a person should know, and nothing is refused for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A remark on a request that is not rejected.

    Attributes:
        code: Stable, PascalCase.
        message: What was found and why it matters, in sentences.
        remedy: What to do.
    """

    code: str
    message: str
    remedy: str

    def to_document(self) -> dict[str, str]:
        """As a state or the requests table carries it."""
        return {"Code": self.code, "Message": self.message, "Remedy": self.remedy}
