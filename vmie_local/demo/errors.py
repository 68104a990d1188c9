"""What can stop the demo, in words a user can act on."""

from __future__ import annotations


class DemoError(RuntimeError):
    """The demo cannot go on.

    Attributes:
        message: What happened and why.
        remedy: What to do.
    """

    def __init__(self, message: str, remedy: str) -> None:
        """Keep both sentences."""
        super().__init__(f"{message} {remedy}")
        self.message, self.remedy = message, remedy
