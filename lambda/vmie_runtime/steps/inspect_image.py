"""Inspect image: read it by ranges before EC2 spends half an hour on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vmie_images import ImageFile, Severity, inspect_containers
from vmie_runtime.aws import client
from vmie_runtime.image_source import S3ImageSource
from vmie_runtime.object_keys import file_name
from vmie_runtime.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# A state's output holds 256 KiB (Step Functions quotas), an item of DynamoDB 400 KB. Counted as the table
# keeps it: what is not ASCII is escaped.
_MOST_BYTES = 128 * 1024
_MOST_DISKS = 25
# Findings, partitions per disk, volumes per disk: as many as fit.
_MOST_PARTS = (50, 10, 2, 0)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Inspect the disks of a request as one machine.

    Returns:
        `Inspection`; nothing where the request names no object to look at.
    """
    disks: list[dict[str, Any]] = event["Disks"]
    if not disks:
        return {}
    inspection = inspect_containers([_file(disk) for disk in disks], region=event["Region"])
    return {"Inspection": bounded(inspection.to_document())}


def _file(disk: dict[str, Any]) -> ImageFile:
    source = S3ImageSource(
        client("s3"), bucket=disk["Bucket"], key=disk["Key"], etag=disk["ETag"], size=disk["Size"]
    )
    return ImageFile(source, file_name(disk["Key"]), disk["Format"] or None, source.checksum())


def bounded(document: dict[str, Any]) -> dict[str, Any]:
    """An inspection's document of a size that states and the requests table can carry.

    What is left out is counted as `LeftOut`.
    """
    for most in _MOST_PARTS:
        short = _shortened(document, most)
        if len(json.dumps(short)) <= _MOST_BYTES:
            return short
    # What the guest says in lists is as long as it likes; findings and verdicts are what matters.
    guest = document["Guest"]
    if guest is not None:
        guest = {name: value for name, value in guest.items() if not isinstance(value, list | dict)}
    return {**short, "Guest": guest}


def _shortened(document: dict[str, Any], most: int) -> dict[str, Any]:
    findings, disks = document["Findings"], document["Disks"]
    if len(findings) > most:
        findings = _decisive(findings, most)
    left_out = len(document["Findings"]) - len(findings) + max(0, len(disks) - _MOST_DISKS)
    short = {**document, "Findings": findings, "Disks": []}
    for disk in disks[:_MOST_DISKS]:
        parts = {name: disk[name] for name in ("Partitions", "LogicalVolumes")}
        left_out += sum(max(0, len(each) - most) for each in parts.values())
        short["Disks"].append({**disk, **{name: each[:most] for name, each in parts.items()}})
    if left_out:
        short["LeftOut"] = left_out
    return short


def _decisive(findings: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """As many findings as asked for, in front one for each method that the findings reject, however few."""
    rejected = dict.fromkeys(method for finding in findings for method in finding.get("Rejects", ()))
    reasons = {
        next(place for place, finding in enumerate(findings) if method in finding.get("Rejects", ()))
        for method in rejected
    }
    errors = [place for place, finding in enumerate(findings) if finding["Severity"] == Severity.ERROR]
    order = dict.fromkeys([*sorted(reasons), *errors, *range(len(findings))])
    return [findings[place] for place in list(order)[: max(1, most, len(reasons))]]
