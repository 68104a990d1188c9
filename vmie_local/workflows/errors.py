"""Errors of states, and which names in `ErrorEquals` catch them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Iterable

ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT = "States.DataLimitExceeded"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
NO_CHOICE = "States.NoChoiceMatched"
QUERY_EVALUATION = "States.QueryEvaluationError"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

# Not even States.ALL catches these.
_TERMINAL = {DATA_LIMIT, RUNTIME}
_TIMEOUTS = {TIMEOUT, HEARTBEAT_TIMEOUT}


class StateError(Exception):
    """A state failed.

    Attributes:
        error: The name that `ErrorEquals` is compared with.
        cause: What happened, as text.
    """

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause

    def output(self) -> dict[str, str]:
        """What `$states.errorOutput` holds."""
        return {"Error": self.error or "", "Cause": self.cause or ""}


class Halted(BaseException):
    """The execution, or the branch, is over: nothing it still does may be seen."""


def matches(error: str | None, names: Iterable[str]) -> bool:
    """Whether a retrier or a catcher with these `ErrorEquals` takes an error."""
    for name in names:
        if name == error:
            return True
        if name == ALL and error not in _TERMINAL:
            return True
        if name == TASK_FAILED and error not in _TIMEOUTS | _TERMINAL:
            return True
        if name == TIMEOUT and error == HEARTBEAT_TIMEOUT:
            return True
    return False
