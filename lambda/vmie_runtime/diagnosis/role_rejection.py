"""From EC2's one message about the service role, and its examination, to one diagnosis."""

from __future__ import annotations

from dataclasses import replace

from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.diagnosis.model import Diagnosis
from vmie_runtime.diagnosis.role_examination import RoleCheck, RoleExamination


def diagnose_role_rejection(call: Diagnosis, examination: RoleExamination) -> Diagnosis:
    """Name the first check that failed; where none did, rank what remains.

    Args:
        call: The diagnosis of the call that EC2 rejected; its message is kept.
        examination: The examination of the role that went along.

    Returns:
        A diagnosis under the code of the first check that failed, or under `ServiceRoleRejected`.
    """
    first = examination.first_failure
    if first is None:
        return _undecided(call, examination)
    others = [check for check in examination.failed if check is not first]
    diagnosis = BY_CODE[first.code].diagnose(call.message, {})
    cause = f"{diagnosis.cause} {first.detail}"
    remedy = first.remedy
    if others:
        cause += f" Failed too: {_details(others)}"
        # Checks of the trust policy share one remedy.
        more = dict.fromkeys(check.remedy for check in others if check.remedy != first.remedy)
        remedy = " Then: ".join([remedy, *more])
    return replace(diagnosis, cause=cause, remedy=remedy)


def _undecided(call: Diagnosis, examination: RoleExamination) -> Diagnosis:
    row = BY_CODE["ServiceRoleRejected"].diagnose(call.message, {})
    name = examination.role.role_name
    cause = f"EC2 rejected the service role {name}."
    if examination.passed:
        cause += f" Checked and found right: {'; '.join(check.name for check in examination.passed)}."
    if examination.unknown:
        cause += f" Not to be told: {_details(examination.unknown)}"
    cause += " Which of the causes that remain it is, neither EC2 nor IAM tells."
    causes = examination.remaining_causes
    ranked = " ".join(f"({number}) {text}" for number, text in enumerate(causes, start=1))
    repairs = dict.fromkeys(check.remedy for check in examination.unknown if check.remedy)
    remedy = " ".join([f"Likeliest first: {ranked}", *(f"To tell more: {repair}" for repair in repairs)])
    return replace(row, cause=cause, remedy=remedy)


def _details(checks: list[RoleCheck] | tuple[RoleCheck, ...]) -> str:
    return " ".join(f"{check.name}: {check.detail}" for check in checks)
