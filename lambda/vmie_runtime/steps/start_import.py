"""Start import: one ImportImage per attempt, however often this step runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import object_keys, source_objects
from vmie_runtime.aws import client, error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestFailure, RequestRejected, ServiceRoleRejected, TaskQuotaExceeded
from vmie_runtime.import_tasks import ec2_tags, tags_of
from vmie_runtime.observability import logger
from vmie_runtime.polling import poll_interval
from vmie_runtime.request import Request
from vmie_runtime.settings import Settings
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_ec2 import EC2Client

_QUOTA_CODES = ("ResourceCountLimitExceeded", "ResourceLimitExceeded")
# In the guide's wording, old and new: "The service role <name> [provided] does not exist or does not have …".
_ROLE_REFUSED = "service role"


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Keep the inspection, start the task and write its id down.

    Raises:
        RequestRejected: If the inspection found what cannot be imported.
        RequestFailure: If the source changed or EC2 refuses the call.
        ServiceRoleRejected: If EC2 refuses the service role.
        TaskQuotaExceeded: If EC2 runs as many tasks as it may.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.require_request(table)
    if request.task_id is None:
        _keep_inspection(event["Inspected"], request)
        head = source_objects.require_unchanged(client("s3"), request.source)
        source_keys = [head["SSEKMSKeyId"]] if "SSEKMSKeyId" in head else []
        task_id = _import_image(client("ec2"), request, settings(), source_keys)
        table.update(request.id, {"task_id": task_id, "changed_at": step.now})
    return {"PollAfter": poll_interval(0)}


def _keep_inspection(inspected: dict[str, Any], request: Request) -> None:
    requests_table().update(request.id, {"inspection": inspected["Inspection"]})
    if rejection := inspected.get("Rejection"):
        raise RequestRejected(rejection["Code"], rejection["Message"], **rejection["Facts"])


def _import_image(ec2: EC2Client, request: Request, configured: Settings, source_keys: list[str]) -> str:
    try:
        with transient_errors_named():
            answer = ec2.import_image(**_parameters(request, configured))
    except ClientError as error:
        code, message = error_code(error), error_message(error)
        if code in _QUOTA_CODES:
            raise TaskQuotaExceeded(message) from error
        facts = {"Operation": "ImportImage", "AwsCode": code}
        if code == "InvalidParameter" and _ROLE_REFUSED in message:
            raise ServiceRoleRejected(
                code, message, **facts, Key=request.source.key, SourceKeyArns=source_keys
            ) from error
        raise RequestFailure(code, message, **facts) from error
    return answer["ImportTaskId"]


def _parameters(request: Request, configured: Settings) -> Any:
    defaults = dict(configured.import_defaults)
    tags = {**defaults.pop("Tags", {}), **tags_of(request, configured.requests_table)}
    container = {
        "Format": object_keys.image_format(request.source.key).lower(),
        "UserBucket": {"S3Bucket": request.source.bucket, "S3Key": request.source.key},
    }
    return {
        "Description": f"Imported from s3://{request.source.bucket}/{request.source.key}"[:255],
        **defaults,
        "DiskContainers": [container],
        "RoleName": configured.service_role_name,
        "ClientToken": request.client_token,
        "TagSpecifications": [{"ResourceType": "import-image-task", "Tags": ec2_tags(tags)}],
    }
