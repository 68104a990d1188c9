"""Reading a role's trust policy: may VM Import/Export assume the role?

A small reader for the policies in use, not an IAM engine: what it does not know, it calls unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_runtime.diagnosis.trust_conditions import AssumeRoleCall, condition_holds
from vmie_runtime.policy_language import conditions_of, covers_action, quoted, statements_of, texts_of

SERVICE_PRINCIPAL = "vmie.amazonaws.com"
_ACTION = "sts:AssumeRole"
_EXTERNAL_ID = "sts:externalid"
_GARBLED_ARN = re.compile(r"arn:[^:]*:vmie::\d*:/?\*?")
_SOURCE = re.compile(r"aws:source(?:account|arn|orgid|orgpaths)$", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """Whether something holds (`None`: it cannot be told), and what was found."""

    holds: bool | None
    detail: str
    note: str = ""


@dataclass(frozen=True)
class TrustReading:
    """What a trust policy says to VM Import/Export.

    Attributes:
        assumable: The service may assume the role, conditions on external id and source apart.
        external_id: The policy asks for the external id `vmimport`.
        source: Conditions on the source account and ARN let this account and Region pass.
    """

    assumable: Verdict
    external_id: Verdict
    source: Verdict

    @property
    def _distance(self) -> int:
        """How far the reading is from letting the service in: failures weigh most."""
        weight = {True: 0, None: 1, False: 4}
        return sum(weight[verdict.holds] for verdict in (self.assumable, self.external_id, self.source))


def read_trust(document: Any, call: AssumeRoleCall) -> TrustReading:
    """Read a trust policy for one call of `sts:AssumeRole` by VM Import/Export.

    Args:
        document: The parsed `AssumeRolePolicyDocument`.
        call: From which account and Region the service calls.

    Returns:
        The reading of the statement that comes closest to letting the service in.
    """
    statements = list(statements_of(document))
    allows = [one for one in statements if one.get("Effect") == "Allow" and _addresses(one) is not False]
    if not allows:
        return TrustReading(
            Verdict(False, _whom_it_trusts(statements)),
            Verdict(None, "No statement lets the service in, so none asks for the external id."),
            Verdict(None, "No statement lets the service in, so no condition applies."),
        )
    denies = [one for one in statements if one.get("Effect") == "Deny" and _addresses(one) is not False]
    reading = min((_read_allow(one, denies, call) for one in allows), key=lambda reading: reading._distance)
    denial = _denial(denies, call)
    return TrustReading(denial or reading.assumable, reading.external_id, reading.source)


def _read_allow(
    statement: Mapping[str, Any], denies: list[Mapping[str, Any]], call: AssumeRoleCall
) -> TrustReading:
    of_external_id, of_source, others = [], [], []
    for operator, key, values in conditions_of(statement):
        verdict = condition_holds(operator, key, values, call)
        found = Verdict(
            verdict, f"The condition `{operator}` `{key}` = {quoted(values)}", _note(key, values, call)
        )
        if key.lower() == _EXTERNAL_ID:
            of_external_id.append(found)
        elif _SOURCE.match(key):
            of_source.append(found)
        else:
            others.append(found)
    if _addresses(statement) is None:
        others.append(Verdict(None, "The way in which the statement names its principal"))
    asked_by_denial = any(key.lower() == _EXTERNAL_ID for deny in denies for _, key, _ in conditions_of(deny))
    return TrustReading(
        _all(others, passed=f"It trusts {SERVICE_PRINCIPAL}"),
        _all(of_external_id, passed="It asks for the external id `vmimport`")
        if of_external_id or asked_by_denial
        else Verdict(
            False, "No condition on `sts:ExternalId` is there; the user guide's trust policy has one."
        ),
        _all(
            of_source,
            passed="Its conditions on the source match" if of_source else "It has no condition on the source",
        ),
    )


def _denial(denies: list[Mapping[str, Any]], call: AssumeRoleCall) -> Verdict | None:
    verdicts = []
    for statement in denies:
        held = [condition_holds(*condition, call) for condition in conditions_of(statement)]
        held.append(_addresses(statement))
        if all(one is True for one in held):
            return Verdict(False, f"A Deny statement keeps {SERVICE_PRINCIPAL} out.")
        if False not in held:
            verdicts.append(
                Verdict(None, "Whether a Deny statement with conditions applies cannot be told here.")
            )
    return verdicts[0] if verdicts else None


def _all(verdicts: list[Verdict], *, passed: str) -> Verdict:
    """Conditions hold together; the first that does not, or that cannot be told, is the finding."""
    for holds, words in ((False, "does not let the service in"), (None, "cannot be judged here")):
        for verdict in verdicts:
            if verdict.holds is holds:
                return Verdict(holds, f"{verdict.detail} {words}.{verdict.note}")
    return Verdict(True, f"{passed}.")


def _note(key: str, values: list[str], call: AssumeRoleCall) -> str:
    if key.lower() != "aws:sourcearn":
        presented = call.value(key)
        return f" VM Import/Export presents `{presented}`." if presented else ""
    note = f" VM Import/Export presents an ARN that begins with `{call.source_arn_prefix}`."
    if any(_GARBLED_ARN.fullmatch(value) for value in values):
        note += (
            " Some editions of the user guide print the pattern in this form, with nothing where the "
            "Region belongs; it matches no call."
        )
    return note


def _addresses(statement: Mapping[str, Any]) -> bool | None:
    """Whether a statement is about the service assuming the role, conditions apart."""
    if not covers_action(statement, _ACTION):
        return False
    if "NotPrincipal" in statement:
        return None
    principal = statement.get("Principal")
    if principal == "*":
        return None
    if not isinstance(principal, Mapping):
        return False
    if SERVICE_PRINCIPAL in texts_of(principal.get("Service", [])):
        return True
    return None if "*" in texts_of(principal.get("AWS", [])) else False


def _whom_it_trusts(statements: list[Mapping[str, Any]]) -> str:
    trusted = [
        one.get("Principal")
        for one in statements
        if one.get("Effect") == "Allow" and covers_action(one, _ACTION)
    ]
    names = [
        name
        for principal in trusted
        for name in (
            [str(principal)]
            if not isinstance(principal, Mapping)
            else [text for values in principal.values() for text in texts_of(values)]
        )
    ]
    if SERVICE_PRINCIPAL in str(statements) and not names:
        return f"It names {SERVICE_PRINCIPAL}, but no Allow statement with `{_ACTION}`."
    return f"It trusts {quoted(names)}." if names else f"No statement allows `{_ACTION}` to anybody."
