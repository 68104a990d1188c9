"""ImportImage and ImportSnapshot: what they are called with, and what becomes of what EC2 shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import World
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.request import Request
from vmie_runtime.stages.import_image import ImportImage
from vmie_runtime.stages.import_snapshot import ImportSnapshot
from vmie_runtime.stages.plan import stage_of
from vmie_runtime.stages.stage import Task

ONE = {"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}
KEY = "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-0000-4000-8000-123456789012"


def started(world: World, document: dict[str, Any] | None = None, *, key: str = "", **changes: Any) -> Any:
    """What EC2 is called with at the stage of a request."""
    if document is not None:
        request = world.running("requests/one.json", document=document, **changes)
    else:
        request = world.running(key or "images/web.vmdk", **changes)
    stage = stage_of(request)
    assert stage is not None
    stage.start(world.work(request))
    ((_, parameters),) = world.aws.ec2.calls
    return parameters


def tags(parameters: dict[str, Any], kind: str) -> dict[str, str]:
    (specification,) = parameters["TagSpecifications"]
    assert specification["ResourceType"] == kind
    return {tag["Key"]: tag["Value"] for tag in specification["Tags"]}


def test_a_dropped_image_is_imported_with_the_owners_defaults(world: World, monkeypatch):
    defaults = {"LicenseType": "BYOL", "BootMode": "uefi", "Encrypted": True, "KmsKeyId": KEY}
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({**defaults, "Tags": {"team": "owner"}}))

    parameters = started(world)

    (request,) = world.all_requests()
    assert parameters == {
        **defaults,
        "Description": "Imported from s3://uploads/images/web.vmdk",
        "DiskContainers": [
            {"Format": "vmdk", "UserBucket": {"S3Bucket": "uploads", "S3Key": "images/web.vmdk"}}
        ],
        "RoleName": "vm-import",
        "ClientToken": f"vmie-{request.id}-1",
        "TagSpecifications": parameters["TagSpecifications"],
    }
    assert tags(parameters, "import-image-task") == {
        "team": "owner",
        "vmie:request-id": request.id,
        "vmie:attempt": "1",
        "vmie:stage": "0",
        "vmie:workflow": "requests",
    }


def test_what_the_request_says_goes_before_what_the_owner_says(world: World, monkeypatch):
    defaults = {"LicenseType": "BYOL", "BootMode": "uefi", "Description": "owner's", "Platform": "Linux"}
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps(defaults))

    parameters = started(
        world,
        {"DiskContainers": [ONE], "LicenseType": "AWS", "Description": "theirs", "RoleName": "their-role"},
    )

    assert (parameters["LicenseType"], parameters["Description"]) == ("AWS", "theirs")
    assert (parameters["BootMode"], parameters["Platform"]) == ("uefi", "Linux")
    assert parameters["RoleName"] == "their-role"


def test_a_usage_operation_takes_the_place_of_the_owners_licence_type(world: World, monkeypatch):
    """EC2 refuses both."""
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({"LicenseType": "BYOL"}))

    parameters = started(world, {"DiskContainers": [ONE], "UsageOperation": "RunInstances:0002"})

    assert parameters["UsageOperation"] == "RunInstances:0002"
    assert "LicenseType" not in parameters


def test_neither_the_requests_token_nor_its_dry_run_is_sent(world: World):
    parameters = started(world, {"DiskContainers": [ONE], "ClientToken": "theirs", "DryRun": False})

    (request,) = world.all_requests()
    assert parameters["ClientToken"] == f"vmie-{request.id}-1"
    assert "DryRun" not in parameters
    assert "Vmie" not in parameters


def test_buckets_are_filled_in_where_the_request_names_none(world: World):
    containers = [
        ONE,
        {"Format": "RAW", "UserBucket": {"S3Bucket": "elsewhere", "S3Key": "a.raw"}},
        {"Format": "raw", "Url": "s3://uploads/b.raw"},
        {"SnapshotId": "snap-0123456789abcdef0"},
    ]

    parameters = started(world, {"DiskContainers": containers})

    assert parameters["DiskContainers"] == [
        {"Format": "VMDK", "UserBucket": {"S3Bucket": "uploads", "S3Key": "disks/web.vmdk"}},
        containers[1],
        {"Format": "RAW", "UserBucket": {"S3Bucket": "uploads", "S3Key": "b.raw"}},
        containers[3],
    ]


@pytest.mark.parametrize(
    ("document", "kind"),
    [({"DiskContainers": [ONE]}, "import-image-task"), ({"DiskContainer": ONE}, "import-snapshot-task")],
)
def test_a_request_adds_tags_and_changes_neither_the_owners_nor_ours(world, monkeypatch, document, kind):
    defaults = {"Tags": {"a": "owner", "b": "owner"}}
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps(defaults))
    specified = [{"Key": key, "Value": "specified"} for key in "bd"]
    specification = {"ResourceType": kind, "Tags": specified}
    asked = {
        **document,
        "TagSpecifications": [specification],
        "Vmie": {"Tags": dict.fromkeys("acd", "option")},
    }

    found = tags(started(world, asked), kind)

    assert {name: found[name] for name in "abcd"} == {
        "a": "owner",
        "b": "owner",
        "c": "option",
        "d": "specified",
    }
    assert found["vmie:workflow"] == "requests"


def test_a_dropped_disk_becomes_a_snapshot_encrypted_as_the_owner_says(world: World, monkeypatch):
    defaults = {"Encrypted": True, "KmsKeyId": KEY, "LicenseType": "BYOL", "BootMode": "uefi"}
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps(defaults))

    parameters = started(world, key="snapshots/data.raw")

    (request,) = world.all_requests()
    del parameters["TagSpecifications"]
    assert parameters == {
        "Encrypted": True,
        "KmsKeyId": KEY,
        "Description": "Imported by 'snapshots/data.raw'",
        "DiskContainer": {
            "Format": "raw",
            "UserBucket": {"S3Bucket": "uploads", "S3Key": "snapshots/data.raw"},
        },
        "RoleName": "vm-import",
        "ClientToken": f"vmie-{request.id}-1",
    }


def test_a_machine_without_modification_has_one_task_for_each_disk_in_turn(world: World):
    containers = [
        {"Format": "vmdk", "Description": "system", "UserBucket": {"S3Key": "a.vmdk"}},
        {"SnapshotId": "snap-0123456789abcdef0"},
        {"Format": "raw", "DeviceName": "/dev/sdf", "UserBucket": {"S3Key": "b.raw"}},
    ]
    document = {"DiskContainers": containers, "Vmie": {"Method": "snapshot"}}

    parameters = started(world, document, stage=1, made=Made(snapshot_ids=("snap-1",)))

    (request,) = world.all_requests()
    assert parameters["DiskContainer"] == {
        "Format": "RAW",
        "UserBucket": {"S3Bucket": "uploads", "S3Key": "b.raw"},
    }
    assert parameters["ClientToken"] == f"vmie-{request.id}-1-1"
    assert tags(parameters, "import-snapshot-task")["vmie:stage"] == "1"


def test_the_description_of_the_disk_counts_where_the_request_has_none(world: World):
    container = {**ONE, "Description": "the system disk"}

    assert started(world, {"DiskContainer": container})["Description"] == "the system disk"


def test_a_description_is_never_too_long_for_ec2(world: World):
    assert len(started(world, key=f"images/{'n' * 900}.vmdk")["Description"]) == 255


# What EC2 shows of a task.


@pytest.mark.parametrize("stage", [ImportImage(), ImportSnapshot()])
def test_a_task_that_ec2_does_not_know_is_none(world: World, stage):
    assert stage.describe(world.aws.client("ec2"), "import-ami-ffffffff") is None


@pytest.mark.parametrize("stage", [ImportImage(), ImportSnapshot()])
def test_another_refusal_is_not_taken_for_an_unknown_task(world: World, stage):
    world.aws.ec2.refusals.add(f"Describe{stage.operation}Tasks", refusal("UnauthorizedOperation"))

    with pytest.raises(Exception, match="UnauthorizedOperation"):
        stage.describe(world.aws.client("ec2"), "import-ami-1")


@pytest.mark.parametrize("stage", [ImportImage(), ImportSnapshot()])
def test_a_throttled_look_is_made_again(world: World, stage):
    world.aws.ec2.refusals.add(f"Describe{stage.operation}Tasks", throttled())

    with pytest.raises(TransientServiceError):
        stage.describe(world.aws.client("ec2"), "import-ami-1")


@pytest.mark.parametrize(
    ("task_id", "stage", "made"),
    [
        ("import-ami-1", ImportImage(), Made(image_ids=("ami-1",), snapshot_ids=("snap-1", "snap-2"))),
        ("import-snap-1", ImportSnapshot(), Made(snapshot_ids=("snap-1",))),
    ],
)
def test_a_task_shows_where_it_stands_and_then_what_it_made(world: World, task_id, stage, made):
    ec2 = world.aws.client("ec2")
    world.aws.ec2.add_task(task_id, StatusMessage="converting", Progress="30", tags={"team": "web"})

    assert stage.describe(ec2, task_id) == Task(
        id=task_id, status="active", phase="converting", progress="30", tags={"team": "web"}
    )
    world.aws.ec2.complete(task_id, *(made.image_ids + made.snapshot_ids))
    shown = stage.describe(ec2, task_id)

    assert (shown.status, shown.phase, shown.made, shown.ended) == ("completed", None, made, True)


@pytest.mark.parametrize("key", ["images/web.vmdk", "snapshots/web.vmdk"])
@pytest.mark.parametrize(
    "changed", [{"vmie:attempt": "2"}, {"vmie:stage": "1"}, {"vmie:workflow": "x"}, {"vmie:request-id": "x"}]
)
def test_a_task_is_found_by_all_of_its_tags(world: World, key, changed):
    request = world.importing(key)
    stage = stage_of(request)
    assert stage is not None
    found = stage.find(world.work(request))
    assert found is not None
    assert found.id == request.task_id
    world.aws.ec2.tags[found.id].update(changed)

    assert stage.find(world.work(request)) is None


# Cancelling.


def cancel(world: World, request: Request) -> None:
    stage = stage_of(request)
    assert stage is not None
    task = stage.describe(world.aws.client("ec2"), str(request.task_id))
    assert task is not None
    stage.cancel(world.aws.client("ec2"), task, "R" * 300)


@pytest.mark.parametrize("key", ["images/web.vmdk", "snapshots/web.vmdk"])
def test_a_task_is_cancelled_with_a_reason_that_fits(world: World, key):
    request = world.importing(key)

    cancel(world, request)

    assert world.aws.ec2.cancelled == {request.task_id: "R" * 255}


@pytest.mark.parametrize("status", ["deleting", "deleted", "completed"])
def test_a_task_that_does_not_run_is_not_cancelled(world: World, status):
    request = world.importing()
    world.aws.ec2.tasks[str(request.task_id)]["Status"] = status

    cancel(world, request)

    assert world.aws.ec2.cancelled == {}


def test_a_task_that_cannot_be_cancelled_while_it_runs_is_an_error(world: World):
    request = world.importing()
    world.aws.ec2.refusals.add("CancelImportTask", refusal("UnauthorizedOperation", "CancelImportTask"))

    with pytest.raises(Exception, match="UnauthorizedOperation"):
        cancel(world, request)
