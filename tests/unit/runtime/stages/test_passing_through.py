"""Requests of several stages, from their start to their end, step by step and with steps that die."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runtime.world import SOON, World
from vmie_runtime.made import Made
from vmie_runtime.request import Request
from vmie_runtime.steps.finish_request import handler as finish_request
from vmie_runtime.steps.poll_task import handler as poll_task
from vmie_runtime.steps.record_result import handler as record_result
from vmie_runtime.steps.start_task import handler as start_task

MACHINE = {
    "DiskContainers": [
        {"Format": "raw", "UserBucket": {"S3Key": f"disks/{number}.raw"}} for number in range(3)
    ],
    "Vmie": {"Method": "snapshot", "Name": "golden"},
}
NAMED = {**MACHINE, "Vmie": {"Name": "golden"}}
ATTACHED = {
    "DiskContainer": {"Format": "raw", "UserBucket": {"S3Key": "disks/0.raw"}},
    "Vmie": {
        "CreateVolume": {"AvailabilityZone": "us-east-1a"},
        "AttachVolume": {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"},
    },
}


def complete(world: World, request: Request) -> None:
    """Let EC2 end what the request's stage runs."""
    ec2, task_id = world.aws.ec2, str(world.find(request).task_id)
    if task_id.startswith("import-snap"):
        ec2.complete(task_id, f"snap-of-{task_id}")
    elif task_id.startswith("import-ami"):
        ec2.complete(task_id, "ami-1", "snap-1")
    elif task_id.startswith("ami-"):
        ec2.images[task_id]["State"] = "available"
    elif ec2.volumes[task_id]["Attachments"]:
        ec2.volumes[task_id]["Attachments"][0]["State"] = "attached"
    else:
        ec2.volumes[task_id]["State"] = "available"


def carry(world: World, request: Request, context: Any, *, dies: bool = False) -> list[str]:
    """Carry a request to its end; the operations that it called, in their order.

    Args:
        world: Where it lives.
        request: The request.
        context: Lambda's.
        dies: Whether every step runs twice, as one does that was killed after its last write.
    """
    twice = 2 if dies else 1
    step = world.step(request)
    for _ in range(20):
        for _ in range(twice):
            start_task(step, context)
        assert poll_task(step, context)["Next"] == "wait"
        complete(world, request)
        answers = [poll_task(step, context)["Next"] for _ in range(twice)]
        assert len(set(answers)) == 1
        assert world.lease_holders == {request.id}, "One lease for all of its stages"
        if answers[-1] == "finish":
            break
    for _ in range(twice):
        finish_request(step, context)
    for _ in range(twice):
        record_result(step, context)
    return [name for name, _ in world.aws.ec2.calls if name not in ("CreateTags", "DeleteSnapshot")]


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize(
    ("document", "operations"),
    [
        (MACHINE, ["ImportSnapshot", "ImportSnapshot", "ImportSnapshot", "RegisterImage"]),
        (NAMED, ["ImportImage", "CopyImage", "DeregisterImage"]),
        (ATTACHED, ["ImportSnapshot", "CreateVolume", "AttachVolume"]),
    ],
    ids=["a machine of three disks", "a name", "a volume"],
)
def test_a_request_passes_its_stages_once_whether_its_steps_die_or_not(
    world: World, context, document, operations, dies: bool
):
    request = world.running("requests/one.json", document=document)

    assert carry(world, request, context, dies=dies) == operations

    assert world.find(request).status == "Succeeded"
    assert world.lease_holders == set()
    assert world.aws.events.kinds.count("Succeeded") == 1
    assert world.aws.events.kinds.count("Started") == 1


def test_a_machine_of_several_disks_is_one_image_over_all_of_its_snapshots(world: World, context):
    request = world.running("requests/one.json", document=MACHINE)

    carry(world, request, context)

    made = world.find(request).made
    result = world.result(request)
    assert len(set(made.snapshot_ids)) == 3
    assert result["SnapshotIds"] == list(made.snapshot_ids)
    (registered,) = world.aws.ec2.called("RegisterImage")
    mapped = [each["Ebs"]["SnapshotId"] for each in registered["BlockDeviceMappings"]]
    assert mapped == list(made.snapshot_ids)
    assert result["ImageId"] == made.image_id
    for snapshot_id in made.snapshot_ids:
        assert world.aws.ec2.tags[snapshot_id]["vmie:workflow"] == "requests"


def test_a_named_image_leaves_only_its_copy(world: World, context):
    request = world.running("requests/one.json", document=NAMED)

    carry(world, request, context)

    (image_id,) = world.aws.ec2.images
    assert world.result(request)["ImageId"] == image_id
    assert world.aws.ec2.images[image_id]["Name"] == "golden"
    assert world.aws.ec2.snapshots == set(world.result(request)["SnapshotIds"])
    assert world.result(request)["ImportTaskId"] == "import-ami-0"


def test_a_stage_that_is_written_down_after_the_next_was_started_is_not_started_again(world, context):
    """A poll that was slow writes what another has written before it: the next stage is found again."""
    request = world.running("requests/one.json", document=NAMED)
    step = world.step(request)
    start_task(step, context)
    complete(world, request)
    poll_task(step, context)
    start_task(step, context)
    made = world.find(request).made
    late = {"stage": 1, "made": made, "task_id": None, "changed_at": SOON}
    world.table.update(request.id, late)

    start_task(step, context)

    assert len(world.aws.ec2.images) == 2
    assert world.find(request).task_id == next(each for each in world.aws.ec2.images if each != "ami-1")


def test_a_quota_met_between_two_disks_keeps_what_was_made(world: World, context):
    request = world.running("requests/one.json", document=MACHINE, stage=1, made=Made(snapshot_ids=("s",)))
    record_result(world.step(request, ReturnToQueue=True), context)
    assert world.table.admit(world.find(request), now=SOON, deadline_at=SOON)

    again = world.find(request)
    assert (again.stage, again.made, again.admission) == (1, Made(snapshot_ids=("s",)), 2)
    assert world.stage_operation(again) == "ImportSnapshot"
