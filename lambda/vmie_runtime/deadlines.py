"""The moment by which a request must have ended."""

from __future__ import annotations

from vmie_runtime.errors import RequestFailure
from vmie_runtime.moments import in_words
from vmie_runtime.request import Request


def require_time_left(request: Request, now: str) -> None:
    """End a request whose deadline has passed: nothing more is started for it, and nothing waited for.

    Args:
        request: The request.
        now: The moment that counts.

    Raises:
        RequestFailure: `DeadlineExceeded`.
    """
    if request.deadline_at is not None and now >= request.deadline_at:
        raise RequestFailure(
            "DeadlineExceeded",
            f"The request had not ended by its deadline, {request.deadline_at}.",
            status="TimedOut",
            deadline=in_words(request.deadline_at),
        )
