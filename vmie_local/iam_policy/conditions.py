"""Condition operators."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from vmie_local.iam_policy import patterns
from vmie_local.iam_policy.document import Condition
from vmie_local.iam_policy.patterns import Lookup, NoValueError


class Context:
    """What is known about a request: condition keys, whose case does not matter, and their values.

    Attributes:
        missing: The keys that were asked for and have no value, as the policies wrote them.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        """Wrap a mapping.

        Args:
            given: Keys and values. A value is a text, a number, a truth value, a moment, bytes, or a list of
                them. A key that the mapping does not list is looked up all the same, as the policy writes it.
        """
        self._given = given
        self._folded = {key.lower(): key for key in given}
        self.missing: set[str] = set()

    def values(self, key: str) -> list[str]:
        """The values of a key as texts; none where the request has no such key."""
        found = self._given.get(self._folded.get(key.lower(), key))
        values = found if isinstance(found, list | tuple | set | frozenset) else [found]
        texts = [_text(value) for value in values if value is not None]
        if not texts:
            self.missing.add(key)
        return texts

    def single(self, key: str) -> str | None:
        """The value of a key that has exactly one: what a policy variable is replaced with."""
        values = self.values(key)
        return values[0] if len(values) == 1 else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


Test = Callable[[str, str, Lookup | None], bool]
"""Compares a policy's value with a request's; the third argument gives policy variables."""


def _string(*, fold: bool = False, like: bool = False) -> Test:
    def test(wanted: str, given: str, lookup: Lookup | None) -> bool:
        if like:
            return patterns.matches(patterns.as_pattern(wanted, lookup), given)
        literal = patterns.as_literal(wanted, lookup)
        return literal.lower() == given.lower() if fold else literal == given

    return test


def _arn(wanted: str, given: str, lookup: Lookup | None) -> bool:
    return patterns.matches_arn(patterns.as_pattern(wanted, lookup), given)


def _numeric(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, _: Lookup | None) -> bool:
        return compare(float(given), float(wanted))

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, _: Lookup | None) -> bool:
        return compare(_moment(given), _moment(wanted))

    return test


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _bool(wanted: str, given: str, _: Lookup | None) -> bool:
    return wanted.lower() == given.lower()


def _binary(wanted: str, given: str, _: Lookup | None) -> bool:
    return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)


def _address(wanted: str, given: str, _: Lookup | None) -> bool:
    return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)


def _equal(given: float, wanted: float) -> bool:
    return given == wanted


def _less(given: float, wanted: float) -> bool:
    return given < wanted


def _less_or_equal(given: float, wanted: float) -> bool:
    return given <= wanted


def _greater(given: float, wanted: float) -> bool:
    return given > wanted


def _greater_or_equal(given: float, wanted: float) -> bool:
    return given >= wanted


_ORDERS = {
    "Equals": _equal,
    "LessThan": _less,
    "LessThanEquals": _less_or_equal,
    "GreaterThan": _greater,
    "GreaterThanEquals": _greater_or_equal,
}

OPERATORS: Mapping[str, tuple[Test | None, bool]] = {
    "StringEquals": (_string(), False),
    "StringNotEquals": (_string(), True),
    "StringEqualsIgnoreCase": (_string(fold=True), False),
    "StringNotEqualsIgnoreCase": (_string(fold=True), True),
    "StringLike": (_string(like=True), False),
    "StringNotLike": (_string(like=True), True),
    "ArnEquals": (_arn, False),
    "ArnNotEquals": (_arn, True),
    "ArnLike": (_arn, False),
    "ArnNotLike": (_arn, True),
    **{f"Numeric{name}": (_numeric(order), False) for name, order in _ORDERS.items()},
    "NumericNotEquals": (_numeric(_equal), True),
    **{f"Date{name}": (_date(order), False) for name, order in _ORDERS.items()},
    "DateNotEquals": (_date(_equal), True),
    "Bool": (_bool, False),
    "BinaryEquals": (_binary, False),
    "IpAddress": (_address, False),
    "NotIpAddress": (_address, True),
    "Null": (None, False),
}
"""Every operator: how it compares two values, and whether it negates. `Null` compares none."""


def holds(condition: Condition, context: Context, *, variables: bool) -> bool:
    """Whether one condition holds.

    Args:
        condition: The condition.
        context: What is known about the request.
        variables: Whether the policy's version takes variables.
    """
    test, negated = OPERATORS[condition.operator]
    given = context.values(condition.key)
    if test is None:
        return any(value.lower() == str(not given).lower() for value in condition.values)
    if not given:
        # A missing key matches no value: a negated test holds. `ForAnyValue` still needs a value.
        if condition.if_exists or condition.quantifier == "ForAllValues":
            return True
        return negated and condition.quantifier is None
    lookup = context.single if variables else None
    hits = (_matches_any(test, condition.values, value, lookup) for value in given)
    if condition.quantifier == "ForAllValues":
        return all(hit != negated for hit in hits)
    if condition.quantifier == "ForAnyValue":
        return any(hit != negated for hit in hits)
    return any(hits) != negated


def _matches_any(test: Test, wanted: Iterable[str], given: str, lookup: Lookup | None) -> bool:
    for value in wanted:
        try:
            if test(value, given, lookup):
                return True
        except NoValueError:
            continue  # "There is no equal or like value" for a variable without one.
        except (ValueError, binascii.Error):
            continue  # A number, moment or address that is none matches nothing.
    return False
