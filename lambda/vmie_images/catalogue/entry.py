"""The shape of a catalogue entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters to the person who uploaded the image."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Effect(StrEnum):
    """What a finding does to the verdict on one method of import."""

    NONE = "none"
    DOUBTS = "doubts"
    REJECTS = "rejects"


NONE, DOUBTS, REJECTS = Effect.NONE, Effect.DOUBTS, Effect.REJECTS


@dataclass(frozen=True)
class Entry:
    """What is always true of a finding.

    Attributes:
        severity: ``error`` where at least one method of import cannot work with it.
        why: Why it matters; with the error text it would have become, where one is known.
        remedy: What to do, or what is accepted instead.
        image: Its effect on ImportImage.
        snapshot: Its effect on ImportSnapshot followed by RegisterImage.
        direct: Its effect on decoding the disk ourselves and writing EBS blocks.
    """

    severity: Severity
    why: str
    remedy: str
    image: Effect = NONE
    snapshot: Effect = NONE
    direct: Effect = NONE


def error(
    why: str, remedy: str, image: Effect = REJECTS, snapshot: Effect = REJECTS, direct: Effect = REJECTS
) -> Entry:
    """An error that, unless said otherwise, no method survives."""
    return Entry(Severity.ERROR, why, remedy, image, snapshot, direct)


def warning(
    why: str, remedy: str, image: Effect = DOUBTS, snapshot: Effect = NONE, direct: Effect = NONE
) -> Entry:
    """A warning that, unless said otherwise, makes ImportImage doubtful."""
    return Entry(Severity.WARNING, why, remedy, image, snapshot, direct)


def info(why: str, remedy: str) -> Entry:
    """A remark that changes no verdict."""
    return Entry(Severity.INFO, why, remedy)
