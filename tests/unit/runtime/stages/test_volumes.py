"""The stages that turn a snapshot into a volume and attach it."""

from __future__ import annotations

import json

import pytest

from tests.unit.runtime.world import World
from vmie_runtime.made import Made
from vmie_runtime.request import Request
from vmie_runtime.stages.volumes import AttachVolume, CreateVolume

DOCUMENT = {
    "DiskContainer": {"Format": "raw", "UserBucket": {"S3Key": "disks/data.raw"}},
    "Vmie": {
        "CreateVolume": {"AvailabilityZone": "us-east-1a", "VolumeType": "gp3", "Iops": 4000},
        "AttachVolume": {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"},
        "Tags": {"team": "web", "app": "shop"},
    },
}


def running(world: World, stage: int, made: Made) -> Request:
    return world.running("requests/one.json", document=DOCUMENT, stage=stage, made=made)


def test_a_volume_is_made_of_the_snapshot_as_the_request_says(world: World, monkeypatch):
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({"Tags": {"team": "owner", "cost": "1"}}))
    request = running(world, 1, Made(snapshot_ids=("snap-1",)))

    volume_id = CreateVolume().start(world.work(request))

    (parameters,) = world.aws.ec2.called("CreateVolume")
    (specification,) = parameters.pop("TagSpecifications")
    assert parameters == {
        "AvailabilityZone": "us-east-1a",
        "VolumeType": "gp3",
        "Iops": 4000,
        "SnapshotId": "snap-1",
        "ClientToken": f"vmie-{request.id}-1-1",
    }
    assert specification["ResourceType"] == "volume"
    assert world.aws.ec2.tags[volume_id] == {
        "team": "owner",
        "cost": "1",
        "app": "shop",
        "vmie:request-id": request.id,
        "vmie:attempt": "1",
        "vmie:stage": "1",
        "vmie:workflow": "requests",
    }


def test_a_volume_made_by_a_run_that_died_is_the_same_one(world: World):
    request = running(world, 1, Made(snapshot_ids=("snap-1",)))
    stage = CreateVolume()

    ids = {stage.start(world.work(request)) for _ in range(2)}
    found = stage.find(world.work(request))

    assert found is not None
    assert ids == {found.id}


@pytest.mark.parametrize(
    ("state", "status"),
    [("creating", "active"), ("available", "completed"), ("in-use", "completed"), ("error", "deleted"),
     ("deleting", "active"), ("deleted", "deleted")],
)  # fmt: skip
def test_the_states_of_a_volume_are_those_of_a_task(world: World, state: str, status: str):
    world.aws.ec2.volumes["vol-1"] = {"VolumeId": "vol-1", "State": state, "Attachments": []}

    task = CreateVolume().describe(world.aws.client("ec2"), "vol-1")

    assert task is not None
    assert (task.status, task.phase, task.made) == (status, state, Made(volume_ids=("vol-1",)))


@pytest.mark.parametrize("stage", [CreateVolume(), AttachVolume()])
def test_a_volume_that_is_gone_is_none(world: World, stage):
    assert stage.describe(world.aws.client("ec2"), "vol-gone") is None


def test_a_volume_is_attached_as_the_request_says(world: World):
    world.aws.ec2.volumes["vol-1"] = {"VolumeId": "vol-1", "State": "available", "Attachments": []}
    request = running(world, 2, Made(snapshot_ids=("snap-1",), volume_ids=("vol-1",)))
    stage = AttachVolume()
    assert stage.find(world.work(request)) is None

    assert stage.start(world.work(request)) == "vol-1"

    assert world.aws.ec2.called("AttachVolume") == [
        {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf", "VolumeId": "vol-1"}
    ]
    attaching = stage.find(world.work(request))
    assert attaching is not None
    assert (attaching.status, attaching.phase) == ("active", "attaching")
    world.aws.ec2.volumes["vol-1"]["Attachments"][0]["State"] = "attached"
    attached = stage.describe(world.aws.client("ec2"), "vol-1")
    assert attached is not None
    assert attached.status == "completed"


def test_a_volume_that_is_not_attached_is_no_attachment(world: World):
    world.aws.ec2.volumes["vol-1"] = {"VolumeId": "vol-1", "State": "available", "Attachments": []}

    assert AttachVolume().describe(world.aws.client("ec2"), "vol-1") is None
