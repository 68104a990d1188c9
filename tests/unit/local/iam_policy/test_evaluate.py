"""Identity policies, case by case as the IAM user guide tells them."""

from __future__ import annotations

from typing import Any

import pytest

from vmie_local.iam_policy import Outcome, evaluate, parse_policy

ALLOWED, DENIED, NOTHING = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
IMAGES = "arn:aws:s3:::images/web.vmdk"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        pytest.param([], NOTHING, id="nothing says nothing"),
        pytest.param([allow()], ALLOWED, id="allow"),
        pytest.param([deny()], DENIED, id="deny"),
        pytest.param([allow(), deny()], DENIED, id="deny wins over an earlier allow"),
        pytest.param([deny(), allow()], DENIED, id="deny wins over a later allow"),
        pytest.param([allow(), deny("s3:PutObject")], ALLOWED, id="deny of something else"),
        pytest.param([allow("s3:PutObject")], NOTHING, id="allow of something else"),
        pytest.param([allow(["s3:PutObject", "s3:GetObject"])], ALLOWED, id="one of several actions"),
        pytest.param([allow("S3:getobject")], ALLOWED, id="the case of an action does not matter"),
        pytest.param([allow("s3:Get*")], ALLOWED, id="wildcard at the end"),
        pytest.param([allow("s3:*Object")], ALLOWED, id="wildcard in front"),
        pytest.param([allow("s3:Get?bject")], ALLOWED, id="question mark is one character"),
        pytest.param([allow("s3:Get?Object")], NOTHING, id="question mark is not none"),
        pytest.param([allow("*")], ALLOWED, id="every action"),
        pytest.param([allow("s3:GetObjectVersion")], NOTHING, id="a longer name is another action"),
        pytest.param([allow(resource=IMAGES)], ALLOWED, id="the resource"),
        pytest.param([allow(resource="arn:aws:s3:::Images/*")], NOTHING, id="the case of a resource matters"),
        pytest.param([allow(resource="arn:aws:s3:::images/*")], ALLOWED, id="objects of the bucket"),
        pytest.param([allow(resource="arn:aws:s3:::images")], NOTHING, id="the bucket is not its objects"),
        pytest.param([allow(resource="arn:aws:s3:::*/*.vmdk")], ALLOWED, id="several wildcards"),
        pytest.param([allow(resource="arn:aws:s3:*:*:images/*")], ALLOWED, id="wildcards match empty parts"),
        pytest.param([allow(resource="arn:aws:*:images/*")], NOTHING, id="a wildcard stays in its part"),
        pytest.param([allow(resource="arn:aws:s3*")], ALLOWED, id="a last wildcard reaches further"),
    ],
)
def test_effect_action_and_resource(statements: list[dict[str, Any]], outcome: Outcome) -> None:
    documents = [policy(statement) for statement in statements]

    assert evaluate(documents, "s3:GetObject", IMAGES).outcome is outcome
    if statements:
        assert evaluate([policy(*statements)], "s3:GetObject", IMAGES).outcome is outcome


