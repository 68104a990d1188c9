"""What a failed request leaves: nothing, and how it ended."""

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import World
from vmie_runtime.errors import TaskStillEnding, TransientServiceError
from vmie_runtime.request import Status
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
