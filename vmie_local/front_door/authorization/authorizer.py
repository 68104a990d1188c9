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
from vmie_local.front_door.authorization.encryption import EncryptionKeys
from vmie_local.front_door.authorization.identities import Identities, Identity
from vmie_local.front_door.authorization.layers import Layer, Layers
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.front_door.authorization.resources import Resources
from vmie_local.front_door.authorization.tables import row_for
from vmie_local.iam_policy import Outcome, PolicyError

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

    def __init__(
        self, identities: Identities, resources: Resources, keys: EncryptionKeys, clock: Clock
    ) -> None:
        self._identities, self._resources, self._keys, self._clock = identities, resources, keys, clock
        self._layers = Layers(identities, keys)
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
        try:
            identity = self._identity(call)
        except PolicyError as error:
            text = f"A policy of {principal.arn} cannot be evaluated: {error}"
            return Verdict("denied", error=denial.error(call, text))
        if identity is None:
            text = f"The security token included in the request is invalid: {principal.arn} does not exist."
            return Verdict("denied", error=ApiError("InvalidClientTokenId", text, 403))
        row = row_for(call.service, call.operation)
        if row is None:
            return Verdict("denied", error=denial.unknown_operation(call))
        needed = list(row(call))
        return self._verdict(call, identity, [*needed, *self._keys.requirements(call, needed)])

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
            return Requirement(requirement.action, self._keys.key_arn(resource), context)
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
            layers = self._layers.of(call, identity, requirement, context)
        except PolicyError as error:
            reason = f"because a policy is broken: {error}"
            return Check(action, resource, Outcome.IMPLICIT_DENY, None, reason)
        self._note_unmodelled(call, layers)
        for outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY):
            for layer in layers:
                if layer.decision.outcome is outcome:
                    statement = str(layer.decision.statement) if layer.decision.statement else None
                    return Check(action, resource, outcome, statement, _reason(layer.name, action, outcome))
        own = next((layer for layer in layers if layer.name.startswith("identity")), layers[0])
        return Check(action, resource, Outcome.ALLOWED, str(own.decision.statement))

    def _note_unmodelled(self, call: ApiCall, layers: Iterable[Layer]) -> None:
        name = call.principal.role_name or call.principal.user_name or ""
        known = self.unmodelled.setdefault(name, set())
        for key in {key for layer in layers for key in layer.decision.missing_context}:
            if not is_modelled(key) and key not in known:
                known.add(key)
                _log.warning("A policy of %s asks for %s, which the local AWS does not know.", name, key)


def _reason(layer: str, action: str, outcome: Outcome) -> str:
    if action == "sts:AssumeRole":
        return ""  # STS does not tell which of the two sides refused
    if outcome is Outcome.EXPLICIT_DENY:
        return f"with an explicit deny in {'an' if layer.startswith('i') else 'a'} {layer}"
    return f"because no {layer} allows the {action} action"
