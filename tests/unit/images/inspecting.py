"""Inspects bytes, for the tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from vmie_images import Finding, Inspection, MemorySource, Verdict, inspect_container
from vmie_images.findings import verdicts


def inspect(data: bytes, name: str = "disk.raw") -> Inspection:
    """An inspection of a file with these bytes."""
    return inspect_container(MemorySource(data), name=name)


def findings(inspection: Inspection) -> list[Finding]:
    """What was found, but for the guest that disks made for tests of formats do not have."""
    return [finding for finding in inspection.findings if finding.code != "NoOperatingSystem"]


def codes(inspection: Inspection) -> set[str]:
    """The codes of what was found."""
    return {finding.code for finding in findings(inspection)}


def verdict(inspection: Inspection) -> tuple[Verdict, ...]:
    """The verdicts on image, snapshot and direct that follow from it."""
    return tuple(verdicts(findings(inspection)).values())


def content(inspection: Inspection) -> bytes:
    """What a guest would see on the first disk."""
    disk = inspection.disks[0].image.data
    assert disk is not None
    assert disk.read(disk.size, 1) == b""
    return b"".join(disk.read(offset, 1 << 20) for offset in range(0, disk.size, 1 << 20))


def codes_of(findings: list[Finding]) -> set[str]:
    """Their codes."""
    return {finding.code for finding in findings}


def image_verdict(findings: list[Finding]) -> Verdict:
    """The verdict on ImportImage that follows from them."""
    return verdicts(findings)["image"]


@contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes more processor time than that, in a regular expression's middle too."""

    def interrupt(*_: object) -> NoReturn:
        raise AssertionError(f"more than {seconds:g} seconds of processor time")

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
