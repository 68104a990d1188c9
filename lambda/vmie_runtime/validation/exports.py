"""May a request be exported, and can what it names be."""

from __future__ import annotations

from typing import Any

from vmie_runtime.aws import client
from vmie_runtime.checks import Own, require_allowed
from vmie_runtime.checks.exports.examination import Reach, examine_export
from vmie_runtime.request import Request
from vmie_runtime.request_entries import merged_document
from vmie_runtime.wiring import requests_table, settings


def validate_export(request: Request, function_arn: str) -> dict[str, Any]:
    """Check an export and look at what it names.

    Args:
        request: The request.
        function_arn: The invoked function's, of the stack's account.

    Returns:
        What is to be written down of the request.

    Raises:
        RequestRejected: If it cannot be done, or its owner may not ask for it.
    """
    own = Own(
        bucket=settings().bucket,
        region=settings().region,
        account=function_arn.split(":")[4],
        role_name=settings().service_role_name,
    )
    document = merged_document(request, {})
    require_allowed(document, settings().allowed, own)
    if request.stage or request.task_id is not None:
        return {}  # It runs or has ended already: what keeps another export from starting is of no matter.
    reach = Reach(ec2=client("ec2"), s3=client("s3"), sts=client("sts"), requests=requests_table())
    volume, advice = examine_export(document, reach, own)
    return {"volume_size": volume.size, "advice": [each.to_document() for each in advice]}
