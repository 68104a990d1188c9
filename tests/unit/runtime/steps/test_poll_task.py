"""Whether a task has ended, moves and may go on."""

import json

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import LATER, NOW, SOON, World
from vmie_runtime.errors import RequestFailure, TaskFailed
from vmie_runtime.made import Made
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.steps.diagnose_failure import handler as diagnose
from vmie_runtime.steps.poll_task import handler


def raised(error: pytest.ExceptionInfo[RequestFailure]) -> dict:
    """What travels through the state machine as the error's cause."""
    return json.loads(str(error.value))


def test_a_task_that_moves_is_looked_at_again(world: World, context):
    request = world.importing()

    assert handler(world.step(request), context) == {"Next": "wait", "PollAfter": 23}


def test_a_completed_task_ends_its_stage_whatever_the_clock_says(world: World, context):
    request = world.importing(deadline_at=NOW, superseded=True)
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")

    assert handler(world.step(request), context) == {"Next": "finish"}

    ended = world.find(request)
    assert ended.made == Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    assert (ended.stage, ended.task_id, ended.import_task_id) == (1, None, "import-ami-0")
    assert (ended.phase, ended.progress, ended.changed_at) == (None, None, SOON)


def test_after_the_last_stage_nothing_is_looked_at(world: World, context):
    request = world.importing()
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")
    handler(world.step(request), context)
    before = world.find(request)

    assert handler(world.step(request, now=LATER), context) == {"Next": "finish"}

    assert world.find(request) == before


NAMED = {
    "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
    "Vmie": {"Name": "golden"},
}


def test_a_stage_that_another_follows_is_followed_by_its_start(world: World, context):
    request = world.importing("requests/web.json", document=NAMED)
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")

    assert handler(world.step(request), context) == {"Next": "start"}
    assert world.stage_operation(request) == "CopyImage"


def test_a_stage_ended_by_a_run_that_died_is_not_ended_again(world: World, context):
    """The answer was lost, or the next stage's start has not been written down yet."""
    request = world.importing("requests/web.json", document=NAMED)
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")
    handler(world.step(request), context)
    before = world.find(request)

    assert handler(world.step(request, now=LATER), context) == {"Next": "start"}

    assert world.find(request) == before


def test_a_later_stage_shows_what_it_waits_for(world: World, context):
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=NAMED, stage=1, made=made, task_id="ami-copy-0")
    world.aws.ec2.add_image("ami-copy-0", "snap-2", State="pending")

    assert handler(world.step(request), context)["Next"] == "wait"
    assert world.aws.events.kinds == ["Progressed"], "The request started with its first stage"
    world.aws.ec2.images["ami-copy-0"]["State"] = "available"
    assert handler(world.step(request), context) == {"Next": "finish"}

    assert world.find(request).made == Made(
        image_ids=("ami-copy-0",),
        snapshot_ids=("snap-2",),
        replaced_image_ids=("ami-1",),
        replaced_snapshot_ids=("snap-1",),
    )


def test_an_image_that_cannot_be_made_fails_with_what_ec2_says(world: World, context):
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=NAMED, stage=1, made=made, task_id="ami-copy-0")
    reason = {"Code": "Client.InternalError", "Message": "Client error on copy: no key"}
    world.aws.ec2.add_image("ami-copy-0", State="failed", StateReason=reason)

    with pytest.raises(TaskFailed, match="no key"):
        handler(world.step(request), context)


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"StatusMessage": "ClientError: Unknown OS"}, "ClientError: Unknown OS"),
        ({"StatusMessage": None}, "The service deleted the task and gave no reason."),
    ],
)
def test_a_deleted_task_fails_with_what_the_service_said(world: World, context, described, said):
    request = world.importing()
    world.aws.ec2.tasks["import-ami-0"].update(Status="deleted", **described)

    with pytest.raises(TaskFailed) as error:
        handler(world.step(request), context)

    assert raised(error)["Message"] == said
    assert raised(error)["StatusMessage"] == (described["StatusMessage"] or "")


def test_a_task_is_waited_for_until_the_moment_of_its_deadline(world: World, context):
    request = world.importing(deadline_at="2026-11-20T12:05:00.000Z")

    assert handler(world.step(request, now="2026-11-20T12:04:59.999Z"), context)["Next"] == "wait"
    with pytest.raises(RequestFailure) as error:
        handler(world.step(request, now="2026-11-20T12:05:00Z"), context)

    assert (raised(error)["Code"], raised(error)["Status"]) == ("DeadlineExceeded", "TimedOut")
    assert raised(error)["deadline"] == "2026-11-20 12:05:00 UTC"


def test_a_task_that_stands_still_longer_than_allowed_is_stalled(world: World, context):
    request = world.importing()

    assert handler(world.step(request, now="2026-11-20T12:10:00Z"), context)["Next"] == "wait"
    with pytest.raises(RequestFailure) as error:
        handler(world.step(request, now="2026-11-20T12:10:01Z"), context)

    assert raised(error)["Code"] == "TaskStalled"
    assert "2026-11-20 12:00:00 UTC" in raised(error)["Message"]
    assert (raised(error)["phase"], raised(error)["duration"]) == ("converting", "10 minutes")


