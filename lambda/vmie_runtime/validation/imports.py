"""May a request be imported, and are its disks there and readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import source_objects
from vmie_runtime.aws import client, transient_errors_named
from vmie_runtime.checks import Own, require_allowed
from vmie_runtime.checks.examination import Account, examine_account
from vmie_runtime.checks.narrowing import require_placement
from vmie_runtime.errors import RequestRejected
from vmie_runtime.observability import logger
from vmie_runtime.request import Request
from vmie_runtime.request_entries import merged_document
from vmie_runtime.stages.containers import containers_of, object_of
from vmie_runtime.stages.manifests import require_disk_objects
from vmie_runtime.stages.plan import stages_of
from vmie_runtime.validation.tags import require_room_for_tags
from vmie_runtime.wiring import settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def validate_import(request: Request, function_arn: str) -> dict[str, Any]:
    """Check an import and look at its disks.

    Args:
        request: The request, at whatever stage it starts again.
        function_arn: The invoked function's, of the stack's partition and account.

    Returns:
        What is to be written down of the request.

    Raises:
        RequestRejected: If it cannot be done, or its owner may not ask for it.
        RequestFailure: If a disk is gone or another one.
    """
    _, partition, _, _, account, *_ = function_arn.split(":")
    own, document = _own(account), merged_document(request, settings().import_defaults)
    require_allowed(document, settings().allowed, own)
    require_placement(document, settings().allowed)
    require_room_for_tags(request.parameters, request.options, settings().import_defaults.get("Tags", {}))
    # What an earlier stage has read must still be the same when the last one ends.
    disks = request.disks if request.stage else _examine_disks(request, client("s3"))
    if any(stage.has_manifest for stage in stages_of(request)):
        require_disk_objects(request, disks, own.bucket)
    changes: dict[str, Any] = {"disks": disks}
    if request.stage == 0:  # What a later stage made has its name already.
        _require_free_name(request)
        reached = Account(
            ec2=client("ec2"),
            kms=client("kms"),
            sts=client("sts"),
            partition=partition,
            starting_role=settings().starting_role,
        )
        advice = examine_account(document, reached, settings().allowed, own)
        changes["advice"] = [each.to_document() for each in advice]
    return changes


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
    options = request.options
    named = [options, *(options.get(maker, {}) for maker in ("RegisterImage", "CreateImage"))]
    name = next((each["Name"] for each in named if "Name" in each), None)
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
