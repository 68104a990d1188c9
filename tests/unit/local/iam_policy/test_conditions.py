"""Condition operators, quantifiers and missing keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vmie_local.iam_policy import evaluate


def holds(operator: str, wanted: Any, context: dict[str, Any], key: str = "aws:Key") -> bool:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: wanted}}}
    return evaluate([{"Version": "2012-10-17", "Statement": statement}], "s3:GetObject", "*", context).allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "web", "web", True),
        ("StringEquals", "web", "Web", False),
        ("StringEquals", "w*", "web", False),
        ("StringEquals", ["api", "web"], "web", True),
        ("StringNotEquals", "web", "api", True),
        ("StringNotEquals", ["api", "web"], "web", False),
        ("StringEqualsIgnoreCase", "WEB", "web", True),
        ("StringNotEqualsIgnoreCase", "WEB", "web", False),
        ("StringLike", "w?b*", "web-1", True),
        ("StringLike", "w?b", "web-1", False),
        ("StringNotLike", "api-*", "web-1", True),
        ("StringNotLike", ["api-*", "web-*"], "web-1", False),
        ("NumericEquals", "5", 5, True),
        ("NumericEquals", "5", "5.0", True),
        ("NumericNotEquals", 5, 6, True),
        ("NumericLessThan", "10", 9, True),
        ("NumericLessThan", "10", 10, False),
        ("NumericLessThanEquals", "10", 10, True),
        ("NumericGreaterThan", "10", 11, True),
        ("NumericGreaterThanEquals", "10", 9, False),
        ("NumericEquals", "five", 5, False),
        ("DateGreaterThan", "2026-11-20T00:00:00Z", "2026-11-20T10:00:00.000Z", True),
        ("DateLessThan", "2026-11-20T00:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC), False),
        ("DateLessThanEquals", "2026-11-20", "2026-11-20T00:00:00Z", True),
        ("DateEquals", "1795132800", "2026-11-20T00:00:00Z", True),
        ("DateNotEquals", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", True),
        ("DateGreaterThanEquals", "yesterday", "2026-11-21T00:00:00Z", False),
        ("Bool", "true", True, True),
        ("Bool", True, "true", True),
        ("Bool", "false", True, False),
        ("BinaryEquals", "QmluYXJ5", b"Binary", True),
        ("BinaryEquals", "QmluYXJ5", b"Other", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
        ("IpAddress", "203.0.113.7", "203.0.113.8", False),
        ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", "2001:db8::/32", "203.0.113.7", False),
        ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
        ("IpAddress", "203.0.113.0/24", "AWS Internal", False),
        ("ArnEquals", "arn:aws:sns:*:1:topic", "arn:aws:sns:us-east-1:1:topic", True),
        ("ArnLike", "arn:aws:vmie:*:1:*", "arn:aws:vmie:us-east-1:1:import-image-task/a:b", True),
        ("ArnLike", "arn:aws:*:1:*", "arn:aws:vmie:us-east-1:1:x", False),
        ("ArnNotEquals", "arn:aws:sns:*:1:topic", "arn:aws:sns:us-east-1:2:topic", True),
        ("ArnNotLike", "arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1:2:topic", False),
        ("Null", "true", "here", False),
        ("Null", "false", "here", True),
    ],
)
def test_operators(operator: str, wanted: Any, given: Any, expected: bool) -> None:
    assert holds(operator, wanted, {"aws:Key": given}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringLike", False),
        ("StringNotLike", True),
        ("NumericLessThan", False),
        ("NumericNotEquals", True),
        ("DateLessThan", False),
        ("Bool", False),
        ("IpAddress", False),
        ("NotIpAddress", True),
        ("ArnLike", False),
        ("ArnNotLike", True),
        ("StringEqualsIfExists", True),
        ("NumericLessThanIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringLikeIfExists", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
@pytest.mark.parametrize("context", [{}, {"aws:Key": []}, {"aws:Key": None}], ids=["absent", "empty", "null"])
def test_a_key_without_value(operator: str, expected: bool, context: dict[str, Any]) -> None:
    assert holds(operator, "1", context) is expected


def test_null_asks_whether_a_key_is_missing():
    assert holds("Null", "true", {})
    assert not holds("Null", "false", {})
    assert not holds("Null", "false", {"aws:Key": []})


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["team", "cost"], ["team"], True),
        ("ForAllValues:StringEquals", ["team", "cost"], ["team", "cost"], True),
        ("ForAllValues:StringEquals", ["team", "cost"], ["team", "name"], False),
        ("ForAllValues:StringLike", "vmie:*", ["vmie:a", "vmie:b"], True),
        ("ForAllValues:StringNotEquals", ["secret"], ["team", "cost"], True),
        ("ForAllValues:StringNotEquals", ["secret"], ["team", "secret"], False),
        ("ForAnyValue:StringEquals", ["team", "cost"], ["name", "team"], True),
        ("ForAnyValue:StringEquals", ["team", "cost"], ["name"], False),
        ("ForAnyValue:StringNotEquals", ["team"], ["team", "name"], True),
        ("ForAnyValue:StringNotEquals", ["team"], ["team"], False),
        ("ForAnyValue:IpAddress", "10.0.0.0/8", ["192.0.2.1", "10.1.2.3"], True),
    ],
)
def test_quantifiers(operator: str, wanted: Any, given: list[str], expected: bool) -> None:
    assert holds(operator, wanted, {"aws:Key": given}) is expected


def test_all_keys_and_all_operators_must_hold():
    condition = {"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    everything = {"aws:a": "1", "aws:b": "2", "aws:c": True}

    def allowed(context: dict[str, Any]) -> bool:
        return evaluate([{"Statement": [statement]}], "s3:GetObject", "*", context).allowed

    assert allowed(everything)
    assert not any(allowed({k: v for k, v in everything.items() if k != left_out}) for left_out in everything)


def test_the_case_of_a_key_does_not_matter():
    assert holds("StringEquals", "x", {"AWS:RequestTag/Team": "x"}, key="aws:requesttag/team")


@pytest.mark.parametrize(
    ("operator", "wanted", "context", "expected"),
    [
        ("StringEquals", "${aws:username}", {"aws:Key": "ada", "aws:username": "ada"}, True),
        ("StringLike", "${aws:username}-*", {"aws:Key": "ada-1", "aws:username": "ada"}, True),
        ("StringLike", "${aws:username}", {"aws:Key": "anything", "aws:username": "*"}, False),
        ("StringEquals", "${aws:username}", {"aws:Key": "ada"}, False),
        ("StringNotEquals", "${aws:username}", {"aws:Key": "ada"}, True),
        ("StringEquals", ["${aws:username}", "ada"], {"aws:Key": "ada"}, True),
        (
            "ArnLike",
            "arn:aws:iam::1:role/${aws:username}",
            {"aws:Key": "arn:aws:iam::1:role/ada", "aws:username": "ada"},
            True,
        ),
        ("StringEquals", "${aws:PrincipalTag/team, 'none'}", {"aws:Key": "none"}, True),
        ("NumericEquals", "${aws:username}", {"aws:Key": "5", "aws:username": "5"}, False),
    ],
)
def test_variables_in_conditions(operator: str, wanted: Any, context: dict[str, Any], expected: bool) -> None:
    assert holds(operator, wanted, context) is expected


def test_values_are_looked_up_only_when_a_policy_asks():
    asked = []

    class Lazy(dict[str, Any]):
        def get(self, key: str, *_: Any) -> Any:
            asked.append(key)
            return "web"

    assert holds("StringEquals", "web", Lazy(), key="aws:ResourceTag/team")
    assert asked == ["aws:ResourceTag/team"]
