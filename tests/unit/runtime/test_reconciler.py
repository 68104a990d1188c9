"""What the reconciler decides from what it finds."""

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import BUCKET, NOW, SOON, WORKFLOW, World
from vmie_runtime.made import Made
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.stages.stage import REQUEST_ID_TAG, WORKFLOW_TAG, stage_tags

STOP = {"Code": "SourceDeleted", "Message": "images/web.vmdk was deleted."}


def run(world: World, *, sweep: bool = False, now: str = SOON) -> None:
    world.reconciler.run(now, sweep=sweep)


def queue(world: World, number: int, **changes) -> list[Request]:
    """Requests in the order of their arrival."""
    return [
        world.request(f"images/{each}.vmdk", queued_at=f"2026-11-20T10:00:{each:02d}.000Z", **changes)
        for each in range(number)
    ]


def started(world: World, requests: list[Request]) -> list[bool]:
    return [world.is_started(request) for request in requests]


def test_requests_are_admitted_in_the_order_of_their_arrival_while_leases_last(world: World):
    waiting = queue(world, 3)

    run(world)

    assert started(world, waiting) == [True, True, False]
    first = world.find(waiting[0])
    assert (first.status, first.open_state, first.admission) == (Status.RUNNING, OpenState.LIVE, 1)
    assert (first.started_at, first.deadline_at) == (SOON, "2026-11-20T13:01:00.000Z")
    assert world.lease_holders == {waiting[0].id, waiting[1].id}


def test_a_round_that_finds_nothing_new_starts_nothing_again(world: World):
    queue(world, 3)

    run(world)
    before = dict(world.aws.stepfunctions.executions)
    run(world, sweep=True)

    assert world.aws.stepfunctions.executions == before


def test_a_request_that_must_wait_lets_the_next_ones_pass(world: World):
    waiting = [*queue(world, 1, not_before="2026-11-20T12:01:00.001Z"), world.request("images/late.vmdk")]

    run(world)
    assert started(world, waiting) == [False, True]
    run(world, now="2026-11-20T12:01:00.001Z")
    assert started(world, waiting) == [True, True]


def test_a_pause_admits_nothing_and_ends_what_ends(world: World):
    (waiting,) = queue(world, 1)
    ending = world.running("images/ending.vmdk")
    world.end_execution(ending, "ABORTED", cause="wrong image")
    world.aws.ssm.value = "true"

    run(world)

    assert not world.is_started(waiting)
    assert world.result(ending)["Error"]["Code"] == "ExecutionStopped"


def test_an_admission_whose_start_failed_is_started_by_the_next_round(world: World):
    (request,) = queue(world, 1)
    world.aws.stepfunctions.refusals.add("StartExecution", throttled())

    run(world)
    assert world.find(request).open_state is OpenState.LIVE
    assert not world.is_started(request)
    run(world)

    assert world.is_started(request)
    assert world.find(request).admission == 1


def test_one_request_that_cannot_be_served_holds_up_no_other(world: World):
    first, second = queue(world, 2)
    world.aws.stepfunctions.refusals.add("StartExecution", refusal("StateMachineDeleting", "StartExecution"))

    run(world)

    assert started(world, [first, second]) == [False, True]


@pytest.mark.parametrize(
    ("status", "result_status", "code"),
    [
        ("ABORTED", "Cancelled", "ExecutionStopped"),
        ("TIMED_OUT", "TimedOut", "DeadlineExceeded"),
        ("FAILED", "Failed", "InternalError"),
    ],
)
def test_an_execution_that_ended_without_an_outcome_gets_one(world: World, status, result_status, code):
    request = world.importing()
    world.end_execution(request, status, error="E", cause="wrong image")

    run(world)

    result = world.result(request)
    assert (result["Status"], result["Error"]["Code"]) == (result_status, code)
    assert world.aws.ec2.cancelled == {"import-ami-0": code}
    assert world.lease_holders == set()
    assert world.aws.events.kinds == [result_status]


def test_an_outcome_that_the_execution_kept_is_recorded_as_it_is(world: World):
    outcome = {"Status": "Succeeded", "ImageId": "ami-1", "SnapshotIds": ["snap-1"]}
    request = world.importing(outcome=outcome)
    world.aws.ec2.complete("import-ami-0", "ami-1", "snap-1")
    world.end_execution(request, "FAILED", error="ResultNotRecorded")

    run(world)

    assert world.result(request)["ImageId"] == "ami-1"
    assert set(world.aws.ec2.images) == {"ami-1"}


