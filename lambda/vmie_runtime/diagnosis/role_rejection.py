"""From EC2's one message about the service role, and its examination, to one diagnosis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.diagnosis.model import Diagnosis
from vmie_runtime.diagnosis.role_examination import RoleCheck, RoleExamination
from vmie_runtime.diagnosis.role_remedies import mend_permissions


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
    diagnosis = BY_CODE[first.code].diagnose(call.message, {})
    cause = f"{diagnosis.cause} {first.detail}"
    others = [check for check in examination.failed if check is not first]
    if others:
        cause += f" Failed too: {_details(others)}"
    return replace(diagnosis, cause=cause, remedy=_mend_all(examination))


def _mend_all(examination: RoleExamination) -> str:
    """One remedy for each policy that has to change: the trust policy, and what the role is allowed."""
    # Checks of the trust policy share one remedy.
    repairs = list(dict.fromkeys(check.remedy for check in examination.failed if check.missing is None))
    if missing := [check.missing for check in examination.failed if check.missing is not None]:
        repairs.append(mend_permissions(examination.role, *missing))
    return " Then: ".join(repairs)


def _undecided(call: Diagnosis, examination: RoleExamination) -> Diagnosis:
    row = BY_CODE["ServiceRoleRejected"].diagnose(call.message, {})
    cause = f"EC2 rejected the service role {examination.role.role_name}."
    if examination.passed:
        cause += f" Checked and found right: {'; '.join(check.name for check in examination.passed)}."
    if examination.unknown:
        cause += f" It cannot be told whether {_details(examination.unknown)}"
    cause += " Which of the causes that remain it is, neither EC2 nor IAM tells."
    causes = enumerate(examination.remaining_causes, start=1)
    ranked = " ".join(f"({number}) {text}" for number, text in causes)
    repairs = dict.fromkeys(check.remedy for check in examination.unknown)
    remedy = " ".join([f"Likeliest first: {ranked}", *(f"To tell more: {repair}" for repair in repairs)])
    return replace(row, cause=cause, remedy=remedy)


def _details(checks: Iterable[RoleCheck]) -> str:
    """Each finding once, with the names of the checks that came to it."""
    names: dict[str, list[str]] = {}
    for check in checks:
        names.setdefault(check.detail, []).append(check.name)
    return " ".join(f"{'; '.join(found)}: {detail}" for detail, found in names.items())
