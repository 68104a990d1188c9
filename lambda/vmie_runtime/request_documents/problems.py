"""What is wrong with a request, collected: every problem names the key it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vmie_runtime.errors import RequestRejected

# So many problems of one request are written out; the rest are counted.
PROBLEMS_TOLD = 10
_HINTS_GIVEN = 3
_LONGEST_VALUE = 80
_MANY_DIGITS = 10**40


class Code(StrEnum):
    """The codes of rejected requests; each has its row in the catalogue of errors."""

    INVALID_JSON = "InvalidJson"
    INVALID_REQUEST_FILE = "InvalidRequestFile"
    FLEET_NEEDS_FILE = "FleetNeedsFile"
    UNKNOWN_OPERATION = "UnknownOperation"
    UNKNOWN_PARAMETER = "UnknownParameter"
    MISSING_PARAMETER = "MissingParameter"
    INVALID_TYPE = "InvalidParameterType"
    INVALID_VALUE = "InvalidParameterValue"
    INVALID_COMBINATION = "InvalidParameterCombination"
    INVALID_SOURCE_URL = "InvalidSourceUrl"
    INVALID_EXPORT_PREFIX = "InvalidExportPrefix"
    INVALID_TAG = "InvalidTag"
    TOO_MANY_DISKS = "TooManyDisks"
    LICENCE_OPTIONS_CONFLICT = "LicenceOptionsConflict"
    DIRECT_IMPORT_UNAVAILABLE = "DirectImportUnavailable"
    DISTRIBUTION_UNAVAILABLE = "DistributionUnavailable"


@dataclass(frozen=True)
class Problem:
    """One problem.

    Attributes:
        code: What kind of problem.
        path: The key it is about, such as `DiskContainers[0].UserBucket.S3Key`.
        message: What is wrong, in a sentence that names the key.
    """

    code: Code
    path: str
    message: str


@dataclass
class Problems:
    """The problems of one request, in the order in which they were found."""

    found: list[Problem] = field(default_factory=list)
    untold: int = 0

    @property
    def well_typed(self) -> bool:
        """Whether every value has the type of its key, so that rules may read them."""
        return not any(problem.code is Code.INVALID_TYPE for problem in self.found) and not self.untold

    @property
    def few(self) -> bool:
        """Whether there is still reason to look for what was meant: it takes time, and one typo is usual."""
        return len(self.found) < _HINTS_GIVEN

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self.found) >= PROBLEMS_TOLD

    def add(self, code: Code, path: str, message: str) -> None:
        """Take one more problem."""
        if self.full:
            self.untold += 1
        else:
            self.found.append(Problem(code, path, message))

    def rejection(self, remark: str = "") -> RequestRejected:
        """The rejection that tells them; its code is the first problem's.

        Args:
            remark: A sentence about all of them. Default: none.
        """
        messages = [problem.message for problem in self.found]
        if self.untold:
            messages.append(f"… and {self.untold} more.")
        count = len(self.found) + self.untold
        text = messages[0] if count == 1 else "\n".join((f"{count} problems:", *messages))
        text = f"{text} {remark}".rstrip()
        return RequestRejected(
            str(self.found[0].code),
            text,
            Problems=[{"Code": str(problem.code), "Parameter": problem.path} for problem in self.found],
        )


def shown(value: Any, *, sensitive: bool = False) -> str:
    """A value as a message may show it: short, on one line, without what would be a secret.

    Args:
        value: Any JSON value.
        sensitive: The key holds what no message may repeat, such as user data.
    """
    if sensitive:
        return "(sensitive)"
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    if isinstance(value, int) and abs(value) >= _MANY_DIGITS:
        return "a number of more than 40 digits"
    text = _without_query(str(value)[:2000])
    if not text.isprintable():
        text = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
        )
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _without_query(text: str) -> str:
    """A text without the part of a URL that authorises: user information and query."""
    scheme, separator, rest = text.partition("://")
    if separator:
        location, mark, _ = rest.partition("?")
        authority, slash, path = location.partition("/")
        text = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}{'?…' if mark else ''}"
    for secret in ("X-Amz-", "Signature="):
        before, found, _ = text.partition(secret)
        text = f"{before}…" if found else text
    return text
