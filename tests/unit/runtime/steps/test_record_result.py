"""The end of an execution: a result, or the queue again."""

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import SOON, World
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.request import OpenState, Status
from vmie_runtime.steps.record_result import handler

SUCCEEDED = {"Status": "Succeeded", "ImageId": "ami-1", "SnapshotIds": [], "Images": {"us-east-1": "ami-1"}}


def test_an_outcome_is_written_sent_and_notified_of_and_the_lease_returned(world: World, context):
    request = world.importing(outcome=SUCCEEDED)

    assert handler(world.step(request), context) == SUCCEEDED

    assert world.result(request)["ImageId"] == "ami-1"
    assert world.aws.s3.documents["results/images/web.vmdk.json"] == world.result(request)
    assert world.aws.events.kinds == ["Succeeded"]
    assert world.aws.sns.sent[0]["Subject"] == "VM import succeeded: images/web.vmdk"
    ended = world.find(request)
    assert (ended.status, ended.open_state, ended.ended_at) == (Status.SUCCEEDED, None, SOON)
    assert world.lease_holders == set()


def test_an_older_request_does_not_take_its_keys_address(world: World, context):
    request = world.importing(outcome=SUCCEEDED)
    newer = world.request(version_id="v2", sequencer="02")
    world.table.sources.note_newest(newer.source, newer.id, now=SOON)

    handler(world.step(request), context)

    assert world.result(request)["ImageId"] == "ami-1"
    assert "results/images/web.vmdk.json" not in world.aws.s3.documents


def test_a_second_record_publishes_nothing(world: World, context):
    request = world.importing(outcome=SUCCEEDED)
    handler(world.step(request), context)
    handler(world.step(request), context)

    assert world.aws.events.kinds == ["Succeeded"]
    assert len(world.aws.sns.sent) == 1


def test_a_met_quota_returns_the_lease_and_queues_again_with_jitter(world: World, context):
    request = world.running()

    answer = handler(world.step(request, ReturnToQueue=True), context)

    queued = world.find(request)
    assert (queued.status, queued.open_state) == (Status.QUEUED, OpenState.QUEUED)
    assert "2026-11-20T12:02:00.000Z" <= str(queued.not_before) <= "2026-11-20T12:06:00.000Z"
    assert answer["NotBefore"] == queued.not_before
    assert world.lease_holders == set()
    assert world.aws.events.kinds == ["Queued"]


def test_a_return_to_the_queue_that_was_cut_short_is_told_by_the_next_try(world: World, context):
    request = world.running()
    world.aws.s3.refusals.add("PutObject", throttled())

    with pytest.raises(TransientServiceError):
        handler(world.step(request, ReturnToQueue=True), context)
    handler(world.step(request, ReturnToQueue=True), context)

    assert world.result(request)["Status"] == "Queued"


def test_the_time_in_the_queue_does_not_count_for_the_deadline(world: World, context):
    request = world.running()
    handler(world.step(request, ReturnToQueue=True), context)

    assert world.table.admit(
        world.find(request), now="2026-11-21T12:00:00.000Z", deadline_at="2026-11-21T13:00:00.000Z"
    )

    again = world.find(request)
    assert (again.started_at, again.deadline_at) == ("2026-11-21T12:00:00.000Z", "2026-11-21T13:00:00.000Z")


def test_a_request_that_shall_stop_is_not_queued_again(world: World, context):
    """Its source was deleted while the start met the quota; nobody would look at its stop in the queue."""
    request = world.running(stop={"Code": "SourceDeleted", "Message": "gone"})

    handler(world.step(request, ReturnToQueue=True), context)
    world.end_execution(request, "SUCCEEDED")
    world.reconciler.run(SOON, sweep=False)

    assert world.result(request)["Error"]["Code"] == "SourceDeleted"
    assert world.lease_holders == set()


