"""What a failed request leaves: nothing, and how it ended."""

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import World
from vmie_runtime.errors import TaskStillEnding, TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.request import Status
from vmie_runtime.stages.stage import stage_tags
from vmie_runtime.steps.clean_up import handler

FAILED = {"Status": "Failed", "Error": {"Code": "TaskStalled", "Message": "It stands."}}


def test_the_task_is_cancelled_with_the_reason(world: World, context):
    request = world.importing()

    assert handler(world.step(request, Outcome=FAILED), context) == FAILED
    assert world.aws.ec2.cancelled == {"import-ami-0": "TaskStalled"}
    assert world.find(request).outcome == FAILED


def test_a_task_that_is_still_ending_is_waited_for(world: World, context):
    request = world.importing()
    world.aws.ec2.state_after_cancel = "deleting"

    for _ in range(2):
        with pytest.raises(TaskStillEnding, match="import-ami-0"):
            handler(world.step(request, Outcome=FAILED), context)
    world.aws.ec2.tasks["import-ami-0"]["Status"] = "deleted"

    assert handler(world.step(request, Outcome=FAILED), context) == FAILED
    assert world.find(request).outcome == FAILED


def test_what_the_task_made_is_tagged_and_removed(world: World, context):
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")

    handler(world.step(request, Outcome=FAILED), context)

    assert world.aws.ec2.images == {}
    assert world.aws.ec2.snapshots == set()
    assert world.aws.ec2.tags["ami-1"]["vmie:workflow"] == "requests"


def test_a_snapshot_that_went_with_its_task_is_not_deleted_again(world: World, context):
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")
    world.aws.ec2.images.clear()
    world.aws.ec2.snapshots.clear()
    world.aws.ec2.tasks["import-ami-0"]["Status"] = "deleted"

    assert handler(world.step(request, Outcome=FAILED), context) == FAILED


def test_a_snapshot_still_in_use_is_tried_again(world: World, context):
    """EC2 takes a moment to see that the AMI of a snapshot is deregistered."""
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")
    world.aws.ec2.refusals.add("DeleteSnapshot", refusal("InvalidSnapshot.InUse", "DeleteSnapshot"))

    with pytest.raises(TransientServiceError):
        handler(world.step(request, Outcome=FAILED), context)
    handler(world.step(request, Outcome=FAILED), context)

    assert world.aws.ec2.snapshots == set()


def test_a_task_whose_id_was_never_written_down_is_found_by_its_tag(world: World, context):
    request = world.importing(task_id=None)

    handler(world.step(request, Outcome=FAILED), context)

    assert set(world.aws.ec2.cancelled) == {"import-ami-0"}


def test_a_task_that_ends_while_it_is_cancelled_is_left_as_it_is(world: World, context, monkeypatch):
    request = world.importing()

    def refuse(**_):
        world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")
        raise refusal("IncorrectState", "CancelImportTask")

    monkeypatch.setattr(world.aws.ec2, "cancel_import_task", refuse)

    handler(world.step(request, Outcome=FAILED), context)

    assert world.aws.ec2.images == {}


def test_a_success_whose_ami_is_removed_is_no_success_any_more(world: World, context):
    """Finish import kept its outcome and then failed for good: the execution has decided for the failure."""
    request = world.importing(outcome={"Status": "Succeeded", "ImageId": "ami-1"})
    world.aws.ec2.complete("import-ami-0", "ami-1")

    assert handler(world.step(request, Outcome=FAILED), context) == FAILED
    assert world.find(request).outcome == FAILED
    assert world.aws.ec2.images == {}


def test_a_failure_that_was_kept_before_stays(world: World, context):
    cancelled = {"Status": "Cancelled", "Error": {"Code": "SourceDeleted", "Message": "gone"}}
    request = world.importing(outcome=cancelled)

    assert handler(world.step(request, Outcome=FAILED), context) == cancelled


def test_a_request_that_has_ended_is_left_alone(world: World, context):
    request = world.importing()
    world.table.conclude(request, status=Status.CANCELLED, now=request.queued_at)

    assert handler(world.step(request, Outcome=FAILED), context) == FAILED
    assert world.aws.ec2.cancelled == {}


