"""The configuration text that LVM keeps its metadata in."""

from __future__ import annotations

import re
from typing import Any

from vmie_images.budget import work
from vmie_images.errors import CorruptImageError

MAX_DEPTH = 8
MAX_TOKENS = 50_000
"""Words and marks: those of several hundred logical volumes."""

_TOKEN = re.compile(r'\s+|#[^\n]*|([\w.+-]+)|"((?:[^"\\]++|\\.)*+)"|([{}=\[\],])')


def parse(words: str) -> dict[str, Any]:
    """Sections as dictionaries, arrays as lists, numbers as integers, strings as strings.

    Raises:
        CorruptImageError: The text is not what LVM writes.
    """
    parser = _Parser(words)
    return parser.section(0)


class _Parser:
    def __init__(self, words: str) -> None:
        self._words = words
        self._at = 0
        self._count = 0

    def _next(self) -> tuple[str, Any] | None:
        """Kind (``word``, ``text`` or the mark itself) and value of the next token; ``None`` at the end."""
        while self._at < len(self._words):
            match = _TOKEN.match(self._words, self._at)
            if match is None:
                raise CorruptImageError(
                    f"LVM metadata with {self._words[self._at]!r} at character {self._at}"
                )
            self._at = match.end()
            work()
            word, quoted, mark = match.groups()
            self._count += match.lastindex is not None
            if self._count > MAX_TOKENS:
                raise CorruptImageError("LVM metadata is too long")
            if word is not None:
                return "word", int(word) if re.fullmatch(r"-?\d{1,20}", word) else word
            if quoted is not None:
                return "text", re.sub(r"\\(.)", r"\1", quoted)
            if mark is not None:
                return mark, mark
        return None

    def section(self, depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            raise CorruptImageError("LVM metadata is nested too deep")
        section: dict[str, Any] = {}
        while (token := self._next()) is not None and token[0] != "}":
            if token[0] != "word":
                raise CorruptImageError(f"LVM metadata with {token[1]!r} where a name should be")
            name, mark = str(token[1]), self._next()
            if mark is None or mark[0] not in ("{", "="):
                raise CorruptImageError(f"LVM metadata breaks off after {name!r}")
            section[name] = self.section(depth + 1) if mark[0] == "{" else self._value()
        return section

    def _value(self) -> Any:
        token = self._next()
        if token is None:
            raise CorruptImageError("LVM metadata breaks off before a value")
        if token[0] != "[":
            return token[1]
        values = []
        while (token := self._next()) is not None and token[0] != "]":
            if token[0] in ("word", "text"):
                values.append(token[1])
        return values