@pytest.mark.parametrize(
    ("statement", "action", "resource", "outcome"),
    [
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "s3:GetObject", IMAGES, ALLOWED),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "iam:GetRole", "*", NOTHING),
        ({"Effect": "Deny", "NotAction": ["s3:*", "sts:*"], "Resource": "*"}, "sts:AssumeRole", "*", NOTHING),
        ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, "ec2:RunInstances", "*", DENIED),
        (
            {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::images/*"},
            "s3:GetObject",
            IMAGES,
            NOTHING,
        ),
        (
            {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"},
            "s3:GetObject",
            IMAGES,
            DENIED,
        ),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"]},
            "s3:GetObject",
            IMAGES,
            ALLOWED,
        ),
        (allow("ec2:Describe*"), "ec2:DescribeImages", "*", ALLOWED),
        (allow("ec2:Describe*", "arn:aws:ec2:*:*:image/*"), "ec2:DescribeImages", "*", NOTHING),
        (
            allow("states:*", "arn:aws:states:us-east-1:1:execution:*:run"),
            "states:StopExecution",
            "arn:aws:states:us-east-1:1:execution:Import:run",
            ALLOWED,
        ),
        (
            allow("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:Poll"),
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:1:function:Poll:3",
            NOTHING,
        ),
        (
            allow("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:Poll:*"),
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:1:function:Poll:3",
            ALLOWED,
        ),
    ],
)
def test_the_complement_elements_and_real_arns(
    statement: dict[str, Any], action: str, resource: str, outcome: Outcome
) -> None:
    assert evaluate([policy(statement)], action, resource).outcome is outcome


@pytest.mark.parametrize(
    ("written", "context", "outcome"),
    [
        ("arn:aws:s3:::images/${aws:username}/*", {"aws:username": "ada"}, ALLOWED),
        ("arn:aws:s3:::images/${AWS:UserName}/*", {"aws:username": "ada"}, ALLOWED),
        ("arn:aws:s3:::images/${aws:username}/*", {"aws:username": "bob"}, NOTHING),
        ("arn:aws:s3:::images/${aws:username}/*", {}, NOTHING),
        ("arn:aws:s3:::images/${aws:username}/*", {"aws:username": "*"}, NOTHING),
        ("arn:aws:s3:::images/${aws:PrincipalTag/team}/*", {"aws:PrincipalTag/team": "ada"}, ALLOWED),
        ("arn:aws:s3:::images/${aws:PrincipalTag/team, 'ada'}/*", {}, ALLOWED),
        ("arn:aws:s3:::images/${aws:PrincipalTag/team, 'bob'}/*", {"aws:PrincipalTag/team": "ada"}, ALLOWED),
        ("arn:aws:s3:::images/${aws:TagKeys}/*", {"aws:TagKeys": ["ada", "bob"]}, NOTHING),
        ("arn:aws:s3:::images/a${?}a/*", {}, NOTHING),
    ],
)
def test_variables_in_resources(written: str, context: dict[str, Any], outcome: Outcome) -> None:
    decision = evaluate(
        [policy(allow(resource=written))], "s3:GetObject", "arn:aws:s3:::images/ada/1", context
    )

    assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("written", "key", "outcome"),
    [
        ("a${*}b", "a*b", ALLOWED),
        ("a${*}b", "axb", NOTHING),
        ("a${?}", "a?", ALLOWED),
        ("${$}", "$", ALLOWED),
    ],
)
def test_escaped_wildcards_are_characters(written: str, key: str, outcome: Outcome) -> None:
    document = policy(allow(resource=f"arn:aws:s3:::images/{written}"))

    assert evaluate([document], "s3:GetObject", f"arn:aws:s3:::images/{key}").outcome is outcome


def test_a_complement_whose_variable_has_no_value_excludes_nothing():
    statement = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::images/${aws:username}"}

    assert evaluate([policy(statement)], "s3:GetObject", "arn:aws:s3:::images/ada").outcome is DENIED


def test_the_old_version_of_the_language_knows_no_variables():
    document = policy(allow(resource="arn:aws:s3:::images/${aws:username}"), version="2008-10-17")

    assert (
        evaluate([document], "s3:GetObject", "arn:aws:s3:::images/ada", {"aws:username": "ada"}).outcome
        is NOTHING
    )
    assert evaluate([document], "s3:GetObject", "arn:aws:s3:::images/${aws:username}").outcome is ALLOWED


def test_a_decision_names_the_statements_that_made_it():
    reading = parse_policy(policy(allow(), deny("s3:Put*"), allow("s3:*", Sid="Everything")), "Reading")

    decision = evaluate([reading], "s3:GetObject", IMAGES)

    assert [str(statement) for statement in decision.statements] == [
        "statement 1 of Reading",
        "statement Everything of Reading",
    ]
    assert str(evaluate([reading], "s3:PutObject", IMAGES).statement) == "statement 2 of Reading"
    assert evaluate([reading], "ec2:RunInstances", "*").statement is None


def test_a_decision_tells_which_keys_were_asked_for_in_vain():
    document = policy(
        allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "web", "aws:SourceIp": "10.0.0.1"}})
    )

    decision = evaluate([document], "s3:GetObject", IMAGES, {"aws:SourceIp": "10.0.0.1"})

    assert decision.missing_context == {"aws:PrincipalTag/team"}
