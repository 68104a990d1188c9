"""Findings: what an inspection has to say, by stable codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vmie_images.catalogue import CATALOGUE, Effect, Severity
from vmie_images.fields import printable

METHODS = ("image", "snapshot", "direct")
"""The methods of import that are judged."""

_IN_DOUBT = (
    "Here it is no more than a doubt: it rests on what may be stale or incomplete, or is not known to fail."
)


class Verdict(StrEnum):
    """What is to be expected of one method of import."""

    ACCEPTED = "accepted"
    DOUBTFUL = "doubtful"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Finding:
    """One thing found in an image.

    Attributes:
        code: A key of ``CATALOGUE``; the severity, the reason and the remedy follow from it.
        found: What was found.
        disk: The disk's name; ``None`` where it concerns the whole file.
        remedy: Replaces the catalogue's remedy where what was found allows a better one.
        doubted: Whether what it rests on may be out of date, or is only a part; then it rejects nothing.
    """

    code: str
    found: str
    disk: str | None = None
    remedy: str | None = None
    doubted: bool = False

    @property
    def severity(self) -> Severity:
        """The catalogue's severity; a doubted error is a warning."""
        severity = CATALOGUE[self.code].severity
        return Severity.WARNING if self.doubted and severity is Severity.ERROR else severity

    def effect(self, method: str) -> Effect:
        """What it does to the verdict on one of ``METHODS``."""
        effect: Effect = getattr(CATALOGUE[self.code], method)
        return Effect.DOUBTS if self.doubted and effect is Effect.REJECTS else effect

    def to_document(self) -> dict[str, Any]:
        """The finding as it stands in an inspection's document."""
        entry = CATALOGUE[self.code]
        weakened = self.severity is not entry.severity
        return {
            "Code": self.code,
            "Severity": str(self.severity),
            "Disk": None if self.disk is None else printable(self.disk),
            "Found": self.found,
            "Why": f"{entry.why} {_IN_DOUBT}" if weakened else entry.why,
            "Remedy": self.remedy or entry.remedy,
            "Rejects": [method for method in METHODS if self.effect(method) is Effect.REJECTS],
        }


MAX_ALIKE = 16
"""Findings of one code noted for one disk: what decides is the code, and the document has its limit."""


@dataclass
class FindingLog:
    """Collects findings. ``for_disk`` gives a view that names a disk and writes to the same list,
    ``doubting`` one whose findings reject nothing."""

    findings: list[Finding] = field(default_factory=list)
    disk: str | None = None
    doubted: bool = False

    def add(self, code: str, found: str, remedy: str | None = None) -> None:
        """Note a finding; the same code with the same words for the same disk is noted once.

        Of ``MAX_ALIKE`` of a code for a disk the last says that there were more.
        """
        finding = Finding(code, printable(found), self.disk, remedy, self.doubted)
        if finding.code not in CATALOGUE:
            raise KeyError(f"no finding is called {code!r}; vmie_images.catalogue names them all")
        key = (code, self.disk, self.doubted)
        alike = [known for known in self.findings if (known.code, known.disk, known.doubted) == key]
        if finding in alike or len(alike) == MAX_ALIKE:
            return
        if len(alike) == MAX_ALIKE - 1:
            finding = Finding(code, "more of the same, which are not listed", self.disk, remedy, self.doubted)
        self.findings.append(finding)

    def has(self, *codes: str) -> bool:
        """Whether one of these codes was noted."""
        return any(finding.code in codes for finding in self.findings)

    def drop(self, *codes: str) -> None:
        """Forget the findings of these codes: a later one says better what is wrong."""
        self.findings[:] = [finding for finding in self.findings if finding.code not in codes]

    def for_disk(self, disk: str | None) -> FindingLog:
        """A log of the same findings whose new ones name ``disk``."""
        return FindingLog(self.findings, disk, self.doubted)

    def doubting(self, doubted: bool = True) -> FindingLog:
        """A log of the same findings whose new ones reject nothing, if ``doubted``: what they rest on may be
        out of date, or is only a part."""
        return FindingLog(self.findings, self.disk, self.doubted or doubted)


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    """The verdict on each method: its worst finding's. Doubt never rejects."""
    rank = {Effect.NONE: 0, Effect.DOUBTS: 1, Effect.REJECTS: 2}
    result = {}
    for method in METHODS:
        worst = max((rank[finding.effect(method)] for finding in findings), default=0)
        result[method] = (Verdict.ACCEPTED, Verdict.DOUBTFUL, Verdict.REJECTED)[worst]
    return result
