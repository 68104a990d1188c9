"""What a grub.cfg sets: its variables, and which entry is the default.

Only what ``grub-mkconfig`` writes is understood; it is not a shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_RESOLVED = 4096
"""Characters of a line that are kept, variables resolved: more than any kernel takes as its arguments."""

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DEVICE = re.compile(r"\([^)]*\)|\$(?:\{root\}|root(?=/))")
_ONE_BOOT = "next_entry"
_COUNTED_BOOT = "boot_counter"
"""Red Hat's menus start the second entry where the newest one failed so many times in a row."""


@dataclass(frozen=True)
class Settings:
    """What a grub.cfg sets.

    Attributes:
        variables: Every variable that is set to a constant.
        default: The default entry of an ordinary start as ``set default=`` gives it, variables unresolved.
    """

    variables: dict[str, str]
    default: str


def read_settings(words: str) -> Settings:
    """The assignments of a grub.cfg, line by line; of several the last one counts."""
    variables: dict[str, str] = {}
    default = "0"
    counting: list[bool] = []
    counted = 0
    for line in words.splitlines():
        command, rest = (*line.split(maxsplit=1), "", "")[:2]
        if command == "if" and not rest.rstrip().endswith("fi"):
            counting.append(_COUNTED_BOOT in rest)
            counted += counting[-1]
        elif command in ("elif", "else") and counting:
            counted += (_COUNTED_BOOT in rest) - counting[-1]
            counting[-1] = _COUNTED_BOOT in rest
        elif command == "fi" and counting:
            counted -= counting.pop()
        elif command == "set":
            name, _, value = rest.partition("=")
            value = _unquoted(value)
            if "$" not in value:
                variables[name] = value
            if name == "default" and not counted and _ONE_BOOT not in value:
                default = value
    return Settings(variables, default)


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"') and value:
        return value[1:].partition(value[0])[0]
    return next(iter(value.split(maxsplit=1)), "").rstrip(";")


def resolve(words: str, variables: Mapping[str, str]) -> str:
    """The words with every variable replaced; one that is not known stands for nothing, as in GRUB."""
    return _replaced(words, variables, keep_unknown=False)


def path_of(word: str, variables: Mapping[str, str]) -> str | None:
    """The path that a word names, without the device that may stand before it, as in ``($root)/vmlinuz``.

    Returns:
        ``None`` where the word names nothing, or depends on a variable that is not known.
    """
    word = word.strip("\"'")
    device = _DEVICE.match(word)
    path = _replaced(word[device.end() :] if device else word, variables, keep_unknown=True)
    device = _DEVICE.match(path)
    path = path[device.end() :] if device else path
    return path if path and "$" not in path else None


def _replaced(words: str, variables: Mapping[str, str], keep_unknown: bool) -> str:
    parts: list[str] = []
    at = length = 0
    for match in _REFERENCE.finditer(words):
        value = variables.get(match[1] or match[2], match[0] if keep_unknown else "")
        parts += (words[at : match.start()], value)
        length += match.start() - at + len(value)
        at = match.end()
        if length > MAX_RESOLVED:
            break
    else:
        parts.append(words[at:])
    return "".join(parts)[:MAX_RESOLVED]
