"""Findings of cdk-nag that are meant to be: each is acknowledged beside its resource, with its reason.

Nothing here needs cdk-nag; an app without it carries the reasons as metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import jsii
from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct, IValidation

NIST, HIPAA, PCI, SERVERLESS = "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321", "Serverless"
AWS_SOLUTIONS = "AwsSolutions"
_CHILD = "VmieWildcardReasons"
OWN_POLICY = "The policy holds one role's permissions and is made, changed and deleted with that role."


def acknowledge(scope: IConstruct, rule: str, packs: Iterable[str], reason: str) -> None:
    """Acknowledge one rule, under the names that the packs give it, for a construct and all below it."""
    Validations.of(scope).acknowledge(
        *(Acknowledgment(id=f"{pack}::{pack}-{rule}", reason=reason) for pack in packs)
    )


def explain_wildcards(
    role: iam.IRole, *, reason: str, resources: Iterable[str] = (), actions: Iterable[str] = ()
) -> None:
    """Say why a role's policy holds wildcards, and that it is inline because it is that role's own.

    Args:
        role: The role.
        reason: Why nothing narrower works.
        resources: Resources as the policy has them; those without a wildcard are passed over.
        actions: Likewise actions.
    """
    stack = Stack.of(role)
    known = stack.node.try_find_child(_CHILD) or _WildcardReasons(stack)
    assert isinstance(known, _WildcardReasons)  # noqa: S101
    known.add(role, "Resource", resources, reason)
    known.add(role, "Action", actions, reason)


@jsii.implements(IValidation)
class _WildcardReasons(Construct):
    """Acknowledges the wildcards of a stack's roles when the tree is validated.

    By then references between stacks have got their final form, which is the form that cdk-nag compares.
    """

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, _CHILD)
        self._reasons: dict[str, tuple[iam.IRole, dict[tuple[str, str], str]]] = {}
        self.node.add_validation(self)

    def add(self, role: iam.IRole, kind: str, patterns: Iterable[str], reason: str) -> None:
        """Remember a reason; what has one already gets both."""
        _, reasons = self._reasons.setdefault(role.node.path, (role, {}))
        for pattern in patterns:
            known = reasons.get((kind, pattern), "")
            if reason not in known:
                reasons[kind, pattern] = f"{known} {reason}".strip()

    def validate(self) -> list[str]:
        """Acknowledge; there is nothing that could be wrong."""
        stack = Stack.of(self)
        for role, reasons in self._reasons.values():
            if any(isinstance(child, iam.Policy) for child in role.node.children):
                acknowledge(role, "IAMNoInlinePolicy", (NIST, HIPAA, PCI), OWN_POLICY)
            for (kind, pattern), reason in reasons.items():
                text = _flattened(stack.resolve(pattern))
                if "*" in text:
                    acknowledge(role, f"IAM5[{kind}::{text}]", (AWS_SOLUTIONS,), reason)
        return []


def _flattened(value: Any) -> str:
    """Render a resolved value as cdk-nag names it in a finding: `<LogicalId.Arn>/*`."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, items]}:
            return str(delimiter).join(_flattened(item) for item in items)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return _flattened(name)
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return json.dumps(value, separators=(",", ":"))
