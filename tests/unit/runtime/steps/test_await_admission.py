"""A request that somebody started directly waits as every other does."""

import json
from typing import Any

import pytest

from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import LATER, NOW, SOON, World
from vmie_runtime.errors import RequestRejected, TransientServiceError
from vmie_runtime.intake import handler as intake
from vmie_runtime.request import OpenState, Request, Status, direct_request_id
from vmie_runtime.steps.await_admission import handler
from vmie_runtime.steps.clean_up import handler as clean_up
from vmie_runtime.steps.diagnose_failure import handler as diagnose_failure
from vmie_runtime.steps.record_result import handler as record_result
from vmie_runtime.steps.validate_request import handler as validate_request

ARN = "arn:aws:states:us-east-1:123456789012:execution:Import:mine"
INPUT = {
    "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
    "ClientToken": "theirs",
    "Vmie": {"Name": "golden"},
}

FIRST = "token-1"


def step(token: str = FIRST, *, document: Any = INPUT, now: str = NOW) -> dict[str, Any]:
    """What the state machine tells the step that waits."""
    return {"RequestId": "", "ExecutionArn": ARN, "Now": now, "Input": document, "TaskToken": token}


def start(world: World, context: Any, token: str = FIRST, **more: Any) -> Request:
    """Start the state machine directly; the request that it makes."""
    world.aws.stepfunctions.executions["mine"] = {"status": "RUNNING"}
    world.aws.stepfunctions.waiting_tokens.add(token)
    handler(step(token, **more), context)
    return the_request(world)


def the_request(world: World) -> Request:
    found = world.table.find(direct_request_id(ARN))
    assert found is not None
    return found


def test_a_direct_request_is_queued_and_told_of(world: World, context):
    request = start(world, context)

    assert (request.status, request.open_state, request.direct) == (Status.QUEUED, OpenState.QUEUED, True)
    assert (request.operation, request.method) == ("ImportImage", "image")
    assert (request.options, request.client_token) == ({"Name": "golden"}, "theirs")
    assert (request.execution_arn, request.task_token, request.queued_at) == (ARN, "token-1", NOW)
    assert world.result(request)["Status"] == "Queued"
    assert world.aws.events.kinds == ["Queued"]
    assert world.aws.sqs.messages == [{"detail-type": "Admission Wanted", "time": NOW}]


def test_the_reconciler_of_the_other_workflow_asks_nothing_about_an_execution_that_ended(
    world: World, context, monkeypatch
):
    """It hears of every end, which may have freed a lease; it may not describe what is not its own."""
    request = start(world, context)
    world.aws.stepfunctions.executions["mine"] = {"status": "ABORTED"}

    with monkeypatch.context() as other:
        world.configure(other, VMIE_STATE_MACHINE_ARN=ARN.rpartition(":")[0].replace(":Import", ":Export"))
        world.reconciler.execution_ended(ARN, SOON)
        assert world.find(request).open_state is OpenState.QUEUED
    world.configure(monkeypatch)
    world.reconciler.execution_ended(ARN, SOON)
    assert world.result(request)["Status"] == "Cancelled"


def test_neither_result_nor_event_holds_the_token(world: World, context):
    start(world, context)

    assert "token-1" not in str(world.aws.s3.documents)
    assert "token-1" not in str(world.aws.events.sent)


@pytest.mark.parametrize("full", [True, False])
def test_its_message_wakes_the_reconciler_with_and_without_room(world: World, context, full: bool):
    for number in range(2 if full else 1):
        world.running(f"images/{number}.vmdk")
    start(world, context)
    (message,) = world.aws.sqs.messages
    record = {"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}

    intake({"Records": [record]}, context)

    # It may have been admitted by an earlier run of the step, and not have heard of it.
    assert world.aws.functions.payloads == [{"Now": NOW}]


def test_it_is_admitted_by_letting_its_execution_go_on(world: World, context):
    request = start(world, context)

    world.reconciler.run(SOON, sweep=False)

    admitted = world.find(request)
    assert (admitted.status, admitted.open_state) == (Status.RUNNING, OpenState.LIVE)
    assert world.aws.stepfunctions.resumed == ["token-1"]
    assert admitted.task_token is None
    assert list(world.aws.stepfunctions.executions) == ["mine"], "No execution is started for it"
    assert world.lease_holders == {request.id}


def test_rounds_after_its_admission_do_nothing_more(world: World, context):
    start(world, context)

    for _ in range(3):
        world.reconciler.run(SOON, sweep=True)

    assert world.aws.stepfunctions.resumed == ["token-1"]


def test_a_direct_request_waits_for_those_before_it(world: World, context):
    before = [world.request(f"images/{n}.vmdk", queued_at=f"2026-11-20T11:00:0{n}.000Z") for n in range(2)]
    request = start(world, context)

    world.reconciler.run(SOON, sweep=False)

    assert world.lease_holders == {each.id for each in before}
    assert world.find(request).open_state is OpenState.QUEUED
    assert world.aws.stepfunctions.resumed == []


def test_the_admitted_execution_validates_its_own_request(world: World, context):
    world.aws.s3.add("disks/web.vmdk")
    start(world, context)
    world.reconciler.run(SOON, sweep=False)

    answer = validate_request({"RequestId": "", "ExecutionArn": ARN, "Now": SOON}, context)

    assert [disk["Key"] for disk in answer["Disks"]] == ["disks/web.vmdk"]


def test_a_step_that_is_retried_waits_with_its_newest_token(world: World, context):
    start(world, context)
    request = start(world, context, "token-2", now=SOON)

    world.reconciler.run(SOON, sweep=False)

    assert request.queued_at == NOW, "It keeps its place"
    assert world.aws.stepfunctions.resumed == ["token-2"]
    assert world.aws.events.kinds == ["Queued"]


def test_a_step_retried_after_its_admission_goes_on_with_the_token_it_waits_with(world: World, context):
    """The function died after the reconciler admitted the request: nobody waited with the token it used."""
    request = start(world, context)
    world.aws.stepfunctions.waiting_tokens.clear()
    world.reconciler.run(SOON, sweep=False)
    assert world.aws.stepfunctions.resumed == []
    start(world, context, "token-2")

    world.reconciler.run(SOON, sweep=False)

    assert world.aws.stepfunctions.resumed == ["token-2"]
    assert world.find(request).admission == 1


def test_a_throttled_answer_is_given_again_by_the_next_round(world: World, context):
    request = start(world, context)
    world.aws.stepfunctions.refusals.add("SendTaskSuccess", throttled("SendTaskSuccess"))

    world.reconciler.run(SOON, sweep=False)
    assert world.find(request).task_token == "token-1"
    world.reconciler.run(SOON, sweep=False)

    assert world.aws.stepfunctions.resumed == ["token-1"]


def test_an_execution_that_went_while_it_waited_is_cancelled_and_takes_no_lease(world: World, context):
    request = start(world, context)
    world.aws.stepfunctions.executions["mine"] = {"status": "ABORTED"}
    next_one = world.request()

    world.reconciler.run(SOON, sweep=False)

    assert world.result(request)["Status"] == "Cancelled"
    assert world.result(request)["Error"]["Code"] == "ExecutionStopped"
    assert world.lease_holders == {next_one.id}


def test_a_stack_that_goes_ends_the_waiting_execution_too(world: World, context):
    """A state machine is not deleted before its executions have ended."""
    request = start(world, context)
    stop = {"Code": "StackDeleted", "Message": "The stack was deleted."}

    assert world.reconciler.end_everything(SOON, stop=stop, time_is_left=lambda: True)

    assert world.aws.stepfunctions.executions["mine"] == {
        "status": "ABORTED",
        "error": "StackDeleted",
        "cause": "The stack was deleted.",
    }
    assert world.result(request)["Error"]["Code"] == "StackDeleted"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"Requests": [INPUT]}, "FleetNeedsFile"),
        ({"ImageId": "ami-0123456789abcdef0", "DiskImageFormat": "VMDK"}, None),
        ({**INPUT, "Vmie": {"Nmae": "golden"}}, None),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
