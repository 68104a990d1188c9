"""Inspect image: read it by ranges before EC2 spends half an hour on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_images import Finding, Inspection, Severity, Verdict, inspect_container
from vmie_runtime.aws import client
from vmie_runtime.image_source import S3ImageSource
from vmie_runtime.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# A state's output holds 256 KiB (Step Functions quotas): thousands of partitions must not reach it.
_MOST_FINDINGS = 50
_MOST_DISKS = 25
_MOST_PARTITIONS = 50


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Inspect the source.

    Returns:
        `Inspection`, and `Rejection` where ImportImage would refuse the image. Doubt rejects nothing.
    """
    source: dict[str, Any] = event["Source"]
    inspection = inspect_container(
        S3ImageSource(
            client("s3"),
            bucket=source["Bucket"],
            key=source["Key"],
            etag=source["ETag"],
            size=source["Size"],
        ),
        name=source["Key"].rsplit("/", 1)[-1],
        expected=source["Format"],
    )
    answer: dict[str, Any] = {"Inspection": bounded(inspection.to_document())}
    if inspection.verdicts["image"] is Verdict.REJECTED:
        answer["Rejection"] = _rejection(inspection, source)
    return answer


def bounded(document: dict[str, Any]) -> dict[str, Any]:
    """An inspection's document of a size that states and results can carry; what is left out is counted."""
    findings, disks = document["Findings"], document["Disks"]
    left_out = max(0, len(findings) - _MOST_FINDINGS) + max(0, len(disks) - _MOST_DISKS)
    short = {**document, "Findings": findings[:_MOST_FINDINGS], "Disks": []}
    for disk in disks[:_MOST_DISKS]:
        partitions = disk["Partitions"]
        left_out += max(0, len(partitions) - _MOST_PARTITIONS)
        short["Disks"].append({**disk, "Partitions": partitions[:_MOST_PARTITIONS]})
    if left_out:
        short["LeftOut"] = left_out
    return short


def _rejection(inspection: Inspection, source: dict[str, Any]) -> dict[str, Any]:
    worst = _decisive(inspection.findings)
    document = worst.to_document()
    return {
        "Code": worst.code,
        "Message": f"{source['Key']!r} cannot be imported: {worst.found}.",
        "Facts": {"Finding": {"Why": document["Why"], "Remedy": document["Remedy"]}},
    }


def _decisive(findings: list[Finding]) -> Finding:
    return next((finding for finding in findings if finding.severity is Severity.ERROR), findings[0])
