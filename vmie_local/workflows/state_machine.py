"""State machines and their revisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Revision:
    """A state machine at one moment; executions keep the one they began with.

    Attributes:
        arn: The state machine's ARN.
        name: Its name.
        source: The definition as it was given.
        definition: The definition as a document.
        role_arn: The role that its integrations use.
        settings: Logging, tracing and encryption as they were given.
        revision_id: Changes with every update.
        at: Seconds since 1970, on the scaled clock.
        version: The number it was published under, or None.
    """

    arn: str
    name: str
    source: str
    definition: dict[str, Any] = field(repr=False)
    role_arn: str
    settings: dict[str, Any]
    revision_id: str
    at: float
    version: int | None = None


@dataclass
class StateMachine:
    """A state machine.

    Attributes:
        arn: Its ARN.
        name: Its name.
        created_at: Seconds since 1970, on the scaled clock.
        current: What a new execution runs.
        versions: Published revisions by number.
        descriptions: Their descriptions.
        tags: Its tags.
    """

    arn: str
    name: str
    created_at: float
    current: Revision
    versions: dict[int, Revision] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
