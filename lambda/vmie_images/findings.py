"""Findings: what an inspection has to say, by stable codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vmie_images.catalogue import CATALOGUE, Effect, Severity
from vmie_images.fields import printable


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
    """

    code: str
    found: str
    disk: str | None = None
    remedy: str | None = None

    @property
    def severity(self) -> Severity:
        """The catalogue's severity."""
        return CATALOGUE[self.code].severity

    def to_document(self) -> dict[str, str | None]:
        """The finding as it stands in an inspection's document."""
        entry = CATALOGUE[self.code]
        return {
            "Code": self.code,
            "Severity": str(entry.severity),
            "Disk": self.disk,
            "Found": self.found,
            "Why": entry.why,
            "Remedy": self.remedy or entry.remedy,
        }


@dataclass
class FindingLog:
    """Collects findings; ``for_disk`` gives a view that names a disk and writes to the same list."""

    findings: list[Finding] = field(default_factory=list)
    disk: str | None = None

    def add(self, code: str, found: str, remedy: str | None = None) -> None:
        """Note a finding; the same code with the same words for the same disk is noted once."""
        finding = Finding(code, printable(found), self.disk, remedy)
        if finding.code not in CATALOGUE:
            raise KeyError(f"no finding is called {code!r}; vmie_images.catalogue names them all")
        if finding not in self.findings:
            self.findings.append(finding)

    def has(self, *codes: str) -> bool:
        """Whether one of these codes was noted."""
        return any(finding.code in codes for finding in self.findings)

    def drop(self, *codes: str) -> None:
        """Forget the findings of these codes: a later one says better what is wrong."""
        self.findings[:] = [finding for finding in self.findings if finding.code not in codes]

    def for_disk(self, disk: str | None) -> FindingLog:
        """A log of the same findings whose new ones name ``disk``."""
        return FindingLog(self.findings, disk)


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    """The verdict on each method: its worst finding's. Doubt never rejects."""
    rank = {Effect.NONE: 0, Effect.DOUBTS: 1, Effect.REJECTS: 2}
    result = {}
    for method in ("image", "snapshot", "direct"):
        worst = max((rank[getattr(CATALOGUE[finding.code], method)] for finding in findings), default=0)
        result[method] = (Verdict.ACCEPTED, Verdict.DOUBTFUL, Verdict.REJECTED)[worst]
    return result
