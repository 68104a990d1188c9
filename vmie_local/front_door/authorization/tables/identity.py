"""AWS IAM and AWS STS."""

from __future__ import annotations

from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import (
    Requirement,
    Row,
    Table,
    anywhere,
    no_permission,
    on_member,
    role_arn,
    tag_context,
)


def _role(action: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        return (Requirement(f"iam:{action}", role_arn(call, str(call.parameters.get("RoleName", "*")))),)

    return row


def _assume_role(call: ApiCall) -> Iterable[Requirement]:
    given = call.parameters
    context = {"sts:RoleSessionName": given.get("RoleSessionName"), **tag_context(given.get("Tags"))}
    if external_id := given.get("ExternalId"):
        context["sts:ExternalId"] = external_id
    yield Requirement("sts:AssumeRole", str(given["RoleArn"]), context)
    if given.get("Tags"):
        yield Requirement("sts:TagSession", str(given["RoleArn"]), context)


IAM: Table = {
    "GetPolicy": on_member("iam:GetPolicy", "PolicyArn"),
    "GetPolicyVersion": on_member("iam:GetPolicyVersion", "PolicyArn"),
    "GetRole": _role("GetRole"),
    "GetRolePolicy": _role("GetRolePolicy"),
    "ListAttachedRolePolicies": _role("ListAttachedRolePolicies"),
    "ListPolicies": anywhere("iam:ListPolicies"),
    "ListRolePolicies": _role("ListRolePolicies"),
    "ListRoleTags": _role("ListRoleTags"),
    "ListRoles": anywhere("iam:ListRoles"),
    "SimulateCustomPolicy": anywhere("iam:SimulateCustomPolicy"),
    "SimulatePrincipalPolicy": on_member("iam:SimulatePrincipalPolicy", "PolicySourceArn"),
}

STS: Table = {
    "AssumeRole": _assume_role,
    "GetCallerIdentity": no_permission,
    "GetSessionToken": no_permission,
}