def test_what_every_stage_made_is_removed(world: World, context):
    document = {
        "DiskContainer": {"Format": "raw", "UserBucket": {"S3Key": "disks/data.raw"}},
        "Vmie": {
            "CreateVolume": {"AvailabilityZone": "us-east-1a"},
            "AttachVolume": {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"},
        },
    }
    made = Made(snapshot_ids=("snap-1",), volume_ids=("vol-1",))
    request = world.running("requests/web.json", document=document, stage=2, made=made, task_id="vol-1")
    world.aws.ec2.snapshots.add("snap-1")
    attachment = {"InstanceId": "i-0123456789abcdef0", "State": "attaching"}
    world.aws.ec2.volumes["vol-1"] = {"VolumeId": "vol-1", "State": "in-use", "Attachments": [attachment]}

    with pytest.raises(TaskStillEnding):  # An attachment cannot be cancelled.
        handler(world.step(request, Outcome=FAILED), context)
    attachment["State"] = "attached"
    with pytest.raises(TransientServiceError, match="being detached"):
        handler(world.step(request, Outcome=FAILED), context)
    handler(world.step(request, Outcome=FAILED), context)

    assert world.aws.ec2.volumes == {}
    assert world.aws.ec2.snapshots == set()


def test_a_failed_copy_takes_the_original_with_it(world: World, context):
    document = {
        "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
        "Vmie": {"Name": "golden"},
    }
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made, task_id="ami-copy")
    world.aws.ec2.add_image("ami-1", "snap-1")
    world.aws.ec2.add_image("ami-copy", "snap-2", State="failed")

    handler(world.step(request, Outcome=FAILED), context)

    assert (world.aws.ec2.images, world.aws.ec2.snapshots) == ({}, set())


@pytest.mark.parametrize("by", ["the step", "the reconciler"])
def test_snapshots_that_outlive_their_image_for_a_moment_are_not_forgotten(world: World, context, by: str):
    """EC2 sees only later that the copy, which alone names them, is deregistered."""
    document = {
        "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
        "Vmie": {"Name": "golden"},
    }
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made, task_id="ami-copy")
    world.aws.ec2.add_image("ami-1", "snap-1")
    world.aws.ec2.add_image("ami-copy", "snap-2")
    in_use = refusal("InvalidSnapshot.InUse", "DeleteSnapshot")
    world.aws.ec2.refusals.add("DeleteSnapshot", in_use)

    if by == "the step":
        with pytest.raises(TransientServiceError):
            handler(world.step(request, Outcome=FAILED), context)
        handler(world.step(request, Outcome=FAILED), context)
    else:
        world.end_execution(request, "ABORTED")
        for _ in range(2):
            world.reconciler.run(request.queued_at, sweep=False)

    assert (world.aws.ec2.images, world.aws.ec2.snapshots) == ({}, set())


def test_a_snapshot_that_the_request_named_itself_stays(world: World, context):
    """It is the requester's, although the half-made AMI was registered over it."""
    given = "snap-0123456789abcdef0"
    containers = [
        {"SnapshotId": given},
        {"Format": "raw", "UserBucket": {"S3Key": "disks/data.raw"}},
    ]
    document = {"DiskContainers": containers, "Vmie": {"Method": "snapshot"}}
    made = Made(snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made, task_id="ami-1")
    world.aws.ec2.add_image("ami-1", given, "snap-1")

    handler(world.step(request, Outcome=FAILED), context)

    assert world.aws.ec2.images == {}
    assert world.aws.ec2.snapshots == {given}
    assert given not in world.aws.ec2.tags


def test_an_image_of_a_call_that_was_never_written_down_is_found_and_removed(world: World, context):
    document = {
        "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
        "Vmie": {"Method": "snapshot"},
    }
    made = Made(snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made)
    world.aws.ec2.add_image("ami-1", "snap-1")
    world.aws.ec2.tags["ami-1"] = stage_tags(request, "requests")

    handler(world.step(request, Outcome=FAILED), context)

    assert (world.aws.ec2.images, world.aws.ec2.snapshots) == ({}, set())
