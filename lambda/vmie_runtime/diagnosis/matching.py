"""From what AWS said to what it means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from vmie_runtime.diagnosis.catalogue import (
    BY_AWS_CODE,
    BY_CODE,
    FALLBACKS,
    SAID_BY_AWS,
    TASK_ENDS,
    UNKNOWN_CALL_ERROR,
    UNKNOWN_TASK_ERROR,
)
from vmie_runtime.diagnosis.model import Category, Diagnosis, Meaning, documentation_of

# The service has prefixed its messages with this since 2025.
_PREFIX = re.compile(r"^\s*CLIENT_ERROR\s*:\s*", re.IGNORECASE)
# The AWS CLI has dropped what the user guide calls legacy.
_WITHOUT_COMMAND = ("ImportInstance", "ImportVolume")
_SIDE = re.compile(r"^(?:Client|Server)\.")


def diagnose_task(status_message: str) -> Diagnosis:
    """Explain the ``StatusMessage`` of a task that ended ``deleted``.

    Args:
        status_message: As DescribeImportImageTasks or DescribeImportSnapshotTasks gives it; empty where it is
            absent.

    Returns:
        The diagnosis; of category ``unknown`` where no row of the catalogue knows the text.
    """
    for meaning, facts in matches(status_message, (*SAID_BY_AWS, *TASK_ENDS, *FALLBACKS)):
        return meaning.diagnose(status_message, facts)
    return UNKNOWN_TASK_ERROR.diagnose(status_message, {})


def diagnose_call(operation: str, code: str, message: str) -> Diagnosis:
    """Explain an error that EC2 answered a call with, or that kept the call from being made.

    Args:
        operation: The API operation, such as ``ImportImage``.
        code: The error's ``Code``, with or without ``Client.`` before it; for an error of the connection, the
            exception's class name.
        message: The error's ``Message``.

    Returns:
        The diagnosis; of category ``unknown`` where no row of the catalogue knows code or text.
    """
    bare = _SIDE.sub("", code.strip())
    call: dict[str, str | None] = {"operation": operation, "code": bare, "command": _command(operation)}
    for meaning, facts in matches(message, SAID_BY_AWS):
        return meaning.diagnose(message, {**call, **facts})
    # A code says more than a word of the text, unless it is a code for everything.
    by_code = _by_code(bare)
    if by_code is None or by_code.code == "InvalidRequest":
        for meaning, facts in matches(message, FALLBACKS):
            return meaning.diagnose(message, {**call, **facts})
    return (by_code or UNKNOWN_CALL_ERROR).diagnose(message, call)


def own_failure(code: str, message: str, **facts: object) -> Diagnosis:
    """The diagnosis of a failure that the pipeline raises itself.

    Args:
        code: A code of the catalogue.
        message: What happened, in a sentence.
        **facts: What the code's row can name, such as ``suffix``; the others are ignored.

    Returns:
        The diagnosis; for a code that has no row, under that code, of category ``unknown``: a failure on
        its way to a person is no place to fail again.
    """
    meaning = BY_CODE.get(code) or replace(
        BY_CODE["InternalError"],
        code=code,
        category=Category.UNKNOWN,
        documentation=documentation_of("InternalError"),
    )
    return meaning.diagnose(
        message, {name: None if fact is None else str(fact) for name, fact in facts.items()}
    )


def matches(message: str, meanings: Iterable[Meaning]) -> Iterable[tuple[Meaning, dict[str, str | None]]]:
    """The rows that know a message, each with what it found there."""
    text = " ".join(_PREFIX.sub("", message).split())
    for meaning in meanings:
        if meaning.pattern and (match := re.search(meaning.pattern, text, re.IGNORECASE)):
            yield meaning, match.groupdict()


def _command(operation: str) -> str | None:
    """What the AWS CLI calls an operation of EC2; None for those that it has dropped."""
    if operation in _WITHOUT_COMMAND:
        return None
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", operation).lower()


def _by_code(code: str) -> Meaning | None:
    if meaning := BY_AWS_CODE.get(code):
        return meaning
    if code.isdecimal() and code.startswith("5"):
        return BY_CODE["ServiceUnavailable"]
    if code.endswith("LimitExceeded"):
        return BY_CODE["ResourceQuotaExceeded"]
    # EC2 names its rejections of a value, and of an id, after the parameter: InvalidVolume.NotFound.
    if code.startswith("Invalid"):
        return BY_CODE["InvalidRequest"]
    return None
