"""Documents that are no policies are refused with the place and the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vmie_local.iam_policy import PolicyError, parse_policy, parse_trust_policy, relevant_keys

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "no valid JSON"),
        ("[]", "JSON object"),
        ({"Statement": []}, "there must be one"),
        ({"Statement": "x"}, "there must be one"),
        ({"Version": "2020-01-01", "Statement": GOOD}, "2012-10-17"),
        ({"Statement": {**GOOD, "Effect": "allow"}}, "Statement 1: Effect must be Allow or Deny"),
        ({"Statement": [GOOD, {"Effect": "Allow", "Resource": "*"}]}, "Statement 2: .*Action or NotAction"),
        ({"Statement": {**GOOD, "NotAction": "s3:*"}}, "either Action or NotAction"),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, "either Resource or NotResource"),
        ({"Statement": {**GOOD, "Principal": "*"}}, "no Principal"),
        ({"Statement": {**GOOD, "Action": 5}}, "Action must be a text"),
        ({"Statement": {**GOOD, "Condition": {"StringMatches": {"a": "b"}}}}, "operator StringMatches"),
        (
            {"Statement": {**GOOD, "Condition": {"ForSomeValues:Bool": {"a": "b"}}}},
            "operator ForSomeValues:Bool",
        ),
        ({"Statement": {**GOOD, "Condition": {"Bool": "true"}}}, "each an object of keys"),
        ({"Statement": {**GOOD, "Condition": {"Bool": {"a": {}}}}}, "text or a list of texts"),
    ],
)
def test_identity_policies(document: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_policy(document)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (GOOD, "either Principal or NotPrincipal"),
        ({**GOOD, "Principal": "*"}, "no Resource"),
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "me"}, "Principal must be"),
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Role": "x"}}, "Principal must be"),
    ],
)
def test_trust_policies(statement: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_trust_policy({"Statement": statement})


def test_texts_and_dictionaries_are_the_same():
    document = {"Version": "2012-10-17", "Statement": GOOD}

    assert parse_policy(json.dumps(document)) == parse_policy(document)


def test_truth_values_and_numbers_may_be_written_bare():
    condition = {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": 10}}

    (statement,) = parse_policy({"Statement": {**GOOD, "Condition": condition}}).statements

    assert [found.values for found in statement.conditions] == [("true",), ("10",)]


def test_relevant_keys_are_those_of_statements_about_the_action():
    document = {
        "Statement": [
            {**GOOD, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            {**GOOD, "Action": "s3:PutObject", "Condition": {"Null": {"s3:x-amz-acl": "true"}}},
        ]
    }

    assert relevant_keys([document], "s3:GetObject", "arn:aws:s3:::a/b") == {"aws:SecureTransport"}
