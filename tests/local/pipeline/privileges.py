"""What the app's roles were granted, and what of it their calls have used."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.local.pipeline.harness import Pipeline

# Action -> why it is granted although no local run can use it: AWS's own services use it in the role's name,
# past the endpoint that the local AWS watches.
USED_BY_AWS_ITSELF = {
    "logs:CreateLogStream": "Lambda writes a function's log with the function's role",
    "logs:PutLogEvents": "Lambda writes a function's log with the function's role",
    "xray:PutTelemetryRecords": "Lambda and Step Functions send traces with the role",
    "xray:PutTraceSegments": "Lambda and Step Functions send traces with the role",
    "xray:GetSamplingRules": "Step Functions asks what to trace with the role",
    "xray:GetSamplingTargets": "Step Functions asks what to trace with the role",
    "logs:CreateLogDelivery": "Step Functions sets up its log with the role; the CDK grants it on *",
    "logs:GetLogDelivery": "as logs:CreateLogDelivery",
    "logs:UpdateLogDelivery": "as logs:CreateLogDelivery",
    "logs:DeleteLogDelivery": "as logs:CreateLogDelivery",
    "logs:ListLogDeliveries": "as logs:CreateLogDelivery",
    "logs:PutResourcePolicy": "as logs:CreateLogDelivery",
    "logs:DescribeResourcePolicies": "as logs:CreateLogDelivery",
    "logs:DescribeLogGroups": "as logs:CreateLogDelivery",
    "sqs:GetQueueAttributes": "Lambda reads the queue's attributes for the event source mapping",
    "sqs:GetQueueUrl": "granted by the CDK with every event source mapping",
    "sqs:ChangeMessageVisibility": "Lambda returns failed messages of a batch for the event source mapping",
}


def granted_actions(pipeline: Pipeline, role_part: str = "") -> dict[str, set[str]]:
    """The actions that the stack's roles hold, but for the service role, whose permissions are AWS's guide's.

    Args:
        pipeline: The deployed stack.
        role_part: Only roles whose name has this part. Default: all.
    """
    iam = pipeline.cloud.client("iam")
    stack = pipeline.table.partition("-")[0]
    granted: dict[str, set[str]] = {}
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            if not name.startswith(f"{stack}-") or role_part not in name or name == pipeline.service_role:
                continue
            granted[name] = {
                action
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                for statement in iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"][
                    "Statement"
                ]
                for action in _as_list(statement["Action"])
            }
    return granted


def unused_actions(pipeline: Pipeline, granted: dict[str, set[str]]) -> dict[str, set[str]]:
    """Those of the granted actions that no call has used and no list excuses, by role."""
    with urllib.request.urlopen(f"{pipeline.cloud.endpoint}/_vmie/iam") as answer:
        roles: dict[str, Any] = json.loads(answer.read())["Roles"]
    unused = {
        role: actions
        - {use["Action"] for use in roles.get(role, {"Used": []})["Used"]}
        - set(USED_BY_AWS_ITSELF)
        for role, actions in granted.items()
    }
    return {role: actions for role, actions in unused.items() if actions}


def denied_calls(pipeline: Pipeline) -> dict[str, list[dict[str, Any]]]:
    """The calls of the stack's roles that policies denied.

    Two rounds may remove the same at once: what is gone has no tag that a policy could allow by.
    """
    with urllib.request.urlopen(f"{pipeline.cloud.endpoint}/_vmie/iam") as answer:
        roles: dict[str, Any] = json.loads(answer.read())["Roles"]
    stack = pipeline.table.partition("-")[0]
    denied = {
        role: [use for use in uses["Denied"] if not _is_gone(pipeline, use)]
        for role, uses in roles.items()
        if role.startswith(f"{stack}-")
    }
    return {role: uses for role, uses in denied.items() if uses}


def _is_gone(pipeline: Pipeline, use: dict[str, Any]) -> bool:
    if use["Action"] not in ("ec2:DeregisterImage", "ec2:DeleteSnapshot"):
        return False
    kind, _, resource_id = use["Resource"].rpartition(":")[2].partition("/")
    if kind == "image":
        return resource_id not in {each["ImageId"] for each in pipeline.images()}
    found = pipeline.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    return resource_id not in {each["SnapshotId"] for each in found}


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
