"""What a stage's call becomes that EC2 refused: who has to act on it, and may it be made again."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.aws import client, error_code, error_message
from vmie_runtime.diagnosis import diagnose_call
from vmie_runtime.errors import RequestFailure, ServiceRoleRejected, TagNotSeenYet, TaskQuotaExceeded
from vmie_runtime.request_entries import merged_document
from vmie_runtime.stages.stage import Stage, Work

# Both are the quota of tasks where the call starts one: the newer operations answer with the first, the
# older ones with the second (docs/errors.md).
_QUOTA_CODES = ("ResourceCountLimitExceeded", "ResourceLimitExceeded")
# What a later call does not meet any more, as the catalogue reads code and text.
_PASSING = ("TaskQuotaExceeded", "SnapshotsUnderWay")
# In the guide's wording, old and new: "The service role <name> [provided] does not exist or does not have …".
_ROLE_REFUSED = "service role"
_NOT_ALLOWED = "UnauthorizedOperation"


def refusal(error: ClientError, stage: Stage, work: Work, source_keys: list[str]) -> Exception:
    """What is raised in place of EC2's answer.

    Args:
        error: The answer.
        stage: Whose call it was.
        work: The request.
        source_keys: ARNs of the KMS keys that its disks are encrypted with.

    Returns:
        `TaskQuotaExceeded`, `ServiceRoleRejected`, `TagNotSeenYet` or the `RequestFailure` that ends it.
    """
    code, message = error_code(error), error_message(error)
    operation = error.operation_name or stage.operation
    if _passes_by_itself(stage, operation, code, message):
        return TaskQuotaExceeded(message)
    facts: dict[str, Any] = {"Operation": operation, "AwsCode": code}
    if code == "InvalidParameter" and _ROLE_REFUSED in message:
        return ServiceRoleRejected(code, message, **facts, **_of_role(work, source_keys))
    if code == _NOT_ALLOWED and work.request.stage:
        # What the earlier stages made was marked a moment ago, and a policy asks for that mark.
        return TagNotSeenYet(code, message, **facts)
    return RequestFailure(code, message, **facts)


def _passes_by_itself(stage: Stage, operation: str, code: str, message: str) -> bool:
    """Tell a quota of what runs at the moment from one that stays used up until somebody acts."""
    if (stage.is_import_task or stage.is_export_task) and code in _QUOTA_CODES:
        return True
    return diagnose_call(operation, code, message).code in _PASSING


def _of_role(work: Work, source_keys: list[str]) -> dict[str, Any]:
    """What the examination of the role has to know of the request."""
    request = work.request
    disk = request.disks[0] if request.disks else {}
    parameters = merged_document(request, work.settings.import_defaults).parameters
    licences = [each.get("LicenseConfigurationArn") for each in parameters.get("LicenseSpecifications", [])]
    key = _key_arn(parameters.get("KmsKeyId"))
    return {
        "Bucket": disk.get("Bucket"),
        "Key": disk.get("Key"),
        "RoleName": request.role_name,
        "SourceKeyArns": source_keys,
        "KmsKeyArns": [key] if key else [],
        "LicenseConfigurationArns": [each for each in licences if each],
    }


def _key_arn(key: str | None) -> str | None:
    """The ARN of a key, however it is named: policies know no ids and aliases."""
    if key is None or ":key/" in key:
        return key
    try:
        return str(client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])
    except (BotoCoreError, ClientError):
        return None  # What cannot be looked at is not examined; the role's other permissions are.