def test_a_stop_ends_the_execution_and_the_task_and_then_the_request(world: World):
    request = world.importing(stop=STOP)
    world.aws.ec2.state_after_cancel = "deleting"

    run(world)
    assert world.aws.stepfunctions.executions[request.execution_name]["error"] == "SourceDeleted"
    assert world.find(request).open_state is OpenState.ENDING
    assert world.lease_holders == {request.id}, "EC2 still counts the task"
    world.aws.ec2.tasks["import-ami-0"]["Status"] = "deleted"
    run(world)

    assert (world.result(request)["Status"], world.result(request)["Error"]["Code"]) == (
        "Cancelled",
        "SourceDeleted",
    )
    assert world.lease_holders == set()


def test_a_stop_of_what_waits_ends_it_unstarted(world: World):
    (request,) = queue(world, 1)
    world.table.update(request.id, {"stop": STOP})

    run(world)

    assert not world.is_started(request)
    assert world.result(request)["Error"]["Code"] == "SourceDeleted"


def test_a_stop_of_what_was_admitted_and_not_started_ends_it_unstarted(world: World):
    request = world.running(stop=STOP)
    world.aws.stepfunctions.executions.clear()

    run(world)

    assert not world.is_started(request)
    assert world.result(request)["Error"]["Code"] == "SourceDeleted"
    assert world.lease_holders == set()


def test_an_index_that_lags_publishes_no_end_twice(world: World):
    request = world.importing(open_state=OpenState.ENDING)
    world.aws.dynamodb.freeze_indexes()

    run(world, now=SOON)
    run(world, now="2026-11-20T12:30:00.000Z")

    assert world.aws.events.kinds == ["Cancelled"]
    assert world.result(request)["EndedAt"] == SOON


def test_an_index_that_lags_gives_no_second_admission_an_old_name(world: World):
    """What the index still shows as queued was admitted, met the quota and has had its execution."""
    (request,) = queue(world, 1)
    world.aws.dynamodb.freeze_indexes()
    run(world)
    world.table.return_to_queue(world.find(request), not_before=NOW)
    world.end_execution(world.find(request), "SUCCEEDED")

    run(world)

    assert world.find(request).execution_name.endswith("-2")
    assert world.find(request).status is Status.RUNNING
    assert world.aws.stepfunctions.executions[f"{request.id}-2"]["status"] == "RUNNING"


def test_a_round_that_read_a_request_before_another_admitted_it_admits_nothing(world: World):
    (request,) = queue(world, 1)
    run(world)
    world.table.return_to_queue(world.find(request), not_before=NOW)

    assert not world.table.admit(request, now=SOON, deadline_at=SOON)


def test_a_sweep_cancels_our_tasks_that_nobody_watches_and_no_others(world: World):
    live = world.importing()
    ours = {WORKFLOW_TAG: WORKFLOW, REQUEST_ID_TAG: "long-gone"}
    world.aws.ec2.add_task("import-ami-orphan", tags=ours)
    world.aws.ec2.add_task("import-ami-foreign", tags={WORKFLOW_TAG: "another", REQUEST_ID_TAG: "x"})
    world.aws.ec2.add_task("import-ami-untagged")
    world.aws.ec2.add_task("import-ami-half-tagged", tags={WORKFLOW_TAG: WORKFLOW})

    run(world)
    assert world.aws.ec2.cancelled == {}
    run(world, sweep=True)

    assert set(world.aws.ec2.cancelled) == {"import-ami-orphan", "import-ami-half-tagged"}
    assert world.find(live).open_state is OpenState.LIVE


@pytest.mark.parametrize(
    ("place", "written", "cancelled"),
    [
        (("1", "0"), "import-ami-0", True),
        (("1", "0"), "import-ami-twin", False),
        (("1", "0"), None, False),
        (("1", "1"), "import-ami-0", False),
        (("1", ""), "import-ami-0", False),
        (("", "0"), "import-ami-0", False),
    ],
)
def test_a_sweep_cancels_the_twin_of_a_task_that_was_written_down(
    world: World, place: tuple[str, str], written: str | None, cancelled: bool
):
    request = world.importing(task_id=written)
    tags = {**stage_tags(request, WORKFLOW), "vmie:attempt": place[0], "vmie:stage": place[1]}
    world.aws.ec2.add_task("import-ami-twin", tags=tags)

    run(world, sweep=True)

    assert ("import-ami-twin" in world.aws.ec2.cancelled) is cancelled
    assert ("import-ami-0" in world.aws.ec2.cancelled) is (written == "import-ami-twin")


