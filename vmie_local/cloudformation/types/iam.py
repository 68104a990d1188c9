"""IAM roles and policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vmie_local.cloudformation.api_arguments import text
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("NoSuchEntity",)
_OWNERS = {"Roles": "Role", "Users": "User", "Groups": "Group"}


def _create_role(request: Request) -> Created:
    wanted = request.properties
    name = wanted.get("RoleName") or request.generated_name(64)
    request.api(
        "iam",
        "CreateRole",
        RoleName=name,
        AssumeRolePolicyDocument=wanted["AssumeRolePolicyDocument"],
        Path=wanted.get("Path"),
        Description=wanted.get("Description"),
        MaxSessionDuration=wanted.get("MaxSessionDuration"),
        PermissionsBoundary=wanted.get("PermissionsBoundary"),
        Tags=tags.as_list(wanted.get("Tags")),
    )
    request.made(name)
    _set_role_policies(request, name)
    return _described_role(request, name)


def _update_role(request: Request) -> Created:
    wanted, name = request.properties, request.physical_id
    if request.changed("AssumeRolePolicyDocument"):
        request.api(
            "iam",
            "UpdateAssumeRolePolicy",
            RoleName=name,
            PolicyDocument=wanted["AssumeRolePolicyDocument"],
        )
    if request.changed("Description", "MaxSessionDuration"):
        request.api(
            "iam",
            "UpdateRole",
            RoleName=name,
            Description=wanted.get("Description", ""),
            MaxSessionDuration=wanted.get("MaxSessionDuration", 3600),
        )
    if request.changed("PermissionsBoundary"):
        if boundary := wanted.get("PermissionsBoundary"):
            request.api("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
        else:
            request.tolerant(_GONE, "iam", "DeleteRolePermissionsBoundary", RoleName=name)
    if request.changed("Tags"):
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("iam", "UntagRole", RoleName=name, TagKeys=keys)
        request.api("iam", "TagRole", RoleName=name, Tags=tags.as_list(wanted.get("Tags")))
    _set_role_policies(request, name)
    return _described_role(request, name)


def _set_role_policies(request: Request, role: str) -> None:
    old, new = _inline(request.old_properties), _inline(request.properties)
    for name in sorted(set(old) - set(new)):
        request.tolerant(_GONE, "iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)
    for name, document in new.items():
        if old.get(name) != document:
            request.api("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=document)
    before, after = (
        set(one.get("ManagedPolicyArns") or []) for one in (request.old_properties, request.properties)
    )
    for arn in sorted(before - after):
        request.tolerant(_GONE, "iam", "DetachRolePolicy", RoleName=role, PolicyArn=arn)
    for arn in sorted(after - before):
        request.api("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)


def _inline(properties: dict[str, Any]) -> dict[str, Any]:
    return {one["PolicyName"]: one["PolicyDocument"] for one in properties.get("Policies") or []}


def _described_role(request: Request, name: str) -> Created:
    role = request.api("iam", "GetRole", RoleName=name)["Role"]
    return Created(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _delete_role(request: Request) -> None:
    name = request.physical_id
    if request.tolerant(_GONE, "iam", "GetRole", RoleName=name) is None:
        return
    # Only what the role's own properties brought: a policy of somebody else keeps the role, as on AWS.
    for policy in _inline(request.properties):
        request.tolerant(_GONE, "iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
    for arn in request.properties.get("ManagedPolicyArns") or []:
        request.tolerant(_GONE, "iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)
    request.tolerant(_GONE, "iam", "DeleteRole", RoleName=name)


def _put_policy(request: Request) -> Created:
    wanted, before = request.properties, request.old_properties
    renamed = request.changed("PolicyName")
    for prop, owner in _OWNERS.items():
        for name in _names(before, prop):
            if renamed or name not in _names(wanted, prop):
                _drop_policy(request, owner, name, before["PolicyName"])
        for name in _names(wanted, prop):
            request.api(
                "iam",
                f"Put{owner}Policy",
                PolicyName=wanted["PolicyName"],
                PolicyDocument=wanted["PolicyDocument"],
                **{f"{owner}Name": name},
            )
    return Created(request.physical_id or request.generated_name(64))


def _delete_policy(request: Request) -> None:
    for prop, owner in _OWNERS.items():
        for name in _names(request.properties, prop):
            _drop_policy(request, owner, name, request.properties["PolicyName"])


def _drop_policy(request: Request, owner: str, name: str, policy: str) -> None:
    request.tolerant(_GONE, "iam", f"Delete{owner}Policy", PolicyName=policy, **{f"{owner}Name": name})


def _names(properties: dict[str, Any], prop: str) -> Iterable[str]:
    return properties.get(prop) or []


def _create_managed_policy(request: Request) -> Created:
    wanted = request.properties
    policy = request.api(
        "iam",
        "CreatePolicy",
        PolicyName=wanted.get("ManagedPolicyName") or request.generated_name(128),
        Path=wanted.get("Path"),
        Description=wanted.get("Description"),
        PolicyDocument=wanted["PolicyDocument"],
    )["Policy"]
    request.made(policy["Arn"])
    _attach_managed_policy(request, policy["Arn"])
    return _described_managed_policy(request, policy["Arn"])


def _update_managed_policy(request: Request) -> Created:
    arn = request.physical_id
    if request.changed("PolicyDocument"):
        _drop_old_versions(request, arn)
        request.api(
            "iam",
            "CreatePolicyVersion",
            PolicyArn=arn,
            PolicyDocument=request.properties["PolicyDocument"],
            SetAsDefault=True,
        )
    _attach_managed_policy(request, arn)
    return _described_managed_policy(request, arn)


def _described_managed_policy(request: Request, arn: str) -> Created:
    policy = request.api("iam", "GetPolicy", PolicyArn=arn)["Policy"]
    numbers = ("AttachmentCount", "PermissionsBoundaryUsageCount")
    return Created(
        arn,
        {
            "PolicyArn": arn,
            "PolicyId": policy["PolicyId"],
            "DefaultVersionId": policy["DefaultVersionId"],
            "IsAttachable": text(policy.get("IsAttachable", True)),
            "CreateDate": policy["CreateDate"].isoformat(),
            "UpdateDate": policy["UpdateDate"].isoformat(),
            **{name: text(policy.get(name, 0)) for name in numbers},
        },
    )


def _drop_old_versions(request: Request, arn: str) -> None:
    """Make room: a policy has five versions at most, so CloudFormation keeps the default one only."""
    for version in request.api("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            request.api("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])


def _attach_managed_policy(request: Request, arn: str) -> None:
    for prop, owner in _OWNERS.items():
        before, after = set(_names(request.old_properties, prop)), set(_names(request.properties, prop))
        for name in sorted(before - after):
            request.tolerant(_GONE, "iam", f"Detach{owner}Policy", PolicyArn=arn, **{f"{owner}Name": name})
        for name in sorted(after - before):
            request.api("iam", f"Attach{owner}Policy", PolicyArn=arn, **{f"{owner}Name": name})


def _delete_managed_policy(request: Request) -> None:
    arn = request.physical_id
    for prop, owner in _OWNERS.items():
        for name in _names(request.properties, prop):
            request.tolerant(_GONE, "iam", f"Detach{owner}Policy", PolicyArn=arn, **{f"{owner}Name": name})
    if request.tolerant(_GONE, "iam", "GetPolicy", PolicyArn=arn) is not None:
        _drop_old_versions(request, arn)
        request.api("iam", "DeletePolicy", PolicyArn=arn)


TYPES = (
    ResourceType(
        name="AWS::IAM::Role",
        honours=frozenset(
            {
                "AssumeRolePolicyDocument",
                "Description",
                "ManagedPolicyArns",
                "MaxSessionDuration",
                "Path",
                "PermissionsBoundary",
                "Policies",
                "RoleName",
                "Tags",
            }
        ),
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
        replaced_by=frozenset({"RoleName", "Path"}),
        named_by="RoleName",
    ),
    ResourceType(
        name="AWS::IAM::Policy",
        honours=frozenset({"PolicyName", "PolicyDocument", *_OWNERS}),
        create=_put_policy,
        update=_put_policy,
        delete=_delete_policy,
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        honours=frozenset({"ManagedPolicyName", "PolicyDocument", "Path", "Description", *_OWNERS}),
        create=_create_managed_policy,
        update=_update_managed_policy,
        delete=_delete_managed_policy,
        replaced_by=frozenset({"ManagedPolicyName", "Path", "Description"}),
        named_by="ManagedPolicyName",
    ),
)