def test_an_input_that_is_no_request_is_recorded_as_rejected(world: World, context, document, code):
    with pytest.raises(RequestRejected) as error:
        start(world, context, document=document)

    request = the_request(world)
    assert (request.status, request.open_state) == (Status.REJECTED, None)
    assert world.result(request)["Error"]["Code"] == error.value.code
    assert code in (None, error.value.code)
    assert world.aws.events.kinds == ["Rejected"]
    assert world.aws.sqs.messages == []
    assert request.task_token is None


def test_an_export_belongs_to_the_other_workflow(world: World, context):
    export = {
        "ImageId": "ami-0123456789abcdef0",
        "DiskImageFormat": "VMDK",
        "S3ExportLocation": {"S3Bucket": "uploads", "S3Prefix": "exports/"},
    }

    with pytest.raises(RequestRejected) as error:
        start(world, context, document=export)

    assert error.value.code == "WrongWorkflow"
    assert "Method" not in world.result(the_request(world)), "It says nothing that was not read"


def test_a_rejection_that_was_cut_short_is_recorded_by_the_next_try(world: World, context):
    world.aws.s3.refusals.add("PutObject", throttled("PutObject"))
    with pytest.raises(TransientServiceError):
        start(world, context, document={})

    with pytest.raises(RequestRejected):
        start(world, context, document={})

    assert world.result(the_request(world))["Status"] == "Rejected"


def test_a_quota_met_queues_it_again_and_its_execution_waits_anew(world: World, context):
    request = start(world, context)
    world.reconciler.run(SOON, sweep=False)
    record_result({"RequestId": "", "ExecutionArn": ARN, "Now": SOON, "ReturnToQueue": True}, context)
    start(world, context, "token-2", now=SOON)

    world.reconciler.run(SOON, sweep=False)
    assert world.find(request).open_state is OpenState.QUEUED, "Not before its jitter is over"
    world.reconciler.run(LATER, sweep=False)

    assert world.aws.stepfunctions.resumed == ["token-1", "token-2"]
    assert world.find(request).admission == 2


def test_an_admission_that_never_came_ends_the_request(world: World, context):
    """While it waits nothing else does, or it would wait for ever."""
    request = start(world, context)
    event = {"RequestId": "", "ExecutionArn": ARN, "Now": LATER}
    outcome = diagnose_failure({"Failure": {"Error": "States.Timeout", "Cause": ""}}, context)
    outcome = clean_up({**event, "Outcome": outcome}, context)

    with pytest.raises(Exception, match="waited for its admission"):
        record_result({**event, "Outcome": outcome}, context)

    ended = world.find(request)
    assert (ended.status, ended.open_state) == (Status.TIMED_OUT, None)
    assert world.result(request)["Error"]["Code"] == "DeadlineExceeded"
    world.reconciler.run(LATER, sweep=True)
    assert world.lease_holders == set()


def test_an_execution_that_ends_without_a_result_gets_one(world: World, context):
    request = start(world, context)
    world.reconciler.run(SOON, sweep=False)
    world.aws.stepfunctions.executions["mine"] = {"status": "ABORTED", "cause": "wrong image"}

    world.reconciler.run(SOON, sweep=False)

    assert world.result(request)["Status"] == "Cancelled"
    assert "wrong image" in world.result(request)["Error"]["Message"]
    assert world.lease_holders == set()