@pytest.mark.parametrize("code", ["AuthorizationError", "NotFound", "KMSAccessDenied"])
def test_a_topic_that_refuses_holds_no_lease(world: World, context, code: str):
    """One topic set up wrongly must not halt the pipeline after as many ends as there are leases."""
    request = world.importing(outcome=SUCCEEDED)
    world.aws.sns.refusals.add("Publish", refusal(code, "Publish"))

    handler(world.step(request), context)

    assert world.find(request).status is Status.SUCCEEDED
    assert world.lease_holders == set()


def test_a_bus_that_refuses_holds_no_lease(world: World, context):
    request = world.importing(outcome=SUCCEEDED)
    world.aws.events.refusals.add("PutEvents", refusal("AccessDeniedException", "PutEvents"))

    handler(world.step(request), context)

    assert world.find(request).status is Status.SUCCEEDED
    assert len(world.aws.sns.sent) == 1


def test_an_entry_that_the_bus_will_never_take_holds_no_lease(world: World, context):
    request = world.importing(outcome=SUCCEEDED)
    world.aws.events.failed_entries = ["NotAuthorizedForSourceException"]

    handler(world.step(request), context)

    assert world.find(request).status is Status.SUCCEEDED


@pytest.mark.parametrize("service", ["events", "sns", "s3"])
def test_what_is_only_throttled_is_tried_again_before_the_end(world: World, context, service: str):
    request = world.importing(outcome=SUCCEEDED)
    operation = {"events": "PutEvents", "sns": "Publish", "s3": "PutObject"}[service]
    world.aws.client(service).refusals.add(operation, throttled())

    with pytest.raises(TransientServiceError):
        handler(world.step(request), context)
    assert world.find(request).open_state is OpenState.LIVE
    handler(world.step(request), context)

    assert world.find(request).open_state is None
    assert len(world.aws.sns.sent) == 1


def test_an_entry_that_the_bus_could_not_take_now_is_tried_again(world: World, context):
    request = world.importing(outcome=SUCCEEDED)
    world.aws.events.failed_entries = ["ThrottlingException"]

    with pytest.raises(TransientServiceError):
        handler(world.step(request), context)


def test_without_an_outcome_there_is_nothing_to_record(world: World, context):
    request = world.running()

    with pytest.raises(RuntimeError, match=request.id):
        handler(world.step(request), context)


FAILED = {
    "Status": "Failed",
    "Error": {"Code": "UnsupportedKernel", "Message": "ClientError: Unsupported kernel version 9.9"},
}


def test_the_execution_of_a_failed_request_fails_with_the_results_code(world: World, context):
    request = world.importing(outcome=FAILED)

    with pytest.raises(Exception, match=r"kernel version 9\.9") as raised:
        handler(world.step(request, Outcome=FAILED, RedriveCount=0), context)

    assert type(raised.value).__name__ == "UnsupportedKernel"
    assert world.result(request)["Status"] == "Failed"
    assert world.aws.events.kinds == ["Failed"]


def test_a_record_repeated_after_it_was_done_fails_with_the_same_code(world: World, context):
    request = world.importing(outcome=FAILED)
    codes = []
    for _ in range(2):
        with pytest.raises(Exception) as raised:
            handler(world.step(request, Outcome=FAILED, RedriveCount=0), context)
        codes.append(type(raised.value).__name__)

    assert codes == ["UnsupportedKernel", "UnsupportedKernel"]
    assert world.aws.events.kinds == ["Failed"]


def test_a_redriven_execution_queues_the_request_for_a_new_attempt_once(world: World, context):
    request = world.importing(outcome=FAILED)
    with pytest.raises(Exception, match="kernel"):
        handler(world.step(request, Outcome=FAILED, RedriveCount=0), context)

    answers = [handler(world.step(request, Outcome=FAILED, RedriveCount=1), context) for _ in range(2)]

    assert answers == [{"Status": "Queued"}, {"Status": "Queued"}]
    again = world.find(request)
    assert (again.status, again.open_state, again.attempt) == (Status.QUEUED, OpenState.QUEUED, 2)
    assert (again.task_id, again.outcome, again.ended_at, again.expires_at) == (None, None, None, None)
    assert again.token != request.token
    assert world.aws.events.kinds == ["Failed", "Queued"]


