"""Who may import instances and volumes: nobody, until the owner allows an Availability Zone."""

from __future__ import annotations

import json

import pytest

from tests.unit.constructs.synthesis import Synthesised, as_list, flat, import_half, synthesise

ZONE = "us-east-1a"
CONVERSION = {
    *("ec2:ImportInstance", "ec2:ImportVolume", "ec2:DescribeConversionTasks", "ec2:CancelConversionTask"),
    *("ec2:TerminateInstances", "ec2:CreateImage"),
}
MAY_REMOVE_SCRATCH = ("FinishRequest", "CleanUp", "ReconcilerFunction", "DrainFunction")
SWEEPING = ("ReconcilerFunction", "DrainFunction")


@pytest.fixture(scope="module")
def zoned() -> Synthesised:
    return synthesise(lambda stack: import_half(stack, allowed_availability_zones=[ZONE]))


def actions(found: Synthesised) -> set[str]:
    return {
        action
        for _, statement in found.every_statement()
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }


def test_without_an_allowed_zone_no_function_has_a_permission_for_them(imports: Synthesised) -> None:
    assert actions(imports) & CONVERSION == set()
    assert "scratch/" not in json.dumps([statement for _, statement in imports.every_statement()])


def test_with_one_they_have(zoned: Synthesised) -> None:
    assert actions(zoned) >= CONVERSION


def test_scratch_objects_are_written_by_the_start_and_removed_at_every_end(zoned: Synthesised) -> None:
    bucket = f"<{zoned.name_of('AWS::S3::Bucket')}.Arn>"
    for function in MAY_REMOVE_SCRATCH:
        assert zoned.allowed(f"{function}Role")["s3:DeleteObject"] == [f"{bucket}/scratch/*"]
        assert zoned.function(function)["Environment"]["Variables"]["VMIE_BUCKET"]
    assert f"{bucket}/scratch/*" in zoned.allowed("StartTaskRole")["s3:PutObject"]
    for function in ("ValidateRequest", "InspectImage", "StartTask", "PollTask"):
        assert "s3:DeleteObject" not in zoned.allowed(f"{function}Role")


@pytest.mark.parametrize("function", SWEEPING)
def test_who_sweeps_knows_whether_there_can_be_any(
    imports: Synthesised, zoned: Synthesised, function: str
) -> None:
    assert "VMIE_ALLOWED" not in imports.function(function)["Environment"]["Variables"]
    allowed = json.loads(zoned.function(function)["Environment"]["Variables"]["VMIE_ALLOWED"])
    assert allowed == {"AvailabilityZones": [ZONE]}


def test_only_who_follows_or_cleans_up_marks_instances(zoned: Synthesised) -> None:
    marking = {
        name
        for name, statement in zoned.every_statement()
        if "ec2:CreateTags" in as_list(statement["Action"])
        and "aws:RequestTag/vmie:workflow" in json.dumps(statement.get("Condition", {}))
        and any(flat(resource).endswith(":instance/*") for resource in as_list(statement["Resource"]))
    }
    owners = {
        part for name in marking for part in ("PollTask", "CleanUp", "Reconciler", "Drain") if part in name
    }
    assert owners == {"PollTask", "CleanUp", "Reconciler", "Drain"}
    assert len(marking) == len(owners)


def test_urls_are_signed_by_a_role_that_reads_disks_and_deletes_scratch_objects(zoned: Synthesised) -> None:
    bucket = f"<{zoned.name_of('AWS::S3::Bucket')}.Arn>"
    assert zoned.allowed("UrlSigningRole") == {
        "s3:GetObject": [f"{bucket}/*"],
        "s3:DeleteObject": [f"{bucket}/scratch/*"],
    }
    role = zoned.name_of("AWS::IAM::Role", "UrlSigning")
    assert zoned.allowed("StartTaskRole")["sts:AssumeRole"] == [f"<{role}.Arn>"]
    assert zoned.function("StartTask")["Environment"]["Variables"]["VMIE_URL_SIGNING_ROLE"]


def test_without_a_zone_nobody_signs_urls(imports: Synthesised) -> None:
    assert "sts:AssumeRole" not in imports.allowed("StartTaskRole")
    assert "VMIE_URL_SIGNING_ROLE" not in imports.function("StartTask")["Environment"]["Variables"]
