"""cdk-nag finds nothing open, nothing acknowledged in vain, and is awake."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from tests.unit.constructs.synthesis import FLAGS
from vmie_constructs import VmImportExport

PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.PCIDSS321Checks,
    cdk_nag.ServerlessChecks,
)
ACKNOWLEDGED = "aws:cdk:acknowledged-rules"


@dataclass(frozen=True)
class Report:
    """Findings as pairs of rule and construct path."""

    open: set[tuple[str, str]]
    used: set[tuple[str, str]]
    acknowledged: set[tuple[str, str]]


def examine(build: Callable[[cdk.Stack], object], folder: Path, *, region: str | None = None) -> Report:
    app = cdk.App(context=FLAGS, outdir=str(folder))
    stack = cdk.Stack(
        app, "Stack", env=cdk.Environment(account="111122223333" if region else None, region=region)
    )
    build(stack)
    cdk.Validations.of(app).add_plugins(*(pack(app, verbose=True) for pack in PACKS))
    try:
        app.synth()
    except RuntimeError as error:
        assert str(error).startswith("ValidationFailed:"), error
    reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    found, used = set(), set()
    for report in reports:
        for violation in report["violations"]:
            found |= {(violation["ruleName"], path) for path in paths(violation)}
        for violation in report.get("suppressedViolations", []):
            used.add((violation["acknowledgedId"], violation["acknowledgedAt"]))
    acknowledged = {
        (rule, construct.node.path)
        for construct in app.node.find_all()
        for entry in construct.node.metadata
        if entry.type == ACKNOWLEDGED
        for rule in entry.data
    }
    return Report(open=found, used=used, acknowledged=acknowledged)


def paths(violation: Any) -> set[str]:
    return {each["constructPath"] for each in violation["violatingConstructs"]}


def default(stack: cdk.Stack) -> None:
    VmImportExport(stack, "Vmie")


def twice(stack: cdk.Stack) -> None:
    VmImportExport(stack, "One")
    VmImportExport(stack, "Two")


def everything_given(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    VmImportExport(
        stack,
        "Vmie",
        bucket_encryption_key=key,
        server_access_logs_bucket=s3.Bucket(stack, "TheirLogs"),
        encryption_key=key,
        image_encryption_key=key,
    )


def existing_everything(stack: cdk.Stack) -> None:
    VmImportExport(
        stack,
        "Vmie",
        import_bucket=s3.Bucket.from_bucket_name(stack, "Images", "images-of-ours"),
        service_role=iam.Role.from_role_name(stack, "Service", "vmimport"),
        notification_topic=sns.Topic.from_topic_arn(
            stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:ends"
        ),
        event_bus=events.EventBus.from_event_bus_name(stack, "Bus", "ours"),
    )


def everything_allowed(stack: cdk.Stack) -> None:
    VmImportExport(
        stack,
        "Vmie",
        allowed_source_buckets=[s3.Bucket.from_bucket_name(stack, "Images", "images-of-others")],
        allowed_kms_keys=[kms.Key(stack, "Key", enable_key_rotation=True)],
        allowed_service_roles=[iam.Role.from_role_name(stack, "Service", "vmimport")],
        allowed_license_configurations=[
            "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-0123456789abcdef"
        ],
        allowed_availability_zones=["eu-west-1a"],
        allowed_subnets=["subnet-0123456789abcdef0"],
        allowed_security_groups=["sg-0123456789abcdef0"],
        allowed_instances=["i-0123456789abcdef0", "i-0abc*"],
        allowed_images=["ami-0123456789abcdef0"],
        allowed_snapshots=["snap-0123456789abcdef0", "snap-0abc*"],
        allowed_import_tasks=["*"],
    )


def bucket_of_another_stack(stack: cdk.Stack) -> None:
    app = stack.node.root
    assert isinstance(app, cdk.App)
    VmImportExport(stack, "Vmie", import_bucket=s3.Bucket(cdk.Stack(app, "Other"), "Images"))


CASES = [twice, everything_given, existing_everything, everything_allowed, bucket_of_another_stack]


@pytest.mark.parametrize("region", [None, "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_nothing_is_open_or_acknowledged_in_vain_in_any_partition(region: str | None, tmp_path: Path) -> None:
    report = examine(default, tmp_path, region=region)
    assert report.open == set()
    assert report.acknowledged - report.used == set()


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_open_or_acknowledged_in_vain(case: Callable[[cdk.Stack], None], tmp_path: Path) -> None:
    report = examine(case, tmp_path)
    theirs = ("Stack/TheirLogs/", "Other/")
    assert {found for found in report.open if not found[1].startswith(theirs)} == set()
    assert report.acknowledged - report.used == set()


def test_an_unencrypted_topic_is_found(tmp_path: Path) -> None:
    report = examine(lambda stack: sns.Topic(stack, "Canary"), tmp_path)
    assert ("NIST.800.53.R5-SNSEncryptedKMS", "Stack/Canary/Resource") in report.open


def test_a_needless_acknowledgement_is_found(tmp_path: Path) -> None:
    def build(stack: cdk.Stack) -> None:
        key = kms.Key(stack, "Key", enable_key_rotation=True)
        cdk.Validations.of(key).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions::AwsSolutions-KMS5", reason="It rotates already.")
        )

    report = examine(build, tmp_path)
    assert report.acknowledged - report.used == {("AwsSolutions::AwsSolutions-KMS5", "Stack/Key")}