def test_an_execution_that_nobody_asked_for_fails_with_its_own_error(world: World, context):
    event = {**world.step(world.importing()), "RequestId": "", "Outcome": FAILED}

    with pytest.raises(Exception, match="kernel"):
        handler(event, context)


RETRYABLE = {**FAILED, "Retryable": True}
TWICE = {"Attempts": 2}


def test_a_fault_of_the_service_gets_a_new_attempt(world: World, context):
    request = world.importing(outcome=RETRYABLE, options=TWICE, made=Made(snapshot_ids=("snap-1",)))

    answer = handler(world.step(request, Outcome=RETRYABLE), context)

    queued = world.find(request)
    assert (answer["Status"], queued.open_state, queued.attempt) == ("Queued", OpenState.QUEUED, 2)
    assert queued.not_before == answer["NotBefore"] > SOON
    assert (queued.task_id, queued.made, queued.outcome) == (None, Made(), None)
    assert queued.token != request.token
    assert world.lease_holders == set()
    assert world.aws.events.kinds == ["Queued"]


def test_the_result_of_a_new_attempt_names_nothing_of_the_old_one(world: World, context):
    request = world.importing(outcome=RETRYABLE, options=TWICE)

    handler(world.step(request, Outcome=RETRYABLE), context)

    result = world.result(request)
    assert (result["Status"], result["Attempt"]) == ("Queued", 2)
    assert not {"ImportTaskId", "Phase", "Progress", "Error", "StartedAt"} & set(result)


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        (RETRYABLE, {"options": TWICE, "attempt": 2}),
        (RETRYABLE, {}),
        (FAILED, {"options": TWICE}),
        (RETRYABLE, {"options": TWICE, "stop": {"Code": "SourceDeleted", "Message": "gone"}}),
    ],
    ids=["the last attempt", "none asked for", "the image's fault", "stopped"],
)
def test_another_attempt_is_not_made_where_it_was_not_meant(world: World, context, outcome, changes):
    request = world.importing(outcome=outcome, **changes)

    with pytest.raises(Exception, match="kernel"):
        handler(world.step(request, Outcome=outcome), context)

    ended = world.find(request)
    assert (ended.status, ended.open_state) == (Status.FAILED, None)
    assert ended.attempt == changes.get("attempt", 1)


def test_an_attempt_queued_by_a_run_that_died_is_not_queued_twice(world: World, context):
    request = world.importing(outcome=RETRYABLE, options=TWICE)
    handler(world.step(request, Outcome=RETRYABLE), context)

    assert handler(world.step(request, Outcome=RETRYABLE), context) == {"Status": "Queued"}

    assert world.find(request).attempt == 2


def test_an_entry_of_a_fleet_has_its_address_below_the_file(world: World, context):
    request = world.importing(fleet="f" * 32, ordinal=7, outcome=SUCCEEDED)
    world.table.sources.note_newest(request.source, "f" * 32, now=SOON)

    handler(world.step(request), context)

    assert world.result_at("results/images/web.vmdk/7.json") == world.result(request)


def test_an_entry_of_a_fleet_that_was_dropped_again_does_not_take_the_newer_ones_address(world, context):
    request = world.importing(fleet="f" * 32, ordinal=7, outcome=SUCCEEDED)
    newer = world.request(version_id="v2", sequencer="02")
    world.table.sources.note_newest(newer.source, "e" * 32, now=SOON)

    handler(world.step(request), context)

    assert world.result(request)["Status"] == "Succeeded"
    assert world.result_at("results/images/web.vmdk/7.json") == {}