@pytest.mark.parametrize(
    ("phase", "retryable"), [("converting", True), ("booting", False), ("preparing to boot", False)]
)
def test_a_guest_that_does_not_come_up_is_not_tried_again(world: World, context, phase: str, retryable: bool):
    request = world.importing(phase=phase)
    world.aws.ec2.tasks["import-ami-0"]["StatusMessage"] = phase

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request, now="2026-11-20T12:10:01Z"), context)

    failure = {"Error": "RequestFailure", "Cause": json.dumps({"errorMessage": str(error.value)})}
    outcome = diagnose({"Failure": failure}, context)
    assert outcome["Error"]["Cause"].endswith(f"It stood at {phase} for 10 minutes.")
    assert outcome.get("Retryable", False) is retryable


@pytest.mark.parametrize("moved", [{"Progress": "31"}, {"Progress": "29"}, {"StatusMessage": "booting"}])
def test_any_change_proves_that_a_task_does_not_stall(world: World, context, moved):
    request = world.importing()
    world.aws.ec2.tasks["import-ami-0"].update(moved)

    assert handler(world.step(request, now="2026-11-20T12:30:00Z"), context)["Next"] == "wait"
    assert world.find(request).changed_at == "2026-11-20T12:30:00.000Z"


def test_an_overwritten_source_ends_the_wait(world: World, context):
    request = world.importing(superseded=True)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert raised(error)["Code"] == "SourceChanged"


def test_a_task_that_ec2_does_not_show_for_a_while_is_not_lost(world: World, context):
    """EC2's answers are eventually consistent."""
    request = world.importing()
    del world.aws.ec2.tasks["import-ami-0"]

    assert handler(world.step(request, now="2026-11-20T12:04:00Z"), context)["Next"] == "wait"
    assert handler(world.step(request, now="2026-11-20T12:09:00Z"), context)["Next"] == "wait"
    with pytest.raises(RequestFailure) as error:
        handler(world.step(request, now="2026-11-20T12:09:01Z"), context)

    assert raised(error)["Code"] == "TaskLost"


def test_a_task_that_stood_still_for_long_is_not_lost_at_its_first_miss(world: World, context):
    request = world.importing()
    shown = world.aws.ec2.tasks.pop("import-ami-0")

    assert handler(world.step(request, now="2026-11-20T12:09:00Z"), context)["Next"] == "wait"
    assert world.find(request).unseen_since == "2026-11-20T12:09:00.000Z"
    world.aws.ec2.tasks["import-ami-0"] = shown
    handler(world.step(request, now="2026-11-20T12:09:30Z"), context)
    assert world.find(request).unseen_since is None
    del world.aws.ec2.tasks["import-ami-0"]

    assert handler(world.step(request, now="2026-11-20T12:30:00Z"), context)["Next"] == "wait"


def test_a_task_that_ec2_does_not_show_is_not_waited_for_beyond_the_deadline(world: World, context):
    request = world.importing(deadline_at="2026-11-20T12:05:00.000Z")
    del world.aws.ec2.tasks["import-ami-0"]

    with pytest.raises(RequestFailure, match="DeadlineExceeded"):
        handler(world.step(request, now="2026-11-20T12:05:00Z"), context)


def test_a_new_phase_is_published_and_a_new_percentage_is_not(world: World, context):
    request = world.importing(phase=None)
    handler(world.step(request), context)
    world.aws.ec2.tasks["import-ami-0"]["Progress"] = "40"
    handler(world.step(request), context)
    world.aws.ec2.tasks["import-ami-0"]["StatusMessage"] = "booting"
    handler(world.step(request), context)

    assert world.aws.events.kinds == ["Started", "Progressed"]
    assert (world.result(request)["Phase"], world.result(request)["Progress"]) == ("booting", 40)


@pytest.mark.parametrize("error", [refusal("AccessDenied"), throttled()])
def test_progress_that_cannot_be_told_cancels_nothing_and_is_told_later(world: World, context, error):
    request = world.importing(phase="pending")
    world.aws.s3.refusals.add("PutObject", error)

    assert handler(world.step(request), context)["Next"] == "wait"
    assert world.aws.events.kinds == []
    assert handler(world.step(request), context)["Next"] == "wait"
    assert world.aws.events.kinds == ["Progressed"]


def test_a_poll_that_outlives_its_request_does_not_overwrite_the_result(world: World, context, monkeypatch):
    """StopExecution does not stop a function under way."""
    request = world.importing(phase="pending")
    _end_while_described(world, request, monkeypatch)

    handler(world.step(request), context)

    assert world.result(request)["Status"] == "Cancelled"


def _end_while_described(world: World, request: Request, monkeypatch) -> None:
    describe = world.aws.ec2.describe_import_image_tasks

    def ending(**arguments):
        world.table.update(request.id, {"open_state": OpenState.ENDING})
        outcome = {"Status": "Cancelled", "Error": {"Code": "ExecutionStopped", "Message": ""}}
        world.table.update(request.id, {"outcome": outcome})
        world.reconciler.publisher.publish_end(world.find(request), now=SOON)
        return describe(**arguments)

    monkeypatch.setattr(world.aws.ec2, "describe_import_image_tasks", ending)


def test_a_request_that_has_ended_is_polled_no_more(world: World, context):
    request = world.importing()
    world.table.conclude(request, status=Status.CANCELLED, now=SOON)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert raised(error)["Code"] == "RequestNotOpen"
