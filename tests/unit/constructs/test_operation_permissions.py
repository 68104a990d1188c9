"""What the permissions of each EC2 operation come to, and that EC2 knows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import as_list, flat, synthesise
from tests.unit.constructs.test_nag import examine
from vmie_constructs.allowed import Allowed
from vmie_constructs.conversion_permissions import (
    allow_clean_up_conversion,
    allow_conversion_tasks,
    allow_create_image,
    allow_follow_conversion,
    allow_manifests,
)
from vmie_constructs.export_permissions import (
    allow_check_bucket,
    allow_check_export,
    allow_clean_up_export,
    allow_poll_export,
    allow_start_export,
)
from vmie_constructs.runtime_function import RuntimeFunction
from vmie_constructs.snapshot_permissions import (
    allow_attach_volume,
    allow_check_default_encryption,
    allow_clean_up_snapshots,
    allow_clean_up_volumes,
    allow_copy_image,
    allow_create_volume,
    allow_import_of_snapshots,
    allow_poll_snapshot,
    allow_register_image,
    allow_start_snapshot,
)

EC2 = "arn:<AWS::Partition>:ec2:<AWS::Region>:"
OWN = f"{EC2}<AWS::AccountId>:"
HAS_TAG = {"StringEquals": {"aws:ResourceTag/vmie:workflow": "ours"}}
GETS_TAG = {"StringEquals": {"aws:RequestTag/vmie:workflow": "ours"}}
INSTANCES = ["i-0123456789abcdef0", "i-0abc*"]

GRANTS: dict[str, Callable[[RuntimeFunction], None]] = {
    "start snapshot": allow_start_snapshot,
    "poll snapshot": allow_poll_snapshot,
    "import of snapshots": lambda function: allow_import_of_snapshots(function, ["snap-0*"]),
    "register image": lambda function: allow_register_image(function, "ours"),
    "copy image": lambda function: allow_copy_image(function, "ours"),
    "create volume": lambda function: allow_create_volume(function, "ours", ["snap-0123456789abcdef0"]),
    "attach volume": lambda function: allow_attach_volume(function, "ours", INSTANCES),
    "clean up snapshots": lambda function: allow_clean_up_snapshots(function, "ours"),
    "clean up volumes": lambda function: allow_clean_up_volumes(function, "ours", INSTANCES),
    "conversion tasks": lambda function: allow_conversion_tasks(function, "ours", Allowed()),
    "follow conversion": lambda function: allow_follow_conversion(function, "ours"),
    "create image": lambda function: allow_create_image(function, "ours"),
    "clean up conversion": lambda function: allow_clean_up_conversion(function, "ours"),
    "start export": lambda function: allow_start_export(
        function, "ours", images=["ami-0123456789abcdef0"], instances=INSTANCES
    ),
    "poll export": allow_poll_export,
    "check default encryption": allow_check_default_encryption,
    "check export": allow_check_export,
    "clean up export": lambda function: allow_clean_up_export(function, "ours"),
}


def runtime_function(stack: cdk.Stack) -> RuntimeFunction:
    return RuntimeFunction(
        stack,
        "Step",
        handler="steps.start_import",
        description="Under test",
        lost_event_reason="The state machine waits.",
    )


def granted(grant: Callable[[RuntimeFunction], None]) -> set[tuple[str, str, str]]:
    """Action, resource and condition (as JSON) of all that is granted in EC2."""
    found = synthesise(lambda stack: grant(runtime_function(stack)))
    return {
        (action, flat(resource), json.dumps(statement.get("Condition")))
        for statement in found.statements("StepRole")
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if action.startswith("ec2:")
    }


@cache
def granted_to(name: str) -> set[tuple[str, str, str]]:
    return granted(GRANTS[name])


def row(action: str, resource: str, condition: dict[str, Any] | None = None) -> tuple[str, str, str]:
    return f"ec2:{action}", resource, json.dumps(condition)


def tags_as_made(operation: str, *resources: str) -> set[tuple[str, str, str]]:
    condition = {"StringEquals": {"ec2:CreateAction": operation}}
    return {row("CreateTags", resource, condition) for resource in resources}


def test_starting_a_snapshot_import_tags_its_own_task_only() -> None:
    assert granted_to("start snapshot") == {
        row("ImportSnapshot", f"{OWN}import-snapshot-task/*"),
        row("ImportSnapshot", f"{EC2}:snapshot/*"),
        *tags_as_made("ImportSnapshot", f"{OWN}import-snapshot-task/*"),
    }


def test_images_are_made_of_the_snapshots_that_the_owner_allows() -> None:
    assert granted_to("import of snapshots") == {row("ImportImage", f"{EC2}:snapshot/snap-0*")}


def test_images_are_registered_of_own_snapshots_and_marked_as_own() -> None:
    assert granted_to("register image") == {
        row("DescribeImages", "*"),
        row("RegisterImage", f"{EC2}:snapshot/*", HAS_TAG),
        row("RegisterImage", f"{EC2}:image/*", GETS_TAG),
        *tags_as_made("RegisterImage", f"{EC2}:image/*"),
    }


def test_only_own_images_are_copied_and_copies_marked_as_own() -> None:
    assert granted_to("copy image") == {
        row("DescribeImages", "*"),
        *(
            row("CopyImage", f"{EC2}:{kind}/*", condition)
            for kind in ("image", "snapshot")
            for condition in (HAS_TAG, GETS_TAG)
        ),
        *tags_as_made("CopyImage", f"{EC2}:image/*", f"{EC2}:snapshot/*"),
    }


def test_volumes_are_made_of_own_and_allowed_snapshots_and_marked_as_own() -> None:
    assert granted_to("create volume") == {
        row("DescribeVolumes", "*"),
        row("CreateVolume", f"{EC2}:snapshot/*", HAS_TAG),
        row("CreateVolume", f"{EC2}:snapshot/snap-0123456789abcdef0"),
        row("CreateVolume", f"{OWN}volume/*", GETS_TAG),
        *tags_as_made("CreateVolume", f"{OWN}volume/*"),
    }


@pytest.mark.parametrize(
    ("grant", "action"), [("attach volume", "AttachVolume"), ("clean up volumes", "DetachVolume")]
)
def test_own_volumes_are_attached_and_detached_at_exactly_the_allowed_instances(
    grant: str, action: str
) -> None:
    assert {found for found in granted_to(grant) if found[0] == f"ec2:{action}"} == {
        *(row(action, f"{OWN}instance/{instance}") for instance in INSTANCES),
        row(action, f"{OWN}volume/*", HAS_TAG),
    }


def test_without_an_allowed_instance_nothing_is_attached_or_detached() -> None:
    def grant(function: RuntimeFunction) -> None:
        allow_attach_volume(function, "ours", [])
        allow_clean_up_volumes(function, "ours")

    assert not [action for action, _, _ in granted(grant) if action.endswith("tachVolume")]


@pytest.mark.parametrize(
    ("grant", "destroying"),
    [
        (
            "clean up snapshots",
            {
                "CancelImportTask": f"{OWN}import-snapshot-task/*",
                "DeregisterImage": f"{EC2}:image/*",
                "DeleteSnapshot": f"{EC2}:snapshot/*",
            },
        ),
        ("clean up volumes", {"DeleteVolume": f"{OWN}volume/*"}),
        (
            "clean up conversion",
            {"TerminateInstances": f"{OWN}instance/*", "DeleteVolume": f"{OWN}volume/*"},
        ),
    ],
)
def test_only_what_carries_the_workflows_tag_is_cancelled_or_deleted(
    grant: str, destroying: dict[str, str]
) -> None:
    found = granted_to(grant)
    for action, resource in destroying.items():
        assert {each for each in found if each[0] == f"ec2:{action}"} == {row(action, resource, HAS_TAG)}


def test_only_own_export_tasks_are_cancelled() -> None:
    cancelling = {each for each in granted_to("clean up export") if each[0] == "ec2:CancelExportTask"}
    assert cancelling == {
        row("CancelExportTask", f"{OWN}export-{kind}-task/*", HAS_TAG) for kind in ("image", "instance")
    }


def test_instances_and_volumes_of_conversions_are_marked_as_own_and_with_nothing_else() -> None:
    tagging = {each for each in granted_to("follow conversion") if each[0] == "ec2:CreateTags"}
    assert tagging == {
        row("CreateTags", f"{OWN}instance/*", GETS_TAG),
        row("CreateTags", f"{OWN}volume/*", GETS_TAG),
    }


def test_further_disks_are_attached_to_own_instances_only() -> None:
    attaching = {each for each in granted_to("conversion tasks") if each[0] == "ec2:AttachVolume"}
    assert attaching == {
        row("AttachVolume", f"{OWN}instance/*", HAS_TAG),
        row("AttachVolume", f"{OWN}volume/*", HAS_TAG),
    }


def test_who_starts_conversions_tags_nothing() -> None:
    assert not [action for action, _, _ in granted_to("conversion tasks") if action == "ec2:CreateTags"]


def test_nothing_but_scratch_objects_is_written() -> None:
    def build(stack: cdk.Stack) -> None:
        allow_manifests(runtime_function(stack), s3.Bucket(stack, "Bucket"))

    found = synthesise(build)
    scratch = [f"<{found.name_of('AWS::S3::Bucket')}.Arn>/scratch/*"]
    allowed = {action: on for action, on in found.allowed("StepRole").items() if action.startswith("s3:")}
    assert allowed == {"s3:PutObject": scratch}


@pytest.mark.parametrize(
    ("allowed", "subnets", "groups"),
    [
        (Allowed(), ["*"], ["*"]),
        (
            Allowed(allowed_subnets=["subnet-1", "subnet-0a*"], allowed_security_groups=["sg-1"]),
            ["subnet-1", "subnet-0a*"],
            ["sg-1"],
        ),
        (Allowed(allowed_security_groups=["sg-1", "web"]), ["*"], ["*"]),
    ],
)
def test_instances_are_made_in_the_network_that_is_listed(
    allowed: Allowed, subnets: list[str], groups: list[str]
) -> None:
    found = synthesise(lambda stack: allow_conversion_tasks(runtime_function(stack), "ours", allowed))
    on = {each.rpartition(":")[2] for each in found.allowed("StepRole")["ec2:ImportInstance"]}
    named = {f"subnet/{each}" for each in subnets} | {f"security-group/{each}" for each in groups}
    assert on == {"instance/*", "volume/*", *named}


def test_images_are_made_of_own_instances_only() -> None:
    making = {each for each in granted_to("create image") if each[0] == "ec2:CreateImage"}
    assert making == {
        row("CreateImage", f"{OWN}instance/*", HAS_TAG),
        row("CreateImage", f"{EC2}:image/*", GETS_TAG),
        row("CreateImage", f"{EC2}:snapshot/*", GETS_TAG),
    }


def test_exactly_the_allowed_images_and_instances_are_exported() -> None:
    assert granted_to("start export") == {
        row("ExportImage", f"{OWN}export-image-task/*"),
        row("ExportImage", f"{EC2}:image/ami-0123456789abcdef0"),
        row("CreateInstanceExportTask", f"{OWN}export-instance-task/*"),
        *(row("CreateInstanceExportTask", f"{OWN}instance/{instance}") for instance in INSTANCES),
        *tags_as_made("ExportImage", f"{OWN}export-image-task/*"),
        *tags_as_made("CreateInstanceExportTask", f"{OWN}export-instance-task/*"),
        row("CancelExportTask", f"{OWN}export-image-task/*", HAS_TAG),
        row("CancelExportTask", f"{OWN}export-instance-task/*", HAS_TAG),
    }


def test_a_bucket_is_looked_at_and_its_objects_are_not() -> None:
    def build(stack: cdk.Stack) -> None:
        allow_check_bucket(runtime_function(stack), s3.Bucket(stack, "Bucket"))

    found = synthesise(build)
    bucket = [f"<{found.name_of('AWS::S3::Bucket')}.Arn>"]
    allowed = {action: on for action, on in found.allowed("StepRole").items() if action.startswith("s3:")}
    assert allowed == dict.fromkeys(
        (
            "s3:GetBucketLocation",
            "s3:GetBucketOwnershipControls",
            "s3:GetEncryptionConfiguration",
        ),
        bucket,
    )


def test_where_nothing_may_be_exported_no_export_is_granted() -> None:
    assert granted(lambda function: allow_start_export(function, "ours")) == set()


@pytest.mark.parametrize("name", GRANTS)
def test_every_action_is_granted_on_resources_that_it_takes(name: str) -> None:
    # cfn-lint carries AWS's own list of actions with their resource types.
    path = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    known = json.loads(path.read_text())["ec2"]["Actions"]
    for action, resource, _ in granted_to(name):
        kinds = known[action.removeprefix("ec2:").lower()].get("Resources", [])
        if kinds:
            assert resource.rpartition(":")[2].partition("/")[0] in kinds, (action, resource)
        else:
            assert resource == "*", (action, resource)


def test_nothing_is_open_or_acknowledged_in_vain(tmp_path: Path) -> None:
    def build(stack: cdk.Stack) -> None:
        function = runtime_function(stack)
        for grant in GRANTS.values():
            grant(function)

    report = examine(build, tmp_path)
    assert report.open == set()
    assert report.acknowledged - report.used == set()
