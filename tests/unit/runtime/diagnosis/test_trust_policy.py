"""The reader of trust policies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.runtime.diagnosis.fake_iam import ACCOUNT, REGION, trust, trust_statement
from vmie_runtime.diagnosis.trust_conditions import AssumeRoleCall, condition_holds
from vmie_runtime.diagnosis.trust_policy import read_trust

_CALL = AssumeRoleCall(account=ACCOUNT, region=REGION)


def _verdicts(document: Any) -> tuple[bool | None, bool | None, bool | None]:
    reading = read_trust(document, _CALL)
    return reading.assumable.holds, reading.external_id.holds, reading.source.holds


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": {"Service": ["ec2.amazonaws.com", "vmie.amazonaws.com"]}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root", "Service": "vmie.amazonaws.com"}},
        {"Action": ["sts:TagSession", "sts:AssumeRole"]},
        {"Action": "sts:*"},
        {"Action": "*"},
        {"Action": "STS:assumerole"},
        {"Condition": {"StringEquals": {"sts:Externalid": "vmimport"}}},
        {"Condition": {"StringEquals": {"sts:ExternalId": ["other", "vmimport"]}}},
        {"Condition": {"StringLike": {"sts:ExternalId": "vm*"}}},
        {"Condition": {"ForAnyValue:StringEqualsIfExists": {"sts:ExternalId": "vmimport"}}},
    ],
)
def test_trust_in_its_usual_forms_is_read(changes: dict[str, Any]) -> None:
    assert _verdicts(trust(trust_statement(**changes))) == (True, True, True)


def test_a_single_statement_needs_no_list() -> None:
    assert _verdicts({"Statement": trust_statement()}) == (True, True, True)


def test_one_statement_that_lets_the_service_in_is_enough() -> None:
    other = trust_statement(Condition={"StringEquals": {"sts:ExternalId": "another"}})
    assert _verdicts(trust(other, trust_statement())) == (True, True, True)
    assert _verdicts(trust(trust_statement(), other)) == (True, True, True)


def test_conditions_of_different_statements_do_not_add_up() -> None:
    external_id_only = trust_statement(
        Condition={"StringEquals": {"sts:ExternalId": "vmimport", "aws:SourceAccount": "999999999999"}}
    )
    source_only = trust_statement(
        Condition={"StringEquals": {"sts:ExternalId": "another", "aws:SourceAccount": ACCOUNT}}
    )
    assert False in _verdicts(trust(external_id_only, source_only))


@pytest.mark.parametrize(
    ("denial", "assumable"),
    [
        ({"Condition": {}}, False),
        ({"Condition": {"StringNotEquals": {"sts:ExternalId": "vmimport"}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}, None),
        ({"Principal": {"AWS": "*"}, "Condition": {}}, None),
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Condition": {}}, True),
        ({"Action": "sts:TagSession", "Condition": {}}, True),
    ],
)
def test_a_denial_counts_where_it_applies(denial: dict[str, Any], assumable: bool | None) -> None:
    document = trust(trust_statement(), trust_statement(Effect="Deny", **denial))
    assert _verdicts(document) == (assumable, True, True)


def test_an_external_id_asked_for_by_a_denial_is_asked_for() -> None:
    denial = trust_statement(Effect="Deny", Condition={"StringNotEquals": {"sts:ExternalId": "vmimport"}})
    assert _verdicts(trust(trust_statement(Condition={}), denial)) == (True, True, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": "*"},
        {"NotPrincipal": {"AWS": "arn:aws:iam::1:root"}},
        {"Condition": {"StringEquals": {"sts:ExternalId": "vmimport", "aws:PrincipalOrgID": "o-1"}}},
    ],
)
def test_what_the_reader_does_not_know_is_unknown(changes: dict[str, Any]) -> None:
    assert _verdicts(trust(trust_statement(**changes))) == (None, True, True)


def test_not_action_is_read() -> None:
    statement = trust_statement(NotAction="sts:TagSession")
    del statement["Action"]
    assert _verdicts(trust(statement)) == (True, True, True)


@pytest.mark.parametrize(
    ("operator", "pattern", "holds"),
    [
        ("ArnLike", f"arn:aws:vmie:*:{ACCOUNT}:*", True),
        ("ArnEquals", f"arn:aws:vmie:{REGION}:{ACCOUNT}:*", True),
        ("ArnLike", "arn:*:vmie:*:*:*", True),
        ("ArnLike", "*", True),
        ("ArnLike", f"arn:aws:vmie::{ACCOUNT}:/*", False),
        ("ArnLike", "arn:aws:vmie:*:999999999999:*", False),
        ("ArnLike", f"arn:aws:ec2:*:{ACCOUNT}:*", False),
        ("ArnLike", f"arn:aws:vmie:*:{ACCOUNT}:import-image/x", None),
        ("ArnLike", f"arn:aws:vmie:*:{ACCOUNT}", False),
        ("StringLike", f"arn:aws:vmie:*:{ACCOUNT}:*", True),
        ("StringLike", "arn:aws:vmie:*", True),
        ("StringLike", "arn:aws:vmie:us-*", False),
        ("StringLike", f"arn:aws:vmie::{ACCOUNT}:/*", False),
        ("StringEquals", f"arn:aws:vmie:*:{ACCOUNT}:*", False),
        ("StringEquals", f"arn:aws:vmie:{REGION}:{ACCOUNT}:import-image/x", None),
        ("ArnNotLike", f"arn:aws:vmie:*:{ACCOUNT}:*", False),
        ("ArnNotLike", f"arn:aws:ec2:*:{ACCOUNT}:*", True),
        ("Null", "false", True),
        ("Null", "true", False),
        ("ArnLike", "arn:aws:vmie:*:${aws:PrincipalAccount}:*", None),
        ("DateEquals", "2026-01-01", None),
    ],
)
def test_the_source_arn_is_compared_as_far_as_it_is_known(
    operator: str, pattern: str, holds: bool | None
) -> None:
    assert condition_holds(operator, "AWS:sourcearn", [pattern], _CALL) is holds


@pytest.mark.parametrize(
    ("operator", "key", "value", "holds"),
    [
        ("StringEqualsIgnoreCase", "sts:ExternalId", "VMIMPORT", True),
        ("StringNotLike", "aws:SourceAccount", "1111*", False),
        ("StringLike", "sts:ExternalId", "vm?mport", True),
        ("StringLike", "sts:ExternalId", "[v]mimport", False),
        ("Bool", "aws:PrincipalIsAWSService", "true", True),
        ("Null", "sts:ExternalId", "false", True),
        ("NumericEquals", "sts:ExternalId", "1", None),
        ("StringEquals", "aws:RequestTag/x", "y", None),
    ],
)
def test_values_are_compared_as_iam_does(operator: str, key: str, value: str, holds: bool | None) -> None:
    assert condition_holds(operator, key, [value], _CALL) is holds


_NAMES = st.sampled_from(
    ["Statement", "Effect", "Principal", "Service", "AWS", "Action", "NotAction", "Condition", "StringEquals"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.sampled_from(["Allow", "Deny", "sts:AssumeRole", "*"]),
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner),
    max_leaves=6,
)
_STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {"Effect": st.just("Allow"), "Action": _JSON, "Principal": _JSON, "Condition": _JSON}
    ),
    max_size=2,
)


@given(_JSON)
def test_any_document_is_read(document: Any) -> None:
    _verdicts(document)


@settings(max_examples=25)
@given(_STATEMENTS)
def test_any_statement_is_read(statements: list[dict[str, Any]]) -> None:
    _verdicts({"Statement": statements})
