"""May this caller do this?"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vmie_local.clock import Clock
from vmie_local.front_door.api_call import ApiCall, ApiError
from vmie_local.front_door.authorization import denial
from vmie_local.front_door.authorization.context import RequestContext, is_modelled
from vmie_local.front_door.authorization.identities import Identities, Identity
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.front_door.authorization.resources import Resources
from vmie_local.front_door.authorization.tables import row_for
from vmie_local.iam_policy import (
    Decision,
    Outcome,
    PolicyDocument,
    PolicyError,
    evaluate,
    may_assume,
    parse_policy,
)

_log = logging.getLogger(__name__)

_EXEMPT_ROLES = "cdk-"
_ANYBODY = {("sts", "AssumeRoleWithSAML"), ("sts", "AssumeRoleWithWebIdentity")}


@dataclass(frozen=True)
class Check:
    """One requirement and what the policies say about it.

    Attributes:
        action: The IAM action.
        resource: Its resource.
        outcome: What they say.
        statement: The statement that decided, in words, or None.
        reason: Why not, as the error message puts it; empty where allowed.
    """

    action: str
    resource: str
    outcome: Outcome
    statement: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a call.

    Attributes:
        decision: `unlimited` where no policy applies to the caller.
        checks: What was checked.
        error: What a denied caller reads.
    """

    decision: Literal["allowed", "denied", "unlimited"]
    checks: tuple[Check, ...] = ()
    error: ApiError | None = None


UNLIMITED = Verdict("unlimited")


def is_exempt(role_name: str) -> bool:
    """Whether a role is one of the CDK bootstrap's, whose policies are not ours to prove."""
    return role_name.startswith(_EXEMPT_ROLES)


class Authorizer:
    """Evaluates identity policies, permissions boundaries and session policies.

    Attributes:
        unmodelled: Condition keys that a role's policies ask for and that the local AWS does not know, by
            role.
    """

    def __init__(self, identities: Identities, resources: Resources, clock: Clock) -> None:
        self._identities, self._resources, self._clock = identities, resources, clock
        self.unmodelled: dict[str, set[str]] = {}

    def judge(self, call: ApiCall) -> Verdict:
        """Whether the caller may make this call."""
        principal = call.principal
        if principal.is_administrator or (call.service, call.operation) in _ANYBODY:
            return UNLIMITED
        if principal.role_name and is_exempt(principal.role_name):
            return UNLIMITED
        if principal.arn == "*":
            return Verdict("denied", error=denial.error(call, "Access Denied"))
        identity = self._identity(call)
        if identity is None:
            text = f"The security token included in the request is invalid: {principal.arn} does not exist."
            return Verdict("denied", error=ApiError("InvalidClientTokenId", text, 403))
        row = row_for(call.service, call.operation)
        if row is None:
            return Verdict("denied", error=denial.unknown_operation(call))
        return self._verdict(call, identity, row(call))

    def judge_requirement(self, call: ApiCall, requirement: Requirement) -> Verdict:
        """Whether the caller could do something else as well."""
        identity = self._identity(call)
        return UNLIMITED if identity is None else self._verdict(call, identity, [requirement])

    def _identity(self, call: ApiCall) -> Identity | None:
        if call.principal.role_name:
            return self._identities.role(call.principal.role_name)
        return self._identities.user(call.principal.user_name) if call.principal.user_name else None

    def _verdict(self, call: ApiCall, identity: Identity, requirements: Iterable[Requirement]) -> Verdict:
        checks = []
        for requirement in map(self._resolved, requirements):
            check = self._check(call, identity, requirement)
            checks.append(check)
            if check.outcome is not Outcome.ALLOWED:
                refusal = denial.refusal(call, check.action, check.resource, check.reason)
                return Verdict("denied", tuple(checks), refusal)
        return Verdict("allowed", tuple(checks))

    def _resolved(self, requirement: Requirement) -> Requirement:
        """The requirement with the resource that an alias or a role's bare name stands for."""
        service, resource = requirement.action.partition(":")[0], requirement.resource
        if service == "kms" and ":alias/" in resource:
            alias = resource.partition(":alias/")[2]
            context = {**requirement.context, "kms:RequestAlias": f"alias/{alias}"}
            return Requirement(requirement.action, self._resources.key_arn(resource), context)
        if service == "iam" and ":role/" in resource and not resource.endswith("*"):
            role = self._identities.role(resource.rpartition("/")[2])
            if role is not None:
                return dataclasses.replace(requirement, resource=role.arn)
        return requirement

    def _check(self, call: ApiCall, identity: Identity, requirement: Requirement) -> Check:
        action, resource = requirement.action, requirement.resource
        context = RequestContext(
            call, requirement, identity, self._resources, now=self._clock.iso(call.at or None)
        )
        try:
            layers = [("identity-based", identity.policies)]
            if identity.boundary is not None:
                layers.append(("permissions boundary", (identity.boundary,)))
            if call.principal.session_policies:
                layers.append(("session", tuple(map(parse_policy, call.principal.session_policies))))
            decided = [
                (name, self._evaluate(call, policies, requirement, context)) for name, policies in layers
            ]
        except PolicyError as error:
            return Check(
                action, resource, Outcome.IMPLICIT_DENY, None, f"because a policy is broken: {error}"
            )
        if action == "sts:AssumeRole":
            decided = self._with_trust(call, identity, requirement, context, decided)
        for outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY):
            for name, decision in decided:
                if decision.outcome is outcome:
                    statement = str(decision.statement) if decision.statement else None
                    return Check(action, resource, outcome, statement, _reason(name, action, outcome))
        return Check(action, resource, Outcome.ALLOWED, str(decided[0][1].statement))

    def _evaluate(
        self,
        call: ApiCall,
        policies: tuple[PolicyDocument, ...],
        requirement: Requirement,
        context: RequestContext,
    ) -> Decision:
        decision = evaluate(policies, requirement.action, requirement.resource, context)
        name = call.principal.role_name or call.principal.user_name or ""
        known = self.unmodelled.setdefault(name, set())
        for key in decision.missing_context:
            if not is_modelled(key) and key not in known:
                known.add(key)
                _log.warning("A policy of %s asks for %s, which the local AWS does not know.", name, key)
        return decision

    def _with_trust(
        self,
        call: ApiCall,
        identity: Identity,
        requirement: Requirement,
        context: RequestContext,
        decided: list[tuple[str, Decision]],
    ) -> list[tuple[str, Decision]]:
        """What the target's trust policy says; one that names the caller makes identity policies unneeded."""
        target = self._identities.role(requirement.resource.rpartition("/")[2])
        if target is None:
            return [("trust", Decision(Outcome.IMPLICIT_DENY))]
        caller = identity.arn if call.principal.role_name else call.principal.arn
        trust = may_assume(target.trust, caller, context)
        if trust.allowed and not trust.by_account and decided[0][1].outcome is Outcome.IMPLICIT_DENY:
            return [("trust", trust), *decided[1:]]
        return [("trust", trust), *decided]


def _reason(layer: str, action: str, outcome: Outcome) -> str:
    if action == "sts:AssumeRole":
        return ""  # STS does not tell which of the two sides refused
    what = layer if layer == "permissions boundary" else f"{layer} policy"
    if outcome is Outcome.EXPLICIT_DENY:
        return f"with an explicit deny in {'an' if layer.startswith('i') else 'a'} {what}"
    return f"because no {what} allows the {action} action"
