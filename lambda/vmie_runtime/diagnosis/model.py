"""What an error means: the words a person gets, and the rows of the catalogue they come from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from vmie_runtime.diagnosis.links import ERRORS_PAGE, own_page


class Category(StrEnum):
    """Whose error it is, and so who acts on it."""

    TRANSIENT = "transient"
    SERVICE = "service"
    IMAGE = "image"
    GUEST_NETWORK = "guest-network"
    LICENCE = "licence"
    ROLE = "role"
    PERMISSION = "permission"
    KEY = "key"
    QUOTA = "quota"
    STORAGE = "storage"
    REQUEST = "request"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """An error that a person can see, explained.

    Attributes:
        code: Ours, stable, PascalCase: a heading of ``docs/errors.md``.
        category: Whose error it is.
        message: What AWS, or the runtime, said: unaltered.
        cause: What that means, with what was found where the text carries it.
        remedy: What to do.
        documentation: Where to read on.
        retryable: A new attempt may succeed although nothing was changed.
    """

    code: str
    category: Category
    message: str
    cause: str
    remedy: str
    documentation: str
    retryable: bool

    def to_document(self) -> dict[str, str]:
        """The ``Error`` of a result."""
        return {
            "Code": self.code,
            "Message": self.message,
            "Cause": self.cause,
            "Remedy": self.remedy,
            "Documentation": self.documentation,
        }


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """One row of the catalogue.

    Attributes:
        code: The diagnosis' code.
        category: Whose error it is.
        cause: What it means.
        remedy: What to do.
        texts: What AWS is known to say, verbatim; the samples of ``pattern``.
        pattern: A regular expression, searched in the message regardless of case; its named groups fill
            ``found``.
        aws_codes: The codes of synchronous errors that mean this whatever their message says.
        found: A sentence added to the cause where the message, or the caller's facts, fill it.
        try_next: A sentence added to the remedy, likewise.
        documentation: A page of AWS; the code's place in ``docs/errors.md`` where there is none.
        retryable: A new attempt may succeed although nothing was changed.
    """

    code: str
    category: Category
    cause: str
    remedy: str
    texts: tuple[str, ...] = ()
    pattern: str = ""
    aws_codes: tuple[str, ...] = ()
    found: str = ""
    try_next: str = ""
    documentation: str = ""
    retryable: bool = False

    def diagnose(self, message: str, facts: dict[str, str | None]) -> Diagnosis:
        """The diagnosis of one message; ``facts`` are what was found in it, ``None`` what it does not say."""
        known = {name: value.strip() for name, value in facts.items() if value and value.strip()}
        return Diagnosis(
            code=self.code,
            category=self.category,
            message=message,
            cause=_with_facts(self.cause, self.found, known),
            remedy=_with_facts(self.remedy, self.try_next, known),
            documentation=self.documentation or documentation_of(self.code),
            retryable=self.retryable,
        )


def _with_facts(text: str, sentence: str, known: dict[str, str]) -> str:
    """A text and a sentence of facts; where one of them is not known, the text stands without it."""
    with suppress(KeyError):
        return f"{text} {sentence.format_map(known)}".rstrip()
    return text


def documentation_of(code: str) -> str:
    """The code's place in our own page of errors."""
    return own_page(ERRORS_PAGE, code)
