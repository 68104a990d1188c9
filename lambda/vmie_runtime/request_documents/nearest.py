"""The known name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_ALIKE = 0.7
_LONGEST = 48


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to one that is not known; None where none is near.

    `disk-containers` and `diskContainers` are `DiskContainers`: the words of a name count, not their dress.
    """
    wanted = plain(name[:_LONGEST])
    best, likeness = None, _ALIKE
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    for each in known:
        candidate = plain(each)
        if candidate == wanted:
            return each
        matcher.set_seq1(candidate)
        if matcher.real_quick_ratio() > likeness and matcher.quick_ratio() > likeness:
            ratio = matcher.ratio()
            if ratio > likeness:
                best, likeness = each, ratio
    return best


def plain(name: str) -> str:
    """A name without case, hyphens and underscores."""
    return name.casefold().replace("-", "").replace("_", "")
