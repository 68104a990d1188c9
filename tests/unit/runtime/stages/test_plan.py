"""Which stages a request goes through, for every combination of what it asks for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.world import World
from vmie_runtime.request import Request
from vmie_runtime.stages.plan import active_tasks, plan, stage_of

DISK = {"Format": "raw", "UserBucket": {"S3Key": "disks/web.raw"}}
GIVEN = {"SnapshotId": "snap-0123456789abcdef0"}
VOLUME = {"AvailabilityZone": "us-east-1a"}
ATTACHMENT = {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"}
OF_IMAGE, OF_SNAPSHOT = "import-ami-0123456789abcdef0", "import-snap-0123456789abcdef0"


def asked(world: World, document: dict[str, Any], **changes: Any) -> Request:
    """The request that a document asks for."""
    return world.request("requests/one.json", document=document, **changes)


def image(*containers: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"DiskContainers": list(containers), "Vmie": options}


def snapshot(**options: Any) -> dict[str, Any]:
    return {"DiskContainer": DISK, "Vmie": options}


def operations(request: Request) -> list[str]:
    """The EC2 operations of a request's plan."""
    return [stage.operation for stage in plan(request)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (image(DISK), ["ImportImage"]),
        (image(DISK, DISK), ["ImportImage"]),
        (image(DISK, Method="image"), ["ImportImage"]),
        (image(DISK, Method="auto"), ["ImportImage"]),
        (image(DISK, Name="golden"), ["ImportImage", "CopyImage"]),
        (image(GIVEN, Name="golden"), ["ImportImage", "CopyImage"]),
        (image(DISK, Method="snapshot"), ["ImportSnapshot", "RegisterImage"]),
        (image(DISK, Method="snapshot", Name="golden"), ["ImportSnapshot", "RegisterImage"]),
        (image(DISK, DISK, DISK, Method="snapshot"), [*["ImportSnapshot"] * 3, "RegisterImage"]),
        (image(DISK, GIVEN, DISK, Method="snapshot"), [*["ImportSnapshot"] * 2, "RegisterImage"]),
        (image(GIVEN, Method="snapshot"), ["RegisterImage"]),
        (image(DISK, ImportTaskId=OF_IMAGE), ["ImportImage"]),
        (image(DISK, ImportTaskId=OF_IMAGE, Name="golden"), ["ImportImage", "CopyImage"]),
        (snapshot(), ["ImportSnapshot"]),
        (snapshot(RegisterImage={}), ["ImportSnapshot", "RegisterImage"]),
        (snapshot(RegisterImage={}, Name="golden"), ["ImportSnapshot", "RegisterImage"]),
        (snapshot(CreateVolume=VOLUME), ["ImportSnapshot", "CreateVolume"]),
        (
            snapshot(CreateVolume=VOLUME, AttachVolume=ATTACHMENT),
            ["ImportSnapshot", "CreateVolume", "AttachVolume"],
        ),
        (snapshot(ImportTaskId=OF_SNAPSHOT), ["ImportSnapshot"]),
        (snapshot(ImportTaskId=OF_SNAPSHOT, RegisterImage={}), ["ImportSnapshot", "RegisterImage"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_request_goes_through_what_it_asks_for(world: World, document, expected):
    assert operations(asked(world, document)) == expected


@pytest.mark.parametrize("document", [image(DISK, Name="golden"), snapshot(CreateVolume=VOLUME)], ids=str)
def test_a_dry_run_goes_through_nothing(world: World, document):
    request = asked(world, {**document, "DryRun": True})

    assert plan(request) == ()
    assert stage_of(request) is None


@pytest.mark.parametrize(
    ("method", "expected"),
    [("snapshot", ["ImportSnapshot", "RegisterImage"]), ("image", ["ImportImage"])],
)
def test_the_method_that_the_inspection_decided_makes_the_plan(world: World, method, expected):
    assert operations(asked(world, image(DISK, Method="auto"), method=method)) == expected


def test_what_was_dropped_goes_through_one_stage(world: World):
    assert operations(world.request("images/web.ova")) == ["ImportImage"]
    assert operations(world.request("snapshots/data.vhdx")) == ["ImportSnapshot"]


@pytest.mark.parametrize("document", [image(DISK, DISK, Method="snapshot"), snapshot(CreateVolume=VOLUME)])
def test_the_stage_under_way_is_counted_from_the_first(world: World, document):
    request = asked(world, document)
    names = operations(request)

    for number in range(len(names) + 2):
        stage = stage_of(asked(world, document, stage=number, version_id=f"s{number}"))
        assert (stage.operation if stage else None) == (names[number] if number < len(names) else None)


@pytest.mark.parametrize(
    ("document", "attempt", "adopts"),
    [
        (image(DISK, ImportTaskId=OF_IMAGE), 1, True),
        (image(DISK, ImportTaskId=OF_IMAGE, Attempts=2), 2, False),
        ({"Vmie": {"ImportTaskId": OF_IMAGE}}, 2, True),
        (snapshot(ImportTaskId=OF_SNAPSHOT), 1, True),
        (snapshot(ImportTaskId=OF_SNAPSHOT, Attempts=2), 2, False),
    ],
)
def test_a_task_is_adopted_once_and_further_attempts_start_their_own(world, document, attempt, adopts):
    """What failed would only fail again; without containers there is nothing else to do."""
    (stage,) = plan(asked(world, document, attempt=attempt))

    assert (type(stage).__name__ == "Adopt") is adopts


def test_tasks_that_run_are_found_whatever_kind_they_are_and_whoever_started_them(world: World):
    world.aws.ec2.add_task("import-ami-1", tags={"vmie:workflow": "requests"})
    world.aws.ec2.add_task("import-snap-1")
    world.aws.ec2.add_task("import-snap-2", Status="completed")
    world.aws.ec2.add_task("import-ami-2", Status="deleting")

    found = {task.id: stage.operation for stage, task in active_tasks("import", world.aws.client("ec2"))}

    assert found == {"import-ami-1": "ImportImage", "import-snap-1": "ImportSnapshot"}
