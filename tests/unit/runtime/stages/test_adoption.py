"""A task that somebody started by hand."""

from __future__ import annotations

import json

import pytest

from tests.unit.runtime.world import SOON, World
from vmie_runtime.errors import RequestRejected
from vmie_runtime.made import Made
from vmie_runtime.request import Request
from vmie_runtime.stages.plan import stage_of
from vmie_runtime.stages.stage import Stage
from vmie_runtime.steps.clean_up import handler as clean_up
from vmie_runtime.steps.poll_task import handler as poll_task
from vmie_runtime.steps.start_task import handler as start_task

TASK = "import-ami-0123456789abcdef0"


def adopting(world: World) -> Request:
    document = {"Vmie": {"ImportTaskId": TASK}}
    return world.running("requests/adopt.json", document=document)


def stage(request: Request) -> Stage:
    found = stage_of(request)
    assert found is not None
    return found


def test_it_is_marked_followed_and_ended_as_if_it_had_been_started(world: World, context):
    request = adopting(world)
    world.aws.ec2.add_task(TASK, tags={"theirs": "stays"}, StatusMessage="converting")

    assert start_task(world.step(request), context) == {"PollAfter": 0}
    assert world.aws.ec2.tags[TASK] == {
        "theirs": "stays",
        "vmie:request-id": request.id,
        "vmie:attempt": "1",
        "vmie:stage": "0",
        "vmie:workflow": "requests",
    }
    world.aws.ec2.complete(TASK, "ami-1", "snap-1")
    assert poll_task(world.step(request), context) == {"Next": "finish"}

    ended = world.find(request)
    assert (ended.import_task_id, ended.made) == (TASK, Made(image_ids=("ami-1",), snapshot_ids=("snap-1",)))
    assert world.aws.ec2.imports == []


@pytest.mark.parametrize(
    ("tags", "code"),
    [(None, "UnknownImportTask"), ({"vmie:request-id": "another"}, "TaskOfAnotherRequest")],
)
def test_a_task_that_is_not_there_or_somebody_elses_is_rejected(world: World, tags, code: str):
    request = adopting(world)
    if tags is not None:
        world.aws.ec2.add_task(TASK, tags=tags)

    with pytest.raises(RequestRejected) as error:
        stage(request).start(world.work(request))

    assert json.loads(str(error.value))["Code"] == code
    assert TASK in str(error.value)
    assert world.aws.ec2.calls == []


def test_a_task_that_has_ended_is_rejected_and_what_it_made_stays(world: World, context):
    request = adopting(world)
    world.aws.ec2.add_task(TASK)
    world.aws.ec2.complete(TASK, "ami-1", "snap-1")

    with pytest.raises(RequestRejected, match="ImportTaskEnded"):
        start_task(world.step(request), context)

    assert set(world.aws.ec2.images) == {"ami-1"}
    assert world.aws.ec2.tags.get(TASK, {}) == {}


def test_an_adoption_that_is_repeated_changes_nothing(world: World):
    request = adopting(world)
    world.aws.ec2.add_task(TASK)

    ids = [stage(request).start(world.work(request)) for _ in range(2)]

    assert ids == [TASK, TASK]


def test_an_adoption_that_is_repeated_after_the_task_has_ended_keeps_what_it_made(world: World, context):
    """It was marked, the table could not be written, and it completed before the step ran again."""
    request = adopting(world)
    world.aws.ec2.add_task(TASK)
    stage(request).start(world.work(request))
    world.aws.ec2.complete(TASK, "ami-1", "snap-1")

    start_task(world.step(request), context)
    assert poll_task(world.step(request), context) == {"Next": "finish"}

    assert set(world.aws.ec2.images) == {"ami-1"}
    assert world.find(request).made.image_id == "ami-1"


def test_what_was_marked_and_not_written_down_is_cancelled_with_its_request(world: World, context):
    """The function died in between; the request then ends."""
    request = adopting(world)
    world.aws.ec2.add_task(TASK)
    stage(request).start(world.work(request))
    failed = {"Status": "Failed", "Error": {"Code": "TaskStalled", "Message": "m"}}

    clean_up(world.step(request, Outcome=failed, now=SOON), context)

    assert world.aws.ec2.cancelled == {TASK: "TaskStalled"}


def test_what_was_not_marked_is_left_as_it_is(world: World, context):
    request = adopting(world)
    world.aws.ec2.add_task(TASK)
    rejected = {"Status": "Rejected", "Error": {"Code": "StsInactive", "Message": "m"}}

    clean_up(world.step(request, Outcome=rejected), context)

    assert world.aws.ec2.cancelled == {}
