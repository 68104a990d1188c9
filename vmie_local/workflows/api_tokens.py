"""Operations that answer waiting tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vmie_local.front_door import ApiCall, ApiError
from vmie_local.workflows.tokens import ExpiredTokenError, TaskTokens, UnknownTokenError


class TokensApi:
    """SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat."""

    def __init__(self, tokens: TaskTokens) -> None:
        """Answer the tasks that wait for these tokens."""
        self._tokens = tokens

    def handlers(self) -> dict[str, Callable[[ApiCall], dict[str, Any]]]:
        """The handlers by operation."""
        return {
            "SendTaskSuccess": self._success,
            "SendTaskFailure": self._failure,
            "SendTaskHeartbeat": self._heartbeat,
        }

    def _success(self, call: ApiCall) -> dict[str, Any]:
        try:
            output = json.loads(call.parameters["output"])
        except ValueError as error:
            raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
        return _answered(lambda: self._tokens.succeed(call.parameters["taskToken"], output))

    def _failure(self, call: ApiCall) -> dict[str, Any]:
        given = call.parameters
        return _answered(
            lambda: self._tokens.fail(given["taskToken"], given.get("error"), given.get("cause"))
        )

    def _heartbeat(self, call: ApiCall) -> dict[str, Any]:
        return _answered(lambda: self._tokens.beat(call.parameters["taskToken"]))


def _answered(answer: Callable[[], None]) -> dict[str, Any]:
    try:
        answer()
    except UnknownTokenError as error:
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'") from error
    except ExpiredTokenError as error:
        message = "Task Timed Out: 'Provided task does not exist anymore'"
        raise ApiError("TaskTimedOut", message) from error
    return {}
