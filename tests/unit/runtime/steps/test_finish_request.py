"""The end of a task that made an AMI."""

import json

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import World
from vmie_runtime.errors import RequestFailure, TransientServiceError
from vmie_runtime.steps.finish_request import handler


def test_the_ami_and_its_snapshots_are_tagged_and_the_outcome_is_kept(world: World, context):
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1", "snap-2")

    handler(world.step(request), context)

    outcome = world.find(request).outcome
    assert outcome is not None
    assert (outcome["Status"], outcome["ImageId"]) == ("Succeeded", "ami-1")
    assert outcome["SnapshotIds"] == ["snap-1", "snap-2"]
    assert set(world.aws.ec2.tags) == {"ami-1", "snap-1", "snap-2"}
    assert world.aws.ec2.tags["ami-1"]["vmie:source"] == "s3://uploads/images/web.vmdk"


@pytest.mark.parametrize(("now", "code"), [({"etag": "e2"}, "SourceChanged"), (None, "SourceDeleted")])
def test_an_ami_of_other_bytes_is_no_outcome(world: World, context, now, code):
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1")
    world.aws.s3.heads.clear()
    if now:
        world.aws.s3.add(request.source.key, **now)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert json.loads(str(error.value))["Code"] == code
    assert world.find(request).outcome is None


def test_a_task_without_an_ami_is_lost(world: World, context):
    request = world.importing()
    world.aws.ec2.tasks["import-ami-0"]["Status"] = "completed"

    with pytest.raises(RequestFailure, match="TaskLost"):
        handler(world.step(request), context)


def test_a_finish_that_is_repeated_after_its_end_finds_it_done(world: World, context):
    """A function that was killed after it kept the outcome runs again: the source may be gone by then."""
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1")
    handler(world.step(request), context)
    kept = world.find(request).outcome
    world.aws.s3.heads.clear()

    handler(world.step(request), context)

    assert world.find(request).outcome == kept


def test_an_end_that_was_kept_before_stays(world: World, context, monkeypatch):
    """The reconciler ended the request while this function, of a stopped execution, was under way."""
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1")
    cancelled = {"Status": "Cancelled", "Error": {"Code": "ExecutionStopped"}}
    monkeypatch.setattr(
        world.aws.ec2,
        "create_tags",
        lambda **_: world.table.update(request.id, {"outcome": cancelled}),
    )

    handler(world.step(request), context)

    assert world.find(request).outcome == cancelled


def test_an_ami_that_ec2_does_not_show_yet_is_tagged_later(world: World, context):
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1")
    world.aws.ec2.refusals.add("CreateTags", refusal("InvalidAMIID.NotFound", "CreateTags"))

    with pytest.raises(TransientServiceError):
        handler(world.step(request), context)
