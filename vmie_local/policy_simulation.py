"""IAM's policy simulator: SimulatePrincipalPolicy and SimulateCustomPolicy, which moto lacks.

It evaluates identity policies and permissions boundaries, as the real one does for calls within an account;
it does not know service control policies, and gives no positions of matched statements. Which keys the real
one lists as missing is documented only roughly: here it is the keys in the conditions of the statements that
are about the simulated action and resource.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from vmie_local.front_door.api_call import ApiCall, ApiError
from vmie_local.front_door.authorization import Identities, Identity
from vmie_local.iam_policy import (
    Decision,
    Outcome,
    PolicyDocument,
    PolicyError,
    Statement,
    evaluate,
    parse_policy,
    relevant_keys,
)

if TYPE_CHECKING:
    from vmie_local.front_door import FrontDoor

_PAGE: Final = 100


class PolicySimulation:
    """Handlers of the two operations."""

    def __init__(self, front_door: FrontDoor) -> None:
        """Register the handlers.

        Args:
            front_door: Takes the handlers and knows the roles' policies.
        """
        self._identities: Identities = front_door.identities
        front_door.register("iam", "SimulatePrincipalPolicy", self._simulate_principal)
        front_door.register("iam", "SimulateCustomPolicy", self._simulate_custom)

    def _simulate_principal(self, call: ApiCall) -> Mapping[str, Any]:
        identity = self._identity(call.parameters["PolicySourceArn"])
        policies = [*identity.policies, *_given(call.parameters, "PolicyInputList")]
        boundary = _given(call.parameters, "PermissionsBoundaryPolicyInputList")
        if not boundary and identity.boundary is not None:
            boundary = [identity.boundary]
        return _results(call.parameters, policies, boundary)

    def _simulate_custom(self, call: ApiCall) -> Mapping[str, Any]:
        policies = _given(call.parameters, "PolicyInputList")
        return _results(
            call.parameters, policies, _given(call.parameters, "PermissionsBoundaryPolicyInputList")
        )

    def _identity(self, arn: str) -> Identity:
        kind, _, path = arn.rpartition(":")[2].partition("/")
        name = path.rpartition("/")[2]
        if kind not in ("role", "user"):
            raise ApiError(
                "InvalidInput", f"PolicySourceArn must be the ARN of a role or user, which {arn} is not."
            )
        identity = self._identities.role(name) if kind == "role" else self._identities.user(name)
        if identity is None or identity.arn != arn:
            raise ApiError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
        return identity


def _given(parameters: Mapping[str, Any], member: str) -> list[PolicyDocument]:
    try:
        return [
            parse_policy(text, f"{member}.{number}")
            for number, text in enumerate(parameters.get(member, []), 1)
        ]
    except PolicyError as error:
        raise ApiError("InvalidInput", f"{member}: {error}") from error


def _results(
    parameters: Mapping[str, Any], policies: Sequence[PolicyDocument], boundary: Sequence[PolicyDocument]
) -> Mapping[str, Any]:
    context = _context(parameters.get("ContextEntries", []))
    pairs = [
        (action, resource)
        for action in parameters.get("ActionNames", [])
        for resource in parameters.get("ResourceArns") or ["*"]
    ]
    first, most = _page(parameters)
    page = pairs[first : first + most]
    results = [_result(action, resource, policies, boundary, context) for action, resource in page]
    truncated = first + most < len(pairs)
    marker = {"Marker": str(first + most)} if truncated else {}
    return {"EvaluationResults": results, "IsTruncated": truncated, **marker}


def _page(parameters: Mapping[str, Any]) -> tuple[int, int]:
    marker = str(parameters.get("Marker", "0"))
    if not marker.isdecimal():
        raise ApiError("InvalidInput", f"Marker must come from an earlier answer, which {marker!r} does not.")
    return int(marker), int(parameters.get("MaxItems", _PAGE))


def _context(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {entry["ContextKeyName"]: entry.get("ContextKeyValues", []) for entry in entries}


def _result(
    action: str,
    resource: str,
    policies: Sequence[PolicyDocument],
    boundary: Sequence[PolicyDocument],
    context: Mapping[str, Any],
) -> dict[str, Any]:
    if ":" not in action:
        raise ApiError("InvalidInput", f"Invalid Entity Action: {action}")
    decision = evaluate(policies, action, resource, context)
    bounds = evaluate(boundary, action, resource, context) if boundary else None
    outcome = _combined(decision, bounds)
    given = {key.lower() for key, values in context.items() if values}
    asked = relevant_keys([*policies, *boundary], action, resource)
    missing = sorted(key for key in asked if key.lower() not in given)
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": str(outcome),
        "MatchedStatements": [_matched(statement) for statement in decision.statements],
        "MissingContextValues": missing,
    }
    if bounds is not None:
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bounds.allowed}
    if resource != "*":
        result["ResourceSpecificResults"] = [
            {
                "EvalResourceName": resource,
                "EvalResourceDecision": str(outcome),
                "MatchedStatements": result["MatchedStatements"],
                "MissingContextValues": missing,
            }
        ]
    return result


def _combined(decision: Decision, bounds: Decision | None) -> Outcome:
    outcomes = {decision.outcome} | ({bounds.outcome} if bounds else set())
    for outcome in (Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY):
        if outcome in outcomes:
            return outcome
    return Outcome.ALLOWED


def _matched(statement: Statement) -> dict[str, str]:
    return {"SourcePolicyId": statement.policy, "SourcePolicyType": "IAM Policy"}
