"""The catalogue: every error that can reach a person, as rows of data."""

from __future__ import annotations

from vmie_runtime.diagnosis.catalogue import (
    access,
    account,
    calls,
    conversions,
    disks,
    endings,
    export_checks,
    exports,
    guests,
    narrowing,
    pipeline,
    request_documents,
    requests,
    roles,
    volumes,
)
from vmie_runtime.diagnosis.catalogue.pipeline import UNKNOWN_CALL_ERROR, UNKNOWN_TASK_ERROR
from vmie_runtime.diagnosis.model import Meaning

# What AWS may say, in the order in which rows are asked. No two rows know the same text.
SAID_BY_AWS: tuple[Meaning, ...] = (
    *endings.SERVER_ERROR,
    *disks.MEANINGS,
    *guests.MEANINGS,
    *roles.MEANINGS,
    *access.MEANINGS,
    *account.MEANINGS,
    *calls.MEANINGS,
    *requests.MEANINGS,
    *volumes.MEANINGS,
    *exports.MEANINGS,
)
TASK_ENDS: tuple[Meaning, ...] = endings.TASK_ENDS
# Rows that know a subject, not a text.
FALLBACKS: tuple[Meaning, ...] = disks.FALLBACKS + access.FALLBACKS + requests.FALLBACKS

MEANINGS: tuple[Meaning, ...] = (
    *SAID_BY_AWS,
    *TASK_ENDS,
    *FALLBACKS,
    *pipeline.MEANINGS,
    *export_checks.MEANINGS,
    *narrowing.MEANINGS,
    *request_documents.MEANINGS,
    *conversions.MEANINGS,
    UNKNOWN_TASK_ERROR,
    UNKNOWN_CALL_ERROR,
)
BY_CODE: dict[str, Meaning] = {meaning.code: meaning for meaning in MEANINGS}
BY_AWS_CODE: dict[str, Meaning] = {code: meaning for meaning in SAID_BY_AWS for code in meaning.aws_codes}

__all__ = [
    "BY_AWS_CODE",
    "BY_CODE",
    "FALLBACKS",
    "MEANINGS",
    "SAID_BY_AWS",
    "TASK_ENDS",
    "UNKNOWN_CALL_ERROR",
    "UNKNOWN_TASK_ERROR",
]
