"""All checks of one export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.default_encryption import read_default_encryption
from vmie_runtime.checks.exports.buckets import require_writable_bucket
from vmie_runtime.checks.exports.images import require_exportable_image
from vmie_runtime.checks.exports.instances import require_exportable_instance
from vmie_runtime.checks.exports.interim import Requests
from vmie_runtime.checks.exports.volumes import Volume
from vmie_runtime.checks.narrowing import Document, Own
from vmie_runtime.checks.security_token_service import require_active

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_s3 import S3Client
    from types_boto3_sts import STSClient


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The account that an export runs in, by its clients.

    Attributes:
        ec2: EC2 in its Region.
        s3: S3.
        sts: STS in its Region, on the regional endpoint.
        requests: The requests of the pipeline, imports among them where they share a table.
    """

    ec2: EC2Client
    s3: S3Client
    sts: STSClient
    requests: Requests


def examine_export(document: Document, reach: Reach, own: Own) -> tuple[Volume, list[Advice]]:
    """Look at what is to be exported, and where to.

    Args:
        document: The request.
        reach: The account.
        own: What is the stack's own.

    Returns:
        The volume that is going to be exported, and what its owner should know.

    Raises:
        RequestRejected: For what is known to fail, with the first reason.
    """
    if document.operation == "ExportImage":
        image_id = document.parameters["ImageId"]
        volume, advice = require_exportable_image(reach.ec2, image_id, own.account, reach.requests)
    else:
        volume, advice = require_exportable_instance(
            reach.ec2,
            document.parameters["InstanceId"],
            own.account,
            allow_reboot=bool(document.options.get("AllowReboot")),
        )
    bucket = require_writable_bucket(
        reach.s3, own.bucket, operation=document.operation, region=own.region, account=own.account
    )
    advice = [*advice, *bucket, *_advise_on_default_encryption(reach.ec2, own.region)]
    require_active(reach.sts, own.region)
    return volume, advice


def _advise_on_default_encryption(ec2: EC2Client, region: str) -> Iterator[Advice]:
    if read_default_encryption(ec2).enabled:
        yield Advice(
            code="EncryptionByDefault",
            message=f"The account encrypts every new EBS volume and snapshot in {region} by default. What is "
            "exported here is not encrypted yet; what is imported or launched from now on will be, and "
            "cannot be exported. Whether the temporary snapshot of an export is affected, AWS does not say.",
            remedy="Where the task fails, or what it is for must stay exportable, use a Region or an account "
            "that does not encrypt by default (`aws ec2 disable-ebs-encryption-by-default`).",
        )
