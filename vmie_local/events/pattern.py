"""Event patterns: which events a rule, or an event source mapping, wants.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
_NESTED = {"prefix", "suffix", "equals-ignore-case", "wildcard"}


class EventPatternError(ValueError):
    """A pattern that EventBridge would refuse."""


class EventPattern:
    """A checked pattern."""

    def __init__(self, source: str | dict[str, Any]) -> None:
        """Read a pattern.

        Args:
            source: The pattern as JSON text or as a document.

        Raises:
            EventPatternError: If it is no JSON object or uses an operator wrongly.
        """
        if isinstance(source, str):
            try:
                source = json.loads(source)
            except ValueError as error:
                raise EventPatternError(f"The event pattern is no JSON: {error}") from error
        if not isinstance(source, dict):
            raise EventPatternError("The event pattern must be a JSON object.")
        self._matches = _node(source)

    def matches(self, event: dict[str, Any]) -> bool:
        """Whether the event fits."""
        return self._matches(event)


Matcher = Callable[[Any], bool]
_ABSENT = object()


def _node(pattern: dict[str, Any]) -> Matcher:
    """A matcher for an object: every field must match, and one branch of `$or` where there is one."""
    if not pattern:
        raise EventPatternError("Empty objects are not allowed in an event pattern.")
    fields: dict[str, Matcher] = {}
    branches: list[Matcher] | None = None
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list) and all(isinstance(branch, dict) for branch in wanted):
            if len(wanted) < 2:
                raise EventPatternError("$or needs at least two patterns.")
            branches = [_node(branch) for branch in wanted]
        elif isinstance(wanted, dict):
            fields[name] = _node(wanted)
        elif isinstance(wanted, list):
            fields[name] = _leaf(name, wanted)
        else:
            raise EventPatternError(f'"{name}" must be an object or an array.')

    def matches(value: Any) -> bool:
        # An object inside an array matches if any of the array's objects does.
        if isinstance(value, list):
            return any(matches(item) for item in value)
        document = value if isinstance(value, dict) else {}
        if not all(check(document.get(name, _ABSENT)) for name, check in fields.items()):
            return False
        return branches is None or any(branch(document) for branch in branches)

    return matches


def _leaf(name: str, alternatives: list[Any]) -> Matcher:
    if not alternatives:
        raise EventPatternError(f'Empty arrays are not allowed: "{name}".')
    checks = [_alternative(name, alternative) for alternative in alternatives]
    return lambda value: any(check(value) for check in checks)


def _alternative(name: str, wanted: Any) -> Matcher:
    if isinstance(wanted, dict):
        if len(wanted) != 1:
            raise EventPatternError(f'Only one operator per object is allowed: "{name}".')
        ((kind, argument),) = wanted.items()
        return _operator(name, kind, argument)
    if isinstance(wanted, list):
        raise EventPatternError(f'"{name}" may not hold an array inside an array.')
    return lambda value: any(_equal(item, wanted) for item in _values(value))


def _operator(name: str, kind: str, argument: Any) -> Matcher:
    if kind == "exists":
        if not isinstance(argument, bool):
            raise EventPatternError('"exists" must be true or false.')
        return lambda value: _exists(value) == argument
    if kind == "anything-but":
        unwanted = _anything_but(argument)
        return lambda value: any(not unwanted(item) for item in _values(value))
    check = _scalar_operator(name, kind, argument)
    return lambda value: any(check(item) for item in _values(value))


def _anything_but(argument: Any) -> Matcher:
    if isinstance(argument, dict):
        if len(argument) != 1 or not set(argument) <= _NESTED:
            raise EventPatternError(f'"anything-but" takes values or one of {", ".join(sorted(_NESTED))}.')
        ((kind, nested),) = argument.items()
        checks = [_scalar_operator("anything-but", kind, item) for item in _listed(nested)]
        return lambda item: any(check(item) for check in checks)
    unwanted = _listed(argument)
    if not unwanted or any(isinstance(item, dict | list | bool) or item is None for item in unwanted):
        raise EventPatternError('"anything-but" takes strings or numbers.')
    return lambda item: any(_equal(item, other) for other in unwanted)


def _scalar_operator(name: str, kind: str, argument: Any) -> Matcher:
    match kind, argument:
        case "prefix" | "suffix", {"equals-ignore-case": str(text)}:
            folded = text.lower()
            return lambda item: isinstance(item, str) and _affix(kind, item.lower(), folded)
        case "prefix" | "suffix", str(text):
            return lambda item: isinstance(item, str) and _affix(kind, item, text)
        case "equals-ignore-case", str(text):
            return lambda item: isinstance(item, str) and item.lower() == text.lower()
        case "wildcard", str(text):
            compiled = _wildcard(text)
            return lambda item: isinstance(item, str) and compiled.fullmatch(item) is not None
        case "numeric", list(parts):
            return _numeric(parts)
        case "cidr", str(text):
            return _cidr(text)
    raise EventPatternError(f'"{name}": unrecognised or misused match type "{kind}".')


def _affix(kind: str, item: str, text: str) -> bool:
    return item.startswith(text) if kind == "prefix" else item.endswith(text)


def _wildcard(text: str) -> re.Pattern[str]:
    if "**" in text:
        raise EventPatternError("Consecutive wildcard characters are not allowed.")
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", text)
    translate = {"*": ".*", "\\*": r"\*", "\\\\": r"\\\\"}
    return re.compile("".join(translate.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _numeric(parts: list[Any]) -> Matcher:
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    well_formed = len(parts) in (2, 4) and all(
        sign in _COMPARISONS and _is_number(bound) for sign, bound in pairs
    )
    if not well_formed:
        raise EventPatternError('"numeric" takes one or two comparisons, such as [">", 0, "<=", 5].')
    return lambda item: _is_number(item) and all(_COMPARISONS[sign](item, bound) for sign, bound in pairs)


def _cidr(text: str) -> Matcher:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise EventPatternError(f'"cidr" takes an address block: {error}') from error

    def inside(item: Any) -> bool:
        try:
            return isinstance(item, str) and ipaddress.ip_address(item) in network
        except ValueError:
            return False

    return inside


def _values(value: Any) -> Iterator[Any]:
    """The scalars of a field; an array matches by any of its items."""
    if value is _ABSENT or isinstance(value, dict):
        return
    if isinstance(value, list):
        for item in value:
            yield from _values(item)
    else:
        yield value


def _exists(value: Any) -> bool:
    """Only leaves exist: an object or an empty array does not."""
    return next(_values(value), _ABSENT) is not _ABSENT


def _equal(item: Any, other: Any) -> bool:
    if isinstance(item, bool) or isinstance(other, bool):
        return item is other
    return bool(item == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
