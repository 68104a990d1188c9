"""The grammar of IAM's policies, as far as readers of trust policies and key policies share it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def statements_of(document: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of a parsed policy; what is none is left out."""
    found = document.get("Statement", []) if isinstance(document, Mapping) else []
    yield from (one for one in _listed(found) if isinstance(one, Mapping))


def conditions_of(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key and values of each condition."""
    blocks = statement.get("Condition")
    for operator, keys in blocks.items() if isinstance(blocks, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            yield str(operator), str(key), texts_of(values)


def covers_action(statement: Mapping[str, Any], action: str) -> bool:
    """Tell whether a statement is about an action."""
    if "NotAction" in statement:
        return not _matches_one(statement["NotAction"], action)
    return _matches_one(statement.get("Action", []), action)


def texts_of(value: Any) -> list[str]:
    """One value or many, as texts."""
    return [str(one) for one in _listed(value)]


def quoted(values: Iterable[str]) -> str:
    """Values as a sentence shows them."""
    return ", ".join(f"`{value}`" for value in values) or "nothing"


def _matches_one(patterns: Any, action: str) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), action, re.IGNORECASE)
        for pattern in texts_of(patterns)
    )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
