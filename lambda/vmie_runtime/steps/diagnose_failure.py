"""Diagnose failure: from whatever a step raised to an error that names cause and remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import client
from vmie_runtime.diagnosis import Category, Diagnosis, diagnose_call, diagnose_task, own_failure
from vmie_runtime.diagnosis.links import finding_page
from vmie_runtime.errors import CallUnanswered, TransientServiceError
from vmie_runtime.failure_outcomes import failure_outcome
from vmie_runtime.observability import logger
from vmie_runtime.request import Status
from vmie_runtime.wiring import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_TRANSIENT = (TransientServiceError.__name__, CallUnanswered.__name__)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Turn the error that a state caught into the request's outcome."""
    failure = event["Failure"]
    raised = _raised(failure)
    status = Status(raised.get("Status", Status.TIMED_OUT if _timed_out(failure) else Status.FAILED))
    return failure_outcome(status, _diagnose(failure, raised, context.invoked_function_arn))


def _timed_out(failure: dict[str, Any]) -> bool:
    """Tell whether the state itself ran out of time, which only the one that awaits the admission can."""
    return bool(failure["Error"] == "States.Timeout")


def _raised(failure: dict[str, Any]) -> dict[str, Any]:
    """The document of a `RequestFailure`, out of the cause that Lambda and Step Functions wrapped it in."""
    try:
        message = json.loads(failure.get("Cause") or "{}").get("errorMessage", "")
        document = json.loads(message)
    except (ValueError, AttributeError, TypeError):
        return {}
    return document if isinstance(document, dict) and "Code" in document else {}


def _diagnose(failure: dict[str, Any], raised: dict[str, Any], arn: str) -> Diagnosis:
    if "Finding" in raised:
        return _of_finding(raised)
    if "StatusMessage" in raised:
        return diagnose_task(raised["StatusMessage"])
    if "AwsCode" in raised:
        call = diagnose_call(raised["Operation"], raised["AwsCode"], raised["Message"])
        return _role_diagnosis(call, raised, arn) if failure["Error"] == "ServiceRoleRejected" else call
    if _timed_out(failure):
        message = "The execution waited for its admission as long as a request may take."
        return own_failure("DeadlineExceeded", message)
    if raised:
        facts = {name: value for name, value in raised.items() if name not in ("Code", "Message", "Status")}
        diagnosis = own_failure(raised["Code"], raised["Message"], **facts)
        return replace(diagnosis, retryable=diagnosis.retryable and raised.get("Retryable", True))
    code = "ServiceUnavailable" if failure["Error"] in _TRANSIENT else "InternalError"
    return own_failure(code, f"{failure['Error']}: {str(failure.get('Cause', ''))[:2000]}")


def _of_finding(raised: dict[str, Any]) -> Diagnosis:
    """What the inspection found explains itself."""
    return Diagnosis(
        code=raised["Code"],
        category=Category.IMAGE,
        message=raised["Message"],
        cause=raised["Finding"]["Why"],
        remedy=raised["Finding"]["Remedy"],
        documentation=finding_page(raised["Code"]),
        retryable=False,
    )


def _role_diagnosis(call: Diagnosis, raised: dict[str, Any], function_arn: str) -> Diagnosis:
    from vmie_runtime.diagnosis.service_role import ServiceRole, diagnose_role_rejection, examine_service_role

    _, partition, _, region, account, *_ = function_arn.split(":")
    role = ServiceRole(
        role_name=raised.get("RoleName") or settings().service_role_name,
        account=account,
        region=region,
        partition=partition,
        bucket=raised.get("Bucket") or settings().bucket,
        key=raised.get("Key") or "",
        kms_key_arns=tuple(raised["KmsKeyArns"]),
        source_key_arns=tuple(raised["SourceKeyArns"]),
        license_configuration_arns=tuple(raised["LicenseConfigurationArns"]),
        writes=raised["Operation"] == "ExportImage",
    )
    return diagnose_role_rejection(call, examine_service_role(client("iam"), role))
