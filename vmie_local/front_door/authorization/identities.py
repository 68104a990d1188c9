"""The policies of roles and users, read through IAM's own API and kept until somebody changes them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from vmie_local.front_door.administrator import Administrator
from vmie_local.front_door.api_call import ApiCall
from vmie_local.iam_policy import PolicyDocument, parse_policy


@dataclass(frozen=True)
class Identity:
    """A role or a user.

    Attributes:
        arn: Its ARN.
        policies: Inline policies, attached ones, and a user's groups'.
        boundary: Its permissions boundary, or None.
        trust: A role's trust policy.
        tags: Its tags.
        unique_id: Its id, such as `AROA…`.
    """

    arn: str
    policies: tuple[PolicyDocument, ...] = ()
    boundary: PolicyDocument | None = None
    trust: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    unique_id: str = ""


class Identities:
    """A cache in front of IAM."""

    def __init__(self, administrator: Administrator) -> None:
        self._administrator = administrator
        self._known: dict[tuple[str, str], Identity | None] = {}
        self._generation = 0
        self._lock = threading.Lock()

    def role(self, name: str) -> Identity | None:
        """A role, or None if there is none of this name."""
        return self._get("role", name)

    def user(self, name: str) -> Identity | None:
        """A user, or None if there is none of this name."""
        return self._get("user", name)

    def role_names(self) -> list[str]:
        """The names of all roles."""
        iam = self._administrator.client("iam")
        return [role["RoleName"] for role in _all(iam, "list_roles", "Roles")]

    def managed_policy(self, arn: str) -> PolicyDocument:
        """The default version of a managed policy."""
        iam = self._administrator.client("iam")
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        return parse_policy(version["PolicyVersion"]["Document"], policy["PolicyName"])

    def note(self, call: ApiCall) -> None:
        """Forget what a call to IAM may have changed."""
        if call.operation.startswith(("Get", "List", "Simulate", "Generate")):
            return
        with self._lock:
            self._generation += 1
            for kind in ("role", "user"):
                if name := call.parameters.get(f"{kind.title()}Name"):
                    self._known.pop((kind, str(name)), None)
                    return
            self._known.clear()  # a managed policy or a group: anybody may have it

    def _get(self, kind: str, name: str) -> Identity | None:
        key = (kind, name)
        with self._lock:
            if key in self._known:
                return self._known[key]
            generation = self._generation
        found = self._read(kind, name)
        with self._lock:
            if generation == self._generation:
                self._known[key] = found
        return found

    def _read(self, kind: str, name: str) -> Identity | None:
        iam = self._administrator.client("iam")
        try:
            return self._role(iam, name) if kind == "role" else self._user(iam, name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchEntity":
                return None
            raise

    def _role(self, iam: Any, name: str) -> Identity:
        role = iam.get_role(RoleName=name)["Role"]
        policies = [
            parse_policy(iam.get_role_policy(RoleName=name, PolicyName=inline)["PolicyDocument"], inline)
            for inline in _all(iam, "list_role_policies", "PolicyNames", RoleName=name)
        ]
        attached = _all(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        return self._identity(role, policies, attached)

    def _user(self, iam: Any, name: str) -> Identity:
        user = iam.get_user(UserName=name)["User"]
        policies = [
            parse_policy(iam.get_user_policy(UserName=name, PolicyName=inline)["PolicyDocument"], inline)
            for inline in _all(iam, "list_user_policies", "PolicyNames", UserName=name)
        ]
        attached = _all(iam, "list_attached_user_policies", "AttachedPolicies", UserName=name)
        for group in _all(iam, "list_groups_for_user", "Groups", UserName=name):
            of = {"GroupName": group["GroupName"]}
            for inline in _all(iam, "list_group_policies", "PolicyNames", **of):
                document = iam.get_group_policy(PolicyName=inline, **of)["PolicyDocument"]
                policies.append(parse_policy(document, inline))
            attached += _all(iam, "list_attached_group_policies", "AttachedPolicies", **of)
        return self._identity(user, policies, attached)

    def _identity(
        self, described: Mapping[str, Any], policies: list[PolicyDocument], attached: list[Mapping[str, str]]
    ) -> Identity:
        boundary = described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return Identity(
            arn=described["Arn"],
            policies=(*policies, *(self.managed_policy(policy["PolicyArn"]) for policy in attached)),
            boundary=self.managed_policy(boundary) if boundary else None,
            trust=described.get("AssumeRolePolicyDocument", {}),
            tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
            unique_id=described.get("RoleId") or described.get("UserId", ""),
        )


def _all(iam: Any, operation: str, member: str, **given: str) -> list[Any]:
    pages = iam.get_paginator(operation).paginate(**given)
    return [item for page in pages for item in page[member]]
