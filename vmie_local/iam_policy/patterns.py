"""Wildcards, policy variables and ARNs."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

Lookup = Callable[[str], str | None]
"""Gives the single value of a condition key, or None where the request has none."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_LITERALS = {"*", "?", "$"}
_ARN_PARTS: Final = 6

# Private-use characters stand for the two wildcards while variables are replaced, so that a `*` inside a
# variable's value, or one written as `${*}`, stays an ordinary character.
_ANY, _ONE = "\ue000", "\ue001"


class NoValueError(Exception):
    """A policy variable has no value in this request, and no default."""


def has_variables(text: str) -> bool:
    """Whether a policy's text holds `${…}`."""
    return "${" in text


def as_pattern(text: str, lookup: Lookup | None) -> str:
    """A policy's text with its wildcards marked and its variables replaced.

    Args:
        text: A resource, or a value of a condition.
        lookup: Gives the values of variables. None leaves `${…}` as it is: the element, or the policy's
            version, does not take variables.

    Raises:
        NoValueError: If a variable has neither a value nor a default.
    """
    if lookup is None or not has_variables(text):
        return text.replace("*", _ANY).replace("?", _ONE)
    pattern, at = "", 0
    for variable in _VARIABLE.finditer(text):
        pattern += as_pattern(text[at : variable.start()], None) + _value(variable.group(1), lookup)
        at = variable.end()
    return pattern + as_pattern(text[at:], None)


def as_literal(text: str, lookup: Lookup | None) -> str:
    """A policy's text whose wildcards mean nothing, with its variables replaced.

    Raises:
        NoValueError: If a variable has neither a value nor a default.
    """
    return as_pattern(text, lookup).replace(_ANY, "*").replace(_ONE, "?")


def any_variable(text: str) -> str:
    """A policy's text with a wildcard in the place of every variable."""
    return _VARIABLE.sub("*", text)


def _value(inside: str, lookup: Lookup) -> str:
    if inside in _LITERALS:
        return inside
    default = _DEFAULT.fullmatch(inside)
    key = default.group(1) if default else inside.strip()
    value = lookup(key)
    if value is not None:
        return value
    if default:
        return default.group(2)
    raise NoValueError(key)


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str, *, fold: bool) -> re.Pattern[str]:
    source = re.escape(pattern).replace(_ANY, ".*").replace(_ONE, ".")
    return re.compile(source, re.DOTALL | (re.IGNORECASE if fold else 0))


def matches(pattern: str, text: str, *, fold: bool = False) -> bool:
    """Whether a pattern of `as_pattern` matches a text.

    Args:
        pattern: The pattern.
        text: What the request says.
        fold: Whether upper and lower case are the same.
    """
    return _compiled(pattern, fold=fold).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """Whether a pattern of `as_pattern` matches an ARN, each part of it separately.

    A wildcard stays within its part, the sixth part (the resource) being the rest of the ARN, colons
    included. A pattern of fewer parts that ends with `*` matches whatever follows.
    """
    wanted = pattern.split(":", _ARN_PARTS - 1)
    if len(wanted) == _ARN_PARTS or pattern.endswith(_ANY):
        given = arn.split(":", len(wanted) - 1)
        return len(wanted) == len(given) and all(map(matches, wanted, given))
    return False


def matches_action(pattern: str, action: str) -> bool:
    """Whether an `Action` of a policy covers an action; case does not matter."""
    return matches(as_pattern(pattern, None), action, fold=True)