@pytest.mark.parametrize("changes", [{"stage": 1, "task_id": None}, {"attempt": 2, "task_id": None}])
def test_a_sweep_cancels_what_runs_for_a_stage_or_an_attempt_that_is_over(world: World, changes):
    request = world.importing()
    world.table.update(request.id, changes)

    run(world, sweep=True)

    assert set(world.aws.ec2.cancelled) == {"import-ami-0"}


def test_a_sweep_takes_back_leases_of_requests_that_have_ended(world: World):
    live = world.importing()
    world.aws.dynamodb.items["lease#task"]["Holders"]["SS"].append("long-gone")
    (waiting,) = queue(world, 1)

    run(world)
    assert not world.is_started(waiting)
    run(world, sweep=True)

    assert world.is_started(waiting)
    assert world.lease_holders == {live.id, waiting.id}


def test_an_orphan_that_cannot_be_cancelled_holds_up_no_admission(world: World):
    world.aws.ec2.add_task("import-ami-orphan", tags={WORKFLOW_TAG: WORKFLOW, REQUEST_ID_TAG: "long-gone"})
    world.aws.ec2.refusals.add("CancelImportTask", refusal("UnauthorizedOperation", "CancelImportTask"))
    (waiting,) = queue(world, 1)

    with pytest.raises(Exception, match="UnauthorizedOperation"):
        run(world, sweep=True)

    assert world.is_started(waiting)


def test_a_request_rejected_before_any_task_asks_ec2_nothing(world: World, monkeypatch):
    rejected = {"Status": "Rejected", "Error": {"Code": "EmptyObject", "Message": "It is empty."}}
    request = world.request(open_state=OpenState.ENDING, outcome=rejected)
    monkeypatch.setattr(world.aws.ec2, "get_paginator", lambda _: pytest.fail("EC2 was asked"))

    run(world)

    assert world.result(request)["Error"]["Code"] == "EmptyObject"


def test_a_sweep_cancels_snapshot_tasks_that_nobody_watches_too(world: World):
    live = world.importing("snapshots/data.raw")
    world.aws.ec2.add_task("import-snap-orphan", tags={WORKFLOW_TAG: WORKFLOW, REQUEST_ID_TAG: "long-gone"})

    run(world, sweep=True)

    assert set(world.aws.ec2.cancelled) == {"import-snap-orphan"}
    assert world.find(live).open_state is OpenState.LIVE


def test_a_task_adopted_by_a_request_that_has_ended_is_cancelled(world: World):
    """Its request was stopped between the task's marking and its being written down."""
    request = world.importing(task_id=None)
    world.table.conclude(request, status=Status.CANCELLED, now=SOON)

    run(world, sweep=True)

    assert set(world.aws.ec2.cancelled) == {"import-ami-0"}


def test_a_request_in_the_middle_of_its_stages_leaves_nothing_when_it_is_stopped(world: World):
    containers = [{"Format": "raw", "UserBucket": {"S3Key": f"disks/{each}.raw"}} for each in "ab"]
    document = {"DiskContainers": containers, "Vmie": {"Method": "snapshot"}}
    made = Made(snapshot_ids=("snap-1",))
    request = world.running(
        "requests/web.json", document=document, stage=1, made=made, task_id="import-snap-1", stop=STOP
    )
    world.aws.ec2.snapshots.add("snap-1")
    world.aws.ec2.add_task("import-snap-1", tags=stage_tags(request, WORKFLOW))

    run(world)

    assert set(world.aws.ec2.cancelled) == {"import-snap-1"}
    assert world.aws.ec2.snapshots == set()
    assert world.result(request)["Error"]["Code"] == "SourceDeleted"


def test_what_aws_will_not_let_go_is_named_and_holds_no_lease(world: World):
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running(stop=STOP, made=made)
    world.aws.ec2.add_image("ami-1", "snap-1")
    protected = refusal("OperationNotPermitted", "DeregisterImage", message="The AMI is protected.")
    world.aws.ec2.refusals.add("DeregisterImage", *[protected] * 3)

    run(world)

    (advice,) = world.result(request)["Advice"]
    assert advice["Code"] == "LeftBehind"
    assert "ami-1" in advice["Message"]
    assert "The AMI is protected." in advice["Message"]
    assert world.lease_holders == set()


