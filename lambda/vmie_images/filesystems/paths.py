"""Paths followed through directories and symbolic links, within limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vmie_images.errors import CorruptImageError

MAX_LINKS = 8
"""Symbolic links that one path may pass through."""
MAX_PARTS = 128
"""Components that one path may have, symbolic links resolved."""

P = TypeVar("P")


def resolve(
    path: str,
    *,
    start: Callable[[str], tuple[P, str]],
    step: Callable[[P, str], P | None],
    link: Callable[[P], Callable[[], str] | None],
    above: Callable[[P], str],
    follow: bool,
) -> P | None:
    """The place that a path leads to; ``None`` where it leads nowhere.

    Args:
        path: The path, with ``/`` between its parts.
        start: Where an absolute path begins, and what is left of it there.
        step: From a place to what it holds by a name.
        link: What tells where a symbolic link leads; ``None`` for other places.
        above: The path of the directory above a place where a path may begin.
        follow: Whether a symbolic link at the path's end is followed.

    Raises:
        CorruptImageError: The path passes through more parts or symbolic links than any honest tree has.
    """
    place, rest = start(path)
    trail, parts = [place], rest.split("/")[::-1]
    links = steps = 0
    while parts:
        part = parts.pop()
        if part in ("", "."):
            continue
        steps += 1
        if steps > MAX_PARTS:
            raise CorruptImageError(f"the path {path!r} has more than {MAX_PARTS} parts")
        if part == "..":
            left = trail.pop()
            if not trail:
                place, rest = start(above(left))
                trail, parts = [place], parts + rest.split("/")[::-1]
            continue
        onward = step(trail[-1], part)
        if onward is None:
            return None
        target_of = link(onward)
        if target_of is not None and (follow or any(parts)):
            links += 1
            if links > MAX_LINKS:
                raise CorruptImageError(f"the path {path!r} passes through more than {MAX_LINKS} links")
            target = target_of()
            if target.startswith("/"):
                place, target = start(target)
                trail = [place]
            parts += target.split("/")[::-1]
        else:
            trail.append(onward)
    return trail[-1]
