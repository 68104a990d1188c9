"""iam:SimulatePrincipalPolicy, which says what enforcement then does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.iam.roles import ACCOUNT, RoleMaker, allow, policy, refused
from vmie_local import LocalAws

IMAGES = "arn:aws:s3:::images/*"
IMAGE = "arn:aws:s3:::images/web.vmdk"
ENCRYPTED = {"Bool": {"aws:SecureTransport": "true"}}


@pytest.fixture
def iam(cloud: LocalAws) -> Any:
    return cloud.client("iam")


def simulate(iam: Any, arn: str, *actions: str, **more: Any) -> list[dict[str, Any]]:
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **more)
    assert answer["IsTruncated"] is False
    return answer["EvaluationResults"]


def test_every_action_is_simulated_on_every_resource(iam: Any, role: RoleMaker):
    statements = [
        allow(["s3:GetObject", "s3:PutObject"], IMAGES),
        {**allow("s3:PutObject", IMAGE), "Effect": "Deny", "Sid": "NeverThis"},
    ]
    importer = role(*statements, Path="/vmie/")

    results = simulate(
        iam, importer.arn, "s3:GetObject", "s3:PutObject", ResourceArns=[IMAGE, "arn:aws:s3:::other/x"]
    )

    assert [
        (result["EvalActionName"], result["EvalResourceName"], result["EvalDecision"]) for result in results
    ] == [
        ("s3:GetObject", IMAGE, "allowed"),
        ("s3:GetObject", "arn:aws:s3:::other/x", "implicitDeny"),
        ("s3:PutObject", IMAGE, "explicitDeny"),
        ("s3:PutObject", "arn:aws:s3:::other/x", "implicitDeny"),
    ]
    assert [statement["SourcePolicyId"] for statement in results[0]["MatchedStatements"]] == ["Inline"]
    assert results[1]["MatchedStatements"] == []
    assert results[0]["ResourceSpecificResults"][0]["EvalResourceDecision"] == "allowed"


def test_without_resources_the_action_is_simulated_on_all(iam: Any, role: RoleMaker):
    importer = role(allow("ec2:Describe*"), allow("s3:GetObject", IMAGES))

    results = simulate(iam, importer.arn, "ec2:DescribeImages", "s3:GetObject")

    assert [(result["EvalResourceName"], result["EvalDecision"]) for result in results] == [
        ("*", "allowed"),
        ("*", "implicitDeny"),
    ]


def test_missing_context_is_named_and_given_context_counts(iam: Any, role: RoleMaker):
    importer = role(allow("s3:GetObject", IMAGES, Condition=ENCRYPTED), allow("ec2:RunInstances"))
    entry = {
        "ContextKeyName": "aws:SecureTransport",
        "ContextKeyValues": ["true"],
        "ContextKeyType": "boolean",
    }

    (without,) = simulate(iam, importer.arn, "s3:GetObject", ResourceArns=[IMAGE])
    (given,) = simulate(iam, importer.arn, "s3:GetObject", ResourceArns=[IMAGE], ContextEntries=[entry])

    assert (without["EvalDecision"], without["MissingContextValues"]) == (
        "implicitDeny",
        ["aws:SecureTransport"],
    )
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])


def test_attached_policies_and_the_boundary_count(iam: Any, role: RoleMaker):
    importer = role()
    arn = iam.create_policy(PolicyName=importer.name, PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=importer.name, PolicyArn=arn)
    assert simulate(iam, importer.arn, "s3:GetObject")[0]["EvalDecision"] == "allowed"

    bound = iam.create_policy(PolicyName=f"{importer.name}-b", PolicyDocument=policy(allow("ec2:*")))[
        "Policy"
    ]["Arn"]
    iam.put_role_permissions_boundary(RoleName=importer.name, PermissionsBoundary=bound)

    (result,) = simulate(iam, importer.arn, "s3:GetObject")
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_results_come_in_pages(iam: Any, role: RoleMaker):
    importer = role(allow("s3:GetObject"))
    resources = [f"arn:aws:s3:::images/{number}" for number in range(7)]

    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=importer.arn,
        ActionNames=["s3:GetObject"],
        ResourceArns=resources,
        PaginationConfig={"PageSize": 3},
    )

    names = [[result["EvalResourceName"] for result in page["EvaluationResults"]] for page in pages]
    assert names == [resources[:3], resources[3:6], resources[6:]]


def test_what_is_simulated_need_not_exist_yet(iam: Any):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow("s3:*", IMAGES))], ActionNames=["s3:GetObject"], ResourceArns=[IMAGE]
    )

    assert answer["EvaluationResults"][0]["EvalDecision"] == "allowed"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/no-such-role", "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:group/operators", "InvalidInput"),
    ],
)
def test_a_source_that_is_none_is_refused(iam: Any, arn: str, code: str):
    refused(lambda: simulate(iam, arn, "s3:GetObject"), code)


def test_a_broken_policy_or_action_is_refused(iam: Any, role: RoleMaker):
    importer = role(allow("s3:GetObject"))

    refused(lambda: simulate(iam, importer.arn, "GetObject"), "InvalidInput")
    with pytest.raises(ClientError, match="PolicyInputList: The policy is no valid JSON"):
        iam.simulate_custom_policy(PolicyInputList=["{"], ActionNames=["s3:GetObject"])


def test_a_role_needs_permission_to_simulate(role: RoleMaker):
    importer = role(allow("s3:GetObject"))
    diagnosis = role(allow("iam:SimulatePrincipalPolicy", importer.arn))

    assert simulate(diagnosis.client("iam"), importer.arn, "s3:GetObject")[0]["EvalDecision"] == "allowed"
    refused(lambda: simulate(diagnosis.client("iam"), diagnosis.arn, "s3:GetObject"), "AccessDenied")


def test_the_aws_cli_prints_the_simulation(cloud: LocalAws, role: RoleMaker):
    importer = role(allow("s3:GetObject", IMAGES))
    command = [Path(sys.executable).parent / "aws", "iam", "simulate-principal-policy", "--output", "json"]
    command += ["--policy-source-arn", importer.arn, "--action-names", "s3:GetObject", "s3:PutObject"]

    answer = subprocess.run(
        [*command, "--resource-arns", IMAGE],
        env={"PATH": os.environ["PATH"], **cloud.environ()},
        capture_output=True,
        text=True,
        check=True,
    )

    decisions = [result["EvalDecision"] for result in json.loads(answer.stdout)["EvaluationResults"]]
    assert decisions == ["allowed", "implicitDeny"]
