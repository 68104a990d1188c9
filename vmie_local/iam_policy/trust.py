"""Policies that say who may: trust policies of roles, and policies of resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vmie_local.iam_policy.conditions import Context
from vmie_local.iam_policy.document import (
    PolicyDocument,
    Statement,
    parse_resource_policy,
    parse_trust_policy,
)
from vmie_local.iam_policy.evaluation import (
    Decision,
    conditions_hold,
    covers_action,
    covers_resource,
    decide,
)

_CANONICAL_USER = re.compile("[0-9a-f]{64}")
_SESSION = re.compile(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/(.+)")


def may_assume(
    trust_document: PolicyDocument | str | Mapping[str, Any],
    principal: str,
    context: Mapping[str, Any] | None = None,
    *,
    action: str = "sts:AssumeRole",
) -> Decision:
    """Whether a role's trust policy lets a principal assume the role.

    Args:
        trust_document: The role's `AssumeRolePolicyDocument`.
        principal: A service such as `vmie.amazonaws.com`, the ARN of a user, role, role session or root
            user, or the ARN of an identity provider.
        context: The condition keys of the request, such as `{"sts:ExternalId": "vmimport",
            "aws:SourceAccount": "123456789012"}`. Default: none.
        action: `sts:AssumeRole`, or one of its relatives with SAML, a web identity, session tags.

    Returns:
        The decision. Its `by_account` tells that the account is trusted rather than this principal in it, so
        that the principal's identity policies have to allow the call as well.

    Raises:
        PolicyError: If the document is no trust policy.
    """
    document = trust_document
    if not isinstance(document, PolicyDocument):
        document = parse_trust_policy(document)
    return _decide(document, principal, action, None, context)


def evaluate_resource_policy(
    document: PolicyDocument | str | Mapping[str, Any],
    principal: str,
    action: str,
    resource: str,
    context: Mapping[str, Any] | None = None,
) -> Decision:
    """What a policy that is attached to a resource, such as a key policy, says about a principal.

    Args:
        document: The policy.
        principal: As in `may_assume`, or the canonical user id of an account.
        action: The IAM action.
        resource: The ARN of the resource.
        context: The condition keys of the request. Default: none.

    Returns:
        The decision, with `by_account` as in `may_assume`.

    Raises:
        PolicyError: If the document is no policy of a resource.
    """
    if not isinstance(document, PolicyDocument):
        document = parse_resource_policy(document)
    return _decide(document, principal, action, resource, context)


def _decide(
    document: PolicyDocument,
    principal: str,
    action: str,
    resource: str | None,
    context: Mapping[str, Any] | None,
) -> Decision:
    known = Context({} if context is None else context)
    applying = [
        statement
        for statement in document.statements
        if covers_action(statement, action)
        and _covers_principal(statement, principal)
        and (resource is None or covers_resource(statement, resource, known))
        and conditions_hold(statement, known)
    ]
    decision = decide(applying, known)
    if decision.allowed and not any(_names(statement, principal) for statement in decision.statements):
        return Decision(decision.outcome, decision.statements, decision.missing_context, by_account=True)
    return decision


def _covers_principal(statement: Statement, principal: str) -> bool:
    if statement.principals is not None:
        return _among(statement.principals, principal, whole_accounts=True)
    return not _among(statement.not_principals or {}, principal, whole_accounts=True)


def _names(statement: Statement, principal: str) -> bool:
    if statement.principals is None:
        return True
    return _among(statement.principals, principal, whole_accounts=False)


def _among(principals: Mapping[str, tuple[str, ...]], principal: str, *, whole_accounts: bool) -> bool:
    if _CANONICAL_USER.fullmatch(principal):
        return principal in principals.get("CanonicalUser", ()) or "*" in principals.get("AWS", ())
    if not principal.startswith("arn:"):
        return any(given in ("*", principal) for given in principals.get("Service", ()))
    names = _names_of(principal)
    if names & set(principals.get("Federated", ())):
        return True
    for given in principals.get("AWS", ()):
        if given == "*" or given in names:
            return True
        if whole_accounts and _account(given) == principal.split(":")[4]:
            return True
    return False


def _names_of(principal: str) -> set[str]:
    """What a policy may call a principal: a role session goes by its role too, whatever the role's path."""
    names = {principal}
    if session := _SESSION.fullmatch(principal):
        partition, account, role, _ = session.groups()
        names.add(f"arn:{partition}:iam::{account}:role/{role}")
    return names


def _account(given: str) -> str | None:
    """The account that a principal such as `123456789012` or `arn:aws:iam::123456789012:root` stands for."""
    if re.fullmatch(r"\d{12}", given):
        return given
    found = re.fullmatch(r"arn:[^:]+:iam::(\d{12}):root", given)
    return found.group(1) if found else None