@pytest.mark.parametrize(
    ("status", "left"), [(Status.CANCELLED, set()), (Status.SUCCEEDED, {"ami-late"}), (None, {"ami-late"})]
)
def test_an_image_that_came_to_be_after_its_request_had_ended_badly_is_removed(
    world: World, status: Status | None, left: set[str]
):
    request = world.running()
    world.aws.ec2.add_image("ami-late", "snap-late")
    tags = [{"Key": key, "Value": value} for key, value in stage_tags(request, WORKFLOW).items()]
    world.aws.ec2.create_tags(Resources=["ami-late", "snap-late"], Tags=tags)
    if status is not None:
        world.table.conclude(request, status=status, now=SOON)

    run(world, sweep=True)

    assert set(world.aws.ec2.images) == left


def test_requests_of_an_unlucky_service_wait_and_let_the_others_pass(world: World):
    """A new attempt waits as one does that met the quota."""
    (request,) = queue(world, 1, attempt=2, not_before=SOON)
    later = world.request("images/later.vmdk", queued_at=NOW)

    run(world, now=NOW)
    assert started(world, [request, later]) == [False, True]
    run(world, now=SOON)

    assert started(world, [request, later]) == [True, True]


def test_a_round_that_lost_the_last_lease_to_another_looks_at_no_more_requests(world: World, monkeypatch):
    queue(world, 50)
    monkeypatch.setattr(world.table.leases, "_maximum", 0)
    free = iter([1])
    monkeypatch.setattr(world.table.leases, "free", lambda: next(free, 0))

    run(world)

    assert world.aws.dynamodb.calls.count("TransactWriteItems") == 1


def test_admission_ends_when_the_time_for_it_does(world: World):
    waiting = queue(world, 2)
    answers = iter([True, False])

    world.reconciler.run(SOON, sweep=False, time_is_left=lambda: next(answers, False))

    assert started(world, waiting) == [True, False]


def export(world: World, name: str, image: str = "ami-0123456789abcdef0", **more) -> Request:
    document = {"ImageId": image, "DiskImageFormat": "VMDK", "S3ExportLocation": {"S3Bucket": BUCKET}}
    return world.request(f"requests/{name}.json", document={**document, **more})


def test_exports_of_one_ami_begin_one_after_the_other_and_others_pass(world: World):
    first, second, other = export(world, "1"), export(world, "2"), export(world, "3", "ami-0fedcba9876543210")

    run(world)

    assert started(world, [first, second, other]) == [True, False, True]
    assert world.find(second).admission == 0, "it waits without a lease"
    world.table.update(first.id, {"outcome": {"Status": "Succeeded"}})
    world.end_execution(world.find(first), "SUCCEEDED")
    run(world)
    assert started(world, [second]) == [True]


def test_an_export_that_only_asks_whether_it_could_waits_for_none(world: World):
    first, dry = export(world, "1"), export(world, "2", DryRun=True)

    run(world)

    assert started(world, [first, dry]) == [True, True]


STACK_DELETED = {"Code": "StackDeleted", "Message": "The stack was deleted."}


def test_ending_everything_stops_what_runs_and_records_what_waits(world: World):
    requests = queue(world, 4)
    run(world)
    assert started(world, requests) == [True, True, False, False]

    rounds = [
        world.reconciler.end_everything(SOON, stop=STACK_DELETED, time_is_left=lambda: True) for _ in range(2)
    ]

    assert rounds[-1]
    for request in requests:
        ended = world.find(request)
        assert (ended.status, ended.open_state) == (Status.CANCELLED, None)
        assert (ended.outcome or {})["Error"]["Code"] == "StackDeleted"
    assert world.lease_holders == set()


def test_ending_everything_that_runs_out_of_time_leaves_the_rest_as_it_was(world: World):
    requests = queue(world, 6)
    run(world)
    answers = iter([True, True, True, False])

    ended = world.reconciler.end_everything(SOON, stop=STACK_DELETED, time_is_left=lambda: next(answers))

    assert not ended
    states = [world.find(request).open_state for request in requests]
    assert states == [None, None, None, OpenState.QUEUED, OpenState.QUEUED, OpenState.QUEUED]
    assert world.find(requests[-1]).stop is None
