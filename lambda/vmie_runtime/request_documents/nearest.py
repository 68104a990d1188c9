"""The known name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

_ALIKE = 0.7
_LONGEST = 48
# Of a longer list only those are compared that begin alike: it names 1,400 instance types.
_SHORT_LIST = 64
_BEGINNING = 2


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to one that is not known; None where none is near.

    `disk-containers` and `diskContainers` are `DiskContainers`: the words of a name count, not their dress.
    """
    wanted = plain(name[:_LONGEST])
    candidates = _plain_names(tuple(known))
    if wanted in candidates:
        return candidates[wanted]
    beginning = wanted[:_BEGINNING] if len(candidates) > _SHORT_LIST else ""
    best, likeness = None, _ALIKE
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    for candidate, original in candidates.items():
        if not candidate.startswith(beginning):
            continue
        matcher.set_seq1(candidate)
        if matcher.real_quick_ratio() > likeness and matcher.quick_ratio() > likeness:
            ratio = matcher.ratio()
            if ratio > likeness:
                best, likeness = original, ratio
    return best


def plain(name: str) -> str:
    """A name without case, hyphens and underscores."""
    return name.casefold().replace("-", "").replace("_", "")


@lru_cache(maxsize=256)
def _plain_names(known: tuple[str, ...]) -> dict[str, str]:
    return {plain(name): name for name in reversed(known)}
