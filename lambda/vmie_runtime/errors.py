"""What a step may raise. The class name is what the state machine's `ErrorEquals` names."""

from __future__ import annotations

import json
from typing import Any


class TransientServiceError(Exception):
    """AWS throttled the call, answered 5xx or not at all: the same call may succeed later."""


class CallUnanswered(TransientServiceError):
    """A call without a token may have been made: it is repeated once EC2 would show what it started."""


class TaskQuotaExceeded(Exception):
    """EC2 runs as many conversion tasks as it allows; somebody else's count too."""


class TaskStillEnding(Exception):
    """A cancelled task has not ended yet."""


class RequestFailure(Exception):
    """A definite end of a request, with what its owner should read.

    The message is JSON, because it travels through the state machine as the error's cause.
    """

    def __init__(self, code: str, message: str, *, status: str = "Failed", **facts: Any) -> None:
        """Keep the failure.

        Args:
            code: The result's `Error.Code`.
            message: What happened, in a sentence.
            status: The request's terminal status.
            **facts: What the diagnosis needs beside: `AwsCode` and `Operation` of a call that AWS refused,
                `StatusMessage` of a task, the `Finding` of an inspection, whether it is `Retryable` where
                its code does not decide; in lower case, what fills a cause.
        """
        self.code, self.status, self.facts = code, status, facts
        self.text = message
        super().__init__(json.dumps({"Code": code, "Message": message, "Status": status, **facts}))


class RequestRejected(RequestFailure):
    """The request asks for what cannot be done; nothing was started."""

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(code, message, status="Rejected", **facts)


class ServiceRoleRejected(RequestFailure):
    """EC2 refused the service role; it may only not have seen it yet."""


class TagNotSeenYet(RequestFailure):
    """EC2 refused what our own tag allows; it may only not have seen the tag yet."""


class TaskFailed(RequestFailure):
    """A task ended without what it was for."""
