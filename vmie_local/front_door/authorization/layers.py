"""The kinds of policies that have a say about one requirement, and what each of them says."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.context import RequestContext
from vmie_local.front_door.authorization.encryption import EncryptionKeys
from vmie_local.front_door.authorization.identities import Identities, Identity
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.iam_policy import (
    Decision,
    Outcome,
    evaluate,
    evaluate_resource_policy,
    may_assume,
    parse_policy,
)


@dataclass(frozen=True)
class Layer:
    """One kind of policy and its decision.

    Attributes:
        name: `identity-based policy`, `permissions boundary`, …, as error messages name it.
        decision: What these policies say.
    """

    name: str
    decision: Decision


class Layers:
    """Evaluates every layer: each of them must allow.

    A role's trust policy and a key's policy have a say about that role and key; one that names the caller
    makes an identity-based policy unneeded, one that names the account does not.
    """

    def __init__(self, identities: Identities, keys: EncryptionKeys) -> None:
        self._identities, self._keys = identities, keys

    def of(
        self, call: ApiCall, identity: Identity, requirement: Requirement, context: RequestContext
    ) -> list[Layer]:
        """What each layer says.

        Raises:
            PolicyError: If a policy is broken.
        """
        action, resource = requirement.action, requirement.resource
        layers = [Layer("identity-based policy", evaluate(identity.policies, action, resource, context))]
        if identity.boundary is not None:
            bounds = evaluate([identity.boundary], action, resource, context)
            layers.append(Layer("permissions boundary", bounds))
        if call.principal.session_policies:
            session = map(parse_policy, call.principal.session_policies)
            layers.append(Layer("session policy", evaluate(session, action, resource, context)))
        side = self._of_resource(call, identity, requirement, context)
        if side is None:
            return layers
        named = side.decision.allowed and not side.decision.by_account
        if named and layers[0].decision.outcome is Outcome.IMPLICIT_DENY:
            del layers[0]
        return [side, *layers]

    def _of_resource(
        self, call: ApiCall, identity: Identity, requirement: Requirement, context: RequestContext
    ) -> Layer | None:
        action, resource = requirement.action, requirement.resource
        caller = identity.arn if call.principal.role_name else call.principal.arn
        if action == "sts:AssumeRole":
            target = self._identities.role(resource.rpartition("/")[2])
            if target is None:
                return Layer("trust policy", Decision(Outcome.IMPLICIT_DENY))
            return Layer("trust policy", may_assume(target.trust, caller, context))
        policy = self._keys.policy(resource) if action.startswith("kms:") and ":key/" in resource else None
        if policy is None:
            return None
        decision = evaluate_resource_policy(policy, caller, action, resource, context)
        return Layer("resource-based policy", decision)
