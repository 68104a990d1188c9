"""Validate request: may this be imported, and are its disks there and readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import source_objects
from vmie_runtime.aws import client, transient_errors_named
from vmie_runtime.checks import Own, require_allowed
from vmie_runtime.checks.examination import Account, examine_account
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.moments import after
from vmie_runtime.observability import logger
from vmie_runtime.request import Request
from vmie_runtime.request_documents import duration_seconds
from vmie_runtime.request_entries import merged_document
from vmie_runtime.stages.containers import containers_of, object_of
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_s3 import S3Client


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check the request and look at its disks; hand these on to the inspection.

    Raises:
        RequestRejected: If the request cannot be done, or its owner may not ask for it.
        RequestFailure: If a disk is gone or another one.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.find_request(table)
    if request is None:
        raise RequestRejected(
            "RequestNotOpen", "This execution was started for a request that does not wait."
        )
    account = context.invoked_function_arn.split(":")[4]
    times = _times(request, step.now)
    table.update(request.id, {"execution_arn": step.execution_arn, **times})
    if request.superseded:
        raise RequestFailure(
            "SourceChanged",
            f"{request.label} was overwritten before its import began; "
            "the newer object has a request of its own.",
        )
    own, document = _own(account), merged_document(request, settings().import_defaults)
    require_allowed(document, settings().allowed, own)
    # What an earlier stage has read must still be the same when the last one ends.
    disks = request.disks if request.stage else _examine_disks(request, client("s3"))
    changes: dict[str, Any] = {"disks": disks}
    if request.stage == 0:  # What a later stage made has its name already.
        _require_free_name(request)
        reached = Account(ec2=client("ec2"), kms=client("kms"), sts=client("sts"))
        advice = examine_account(document, reached, settings().allowed, own)
        changes["advice"] = [each.to_document() for each in advice]
    table.update(request.id, changes)
    return {"Disks": disks, "Region": settings().region}


def _times(request: Request, now: str) -> dict[str, str]:
    """When the request began and must have ended, by the execution's own time.

    The reconciler admits with the time of whatever woke it; an event may have lain in the queue for days.
    """
    most = settings().deadline_seconds
    asked = duration_seconds(str(request.options.get("Deadline", ""))) or most
    if asked > most:
        raise RequestRejected(
            "DeadlineTooLong",
            f"Vmie.Deadline is {request.options['Deadline']}; the stack's own deadline is {most} seconds.",
            seconds=most,
        )
    if request.task_id is not None and request.started_at is not None:
        return {}
    return {"started_at": now, "deadline_at": after(now, asked)}


def _own(account: str) -> Own:
    defaults = settings().import_defaults
    return Own(
        bucket=settings().bucket,
        region=settings().region,
        account=account,
        role_name=settings().service_role_name,
        default_kms_key=defaults.get("KmsKeyId"),
        encrypted_by_owner=bool(defaults.get("Encrypted")),
    )


def _examine_disks(request: Request, s3: S3Client) -> list[dict[str, Any]]:
    own = settings().bucket
    disks = []
    for container in containers_of(request.operation, request.parameters):
        address = object_of(container, own)
        if address is None:
            continue
        is_dropped = (
            request.source is not None and address.key == request.source.key and address.bucket == own
        )
        disks.append(
            source_objects.examine_disk(
                s3,
                address,
                format_=str(container.get("Format", "")).upper(),
                dropped=request.source if is_dropped else None,
            )
        )
        if address.bucket == own and not source_objects.tag_with_request(s3, address, request.id):
            logger.warning("The source object could not be tagged", extra={"request_id": request.id})
    return disks


def _require_free_name(request: Request) -> None:
    """Refuse a name that an AMI of the account has: better now than after the import.

    Raises:
        RequestRejected: If the name is taken.
    """
    name = request.options.get("Name") or request.options.get("RegisterImage", {}).get("Name")
    if name is None:
        return
    try:
        with transient_errors_named():
            found = client("ec2").describe_images(
                Owners=["self"], Filters=[{"Name": "name", "Values": [_literal(name)]}]
            )["Images"]
    except ClientError:
        logger.exception("Names of images could not be looked at")
        return
    if found:
        raise RequestRejected(
            "ImageNameTaken", f"The AMI {found[0]['ImageId']} is called {name!r} already.", name=name
        )


def _literal(name: str) -> str:
    """A name as a filter of EC2 takes it literally: `*`, `?` and the backslash have a meaning there."""
    return "".join(f"\\{character}" if character in "*?\\" else character for character in name)
