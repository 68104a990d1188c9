"""What is true of every policy."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vmie_local.iam_policy import Outcome, evaluate, grants_action

ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "ec2:ImportImage", "iam:PassRole"])
ACTION_PATTERNS = st.one_of(
    ACTIONS, st.sampled_from(["*", "s3:*", "s3:Get*", "ec2:Import?mage", "IAM:passrole"])
)
RESOURCES = st.sampled_from(["arn:aws:s3:::images/web.vmdk", "arn:aws:iam::123456789012:role/vmimport", "*"])
RESOURCE_PATTERNS = st.one_of(RESOURCES, st.sampled_from(["arn:aws:s3:::images/*", "arn:aws:iam::*:role/*"]))
CONDITIONS = st.sampled_from(
    [{}, {"Bool": {"aws:SecureTransport": "true"}}, {"StringLike": {"aws:PrincipalTag/team": "w*"}}]
)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={"aws:SecureTransport": st.booleans(), "aws:PrincipalTag/team": st.sampled_from(["web", "api"])},
)


def _effect(effect: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "Effect": st.just(effect),
            "Action": st.lists(ACTION_PATTERNS, min_size=1, max_size=3),
            "Resource": st.lists(RESOURCE_PATTERNS, min_size=1, max_size=3),
            "Condition": CONDITIONS,
        }
    )


STATEMENTS = st.one_of(_effect("Allow"), _effect("Deny"))
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=4).map(
    lambda statements: {"Version": "2012-10-17", "Statement": statements}
)


@given(st.lists(DOCUMENTS, max_size=3), ACTIONS, RESOURCES, CONTEXTS)
def test_a_further_allow_never_takes_anything_away(
    documents: list[Any], action: str, resource: str, context: dict[str, Any]
) -> None:
    before = evaluate(documents, action, resource, context)
    more = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}

    after = evaluate([*documents, more], action, resource, context)

    assert after.outcome is (
        Outcome.EXPLICIT_DENY if before.outcome is Outcome.EXPLICIT_DENY else Outcome.ALLOWED
    )


@given(st.lists(DOCUMENTS, max_size=3), ACTIONS, RESOURCES, CONTEXTS)
def test_nothing_survives_a_deny_of_everything(
    documents: list[Any], action: str, resource: str, context: dict[str, Any]
) -> None:
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}

    assert evaluate([deny, *documents], action, resource, context).outcome is Outcome.EXPLICIT_DENY


@given(st.permutations(range(4)), st.lists(STATEMENTS, min_size=4, max_size=4), ACTIONS, RESOURCES, CONTEXTS)
def test_the_order_and_the_grouping_of_statements_do_not_matter(
    order: list[int], statements: list[Any], action: str, resource: str, context: dict[str, Any]
) -> None:
    together = {"Version": "2012-10-17", "Statement": statements}
    apart = [{"Version": "2012-10-17", "Statement": statements[index]} for index in order]

    one, other = evaluate([together], action, resource, context), evaluate(apart, action, resource, context)

    assert one.outcome is other.outcome


@given(st.lists(DOCUMENTS, max_size=3), ACTIONS, RESOURCES, CONTEXTS)
def test_what_decided_agrees_with_the_decision(
    documents: list[Any], action: str, resource: str, context: dict[str, Any]
) -> None:
    decision = evaluate(documents, action, resource, context)

    effects = {statement.effect for statement in decision.statements}
    assert (
        effects
        == {
            Outcome.ALLOWED: {"Allow"},
            Outcome.EXPLICIT_DENY: {"Deny"},
            Outcome.IMPLICIT_DENY: set(),
        }[decision.outcome]
    )


@given(st.text(alphabet="ab:*?", max_size=8), st.text(alphabet="AB:ab", max_size=8))
def test_action_wildcards_are_those_of_a_shell_without_case(pattern: str, action: str) -> None:
    expected = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", ".")

    assert grants_action(pattern, action) is (re.fullmatch(expected, action.lower()) is not None)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_tag_value_widens_a_pattern(before: str, value: str, after: str) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}",
        },
    }
    key = before + after

    decision = evaluate([document], "s3:GetObject", f"arn:aws:s3:::b/{key}", {"aws:PrincipalTag/team": value})

    assert decision.allowed is (key == value)
