"""What the requests table makes of DynamoDB's refusals; its conditions run in tests/local."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import LATER, NOW, SOON, World
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.request import OpenState, Status
from vmie_runtime.requests_table import RequestsTable


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmie_runtime.table_access.time.sleep", lambda _: None)


def cancelled(*codes: str) -> Exception:
    reasons = [{"Code": code} for code in codes]
    return refusal("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)


def test_a_write_that_meets_a_transaction_may_be_repeated(world: World):
    request = world.request()
    world.aws.dynamodb.refuse["UpdateItem"] = [refusal("TransactionConflictException", "UpdateItem")]

    with pytest.raises(TransientServiceError):
        world.table.update(request.id, {"superseded": True})


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_in_a_crowd_is_repeated(world: World, code: str):
    request = world.request()
    world.aws.dynamodb.refuse["TransactWriteItems"] = [cancelled(code, "None"), cancelled("None", code)]

    assert world.table.admit(request, now=NOW, deadline_at=LATER)


def test_a_transaction_that_meets_others_again_and_again_is_left_for_later(world: World):
    request = world.request()
    world.aws.dynamodb.refuse["TransactWriteItems"] = [cancelled("TransactionConflict", "None")] * 8

    with pytest.raises(TransientServiceError, match="contended"):
        world.table.admit(request, now=NOW, deadline_at=LATER)


def test_a_transaction_that_can_never_succeed_is_not_repeated(world: World):
    request = world.request()
    world.aws.dynamodb.refuse["TransactWriteItems"] = [cancelled("ValidationError", "None")]

    with pytest.raises(Exception, match="TransactionCanceledException"):
        world.table.admit(request, now=NOW, deadline_at=LATER)


def test_a_request_is_admitted_only_as_it_was_read(world: World):
    """A secondary index may show a request as it was before an admission that met the quota."""
    seen = world.request()
    assert world.table.admit(seen, now=NOW, deadline_at=LATER)
    assert world.table.return_to_queue(world.find(seen), not_before=LATER)

    assert not world.table.admit(seen, now=SOON, deadline_at=LATER)
    assert world.table.admit(world.find(seen), now=SOON, deadline_at=LATER)
    assert world.find(seen).admission == 2


def test_a_request_that_shall_stop_is_not_admitted(world: World):
    request = world.request()
    world.table.update(request.id, {"stop": {"Code": "SourceDeleted", "Message": "gone"}})

    assert not world.table.admit(request, now=NOW, deadline_at=LATER)


def test_the_end_of_what_never_had_a_lease_leaves_the_leases_item_alone(world: World):
    """Thousands of rejections at once would contend for it with the admissions."""
    request = world.request(open_state=OpenState.ENDING)

    assert world.table.conclude(request, status=Status.REJECTED, now=NOW)
    assert not world.table.conclude(request, status=Status.REJECTED, now=NOW)
    assert "TransactWriteItems" not in world.aws.dynamodb.calls


def test_a_hundred_requests_are_one_transaction_and_those_that_are_known_stay(world: World):
    known = world.request("images/0.vmdk")
    world.table.update(known.id, {"superseded": True})
    new = [replace(known, id=f"{number:032x}") for number in range(1, 100)]

    assert world.table.create_all([known, *new]) == [False, *[True] * 99]

    assert world.aws.dynamodb.transactions == [100, 99]
    assert world.find(known).superseded
    assert world.find(new[-1]).open_state is OpenState.QUEUED


def test_nothing_new_is_no_transaction_without_items(world: World):
    """DynamoDB refuses one."""
    known = world.request()

    assert world.table.create_all([known]) == [False]
    assert world.aws.dynamodb.transactions == [1]


def test_open_requests_are_listed_oldest_first_over_pages_and_as_they_are_now(world: World):
    requests = [
        world.request(f"images/{number}.vmdk", queued_at=f"2026-11-20T10:{number // 60:02}:{number % 60:02}Z")
        for number in range(250)
    ]
    world.aws.dynamodb.freeze_indexes()
    world.table.update(requests[120].id, {"open_state": OpenState.ENDING})
    world.aws.dynamodb.calls.clear()

    listed = world.table.with_state(OpenState.QUEUED)

    assert next(listed).id == requests[0].id
    assert world.aws.dynamodb.calls.count("Query") == 1, "A page is read when it is asked for"
    rest = [request.id for request in listed]
    assert rest == [request.id for request in requests[1:] if request is not requests[120]]
    assert world.aws.dynamodb.calls.count("Query") == 3


def test_each_workflow_sees_its_own_requests_and_all_leases(world: World):
    """Imports and exports share the table, and EC2 counts their tasks together."""
    running = world.running()
    exports = RequestsTable(world.aws.client("dynamodb"), "requests", max_leases=1, workflow="export")

    assert list(exports.with_state(OpenState.LIVE)) == []
    assert exports.leases.holders() == {running.id}
    assert exports.leases.free() == 0


def test_requests_of_an_object_are_listed_oldest_event_first(world: World):
    for sequencer in ("02", "01", "03"):
        world.request(sequencer=sequencer, version_id=f"v{sequencer}")
    world.request("images/other.vmdk")

    listed = list(world.table.sources.requests_of("uploads/images/web.vmdk"))

    assert [(each.sequencer, each.version_id, each.is_open) for each in listed] == [
        ("01", "v01", True),
        ("02", "v02", True),
        ("03", "v03", True),
    ]


def test_a_newest_event_is_not_forgotten_for_an_older_one_and_expires(world: World):
    older, newer = (world.request(sequencer=each, version_id=f"v{each}") for each in ("01", "02"))
    assert older.source is not None

    world.table.sources.note_newest(older.source, older.id, now=NOW)

    assert world.table.sources.is_newest(newer)
    assert not world.table.sources.is_newest(older)
    (noted,) = [item for name, item in world.aws.dynamodb.items.items() if name.startswith("newest#")]
    assert int(noted["ExpiresAt"]["N"]) > datetime(2027, 1, 1, tzinfo=UTC).timestamp()


def test_a_return_to_the_queue_goes_on_where_it_was(world: World):
    request = world.running(
        stage=1, made=Made(snapshot_ids=("snap-1",)), disks=[{"Key": "a"}], inspection={"Findings": []}
    )

    assert world.table.return_to_queue(request, not_before=LATER)

    queued = world.find(request)
    assert (queued.stage, queued.made, queued.attempt) == (1, Made(snapshot_ids=("snap-1",)), 1)
    assert (queued.disks, queued.inspection) == ([{"Key": "a"}], {"Findings": []})
    assert (queued.started_at, queued.deadline_at, queued.not_before) == (None, None, LATER)


def test_a_new_attempt_begins_its_plan_anew(world: World):
    request = world.running(
        stage=1,
        made=Made(snapshot_ids=("snap-1",)),
        task_id="t",
        import_task_id="t",
        phase="converting",
        outcome={"Status": "Failed"},
    )

    assert world.table.return_to_queue(request, not_before=LATER, attempt=2)

    queued = world.find(request)
    assert (queued.attempt, queued.stage, queued.made) == (2, 0, Made())
    assert (queued.task_id, queued.import_task_id, queued.phase, queued.outcome) == (None, None, None, None)
    assert queued.token != request.token
    assert world.lease_holders == set()


def test_an_end_forgets_the_token_that_its_execution_waited_with(world: World):
    request = world.request(task_token="secret")

    world.table.conclude(request, status=Status.CANCELLED, now=NOW)

    assert world.find(request).task_token is None


@pytest.mark.parametrize("faster", ["reopened", "open"])
def test_what_has_ended_is_reopened_once(world: World, faster: str):
    request = world.request()
    if faster == "reopened":
        world.table.conclude(request, status=Status.FAILED, now=NOW)
        assert world.table.reopen(world.find(request), now=SOON) is not None

    assert world.table.reopen(request, now=LATER) is None

    assert world.find(request).queued_at == (SOON if faster == "reopened" else NOW)
