"""Fleets: many requests in one file, each with a life of its own."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.test_intake import EXPORT, deleted, event, take
from tests.unit.runtime.world import LATER, NOW, SOON, World
from vmie_runtime import intake
from vmie_runtime.diagnosis import own_failure
from vmie_runtime.errors import RequestRejected, TransientServiceError
from vmie_runtime.failure_outcomes import failure_outcome
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.request_documents import RequestDocument
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.sources import Sources

FILE = "requests/fleet.json"
SUCCEEDED = {"Status": "Succeeded", "ImageId": "ami-1"}


def entry(name: Any, **more: Any) -> dict[str, Any]:
    """A valid request for the disk of a name."""
    container = {"Format": "raw", "UserBucket": {"S3Key": f"disks/{name}.raw"}}
    return {"DiskContainers": [container], **more}


INVALID = {"DiskContainers": [{"Formt": "raw", "UserBucket": {"S3Key": "disks/a.raw"}}]}


def dropped(world: World, *entries: Any, sequencer: str = "0A", version: str = "v1") -> dict[str, Any]:
    """The event of a fleet that lies in the bucket."""
    size = world.put_file(FILE, {"Requests": list(entries)}, etag=f"e-{version}", version=version)
    described = {"size": size, "version-id": version, "etag": f"e-{version}"}
    return event(key=FILE, sequencer=sequencer, object=described)


def entries_of(world: World) -> list[Request]:
    """The fleet's requests, in their order."""
    return sorted(world.all_requests(), key=lambda request: request.ordinal or 0)


def summary(world: World) -> dict[str, Any]:
    return world.result_at(f"results/{FILE}.json")


def end(world: World, request: Request, status: Status, *, now: str = SOON) -> None:
    """Let an entry end."""
    error = failure_outcome(status, own_failure("TaskStalled", "It stands."))
    world.table.update(request.id, {"outcome": SUCCEEDED if status is Status.SUCCEEDED else error})
    world.reconciler.publisher.publish_end(world.find(request), now=now)


def summarise(world: World, now: str = SOON) -> None:
    world.reconciler.fleets.summarise(now)


def fleet_events(world: World) -> list[str]:
    return [kind for kind, _ in world.aws.events.sent if "Fleet" in kind]


def test_every_entry_becomes_a_request_in_its_order(world: World, context):
    assert take(world, context, dropped(world, *map(entry, "abc"))) == []

    entries = entries_of(world)
    assert [request.ordinal for request in entries] == [0, 1, 2]
    keys = [request.parameters["DiskContainers"][0]["UserBucket"]["S3Key"] for request in entries]
    assert keys == ["disks/a.raw", "disks/b.raw", "disks/c.raw"]
    assert len({request.fleet for request in entries}) == 1
    assert [request.open_state for request in entries] == [OpenState.QUEUED] * 3
    assert world.aws.functions.payloads == [{"Now": NOW}]


def test_equal_entries_are_requests_of_their_own(world: World, context):
    take(world, context, dropped(world, entry("a"), entry("a"), entry("a")))

    assert len({request.id for request in entries_of(world)}) == 3


def test_admission_is_by_their_numbers_and_after_what_came_before(world: World, context):
    take(world, context, dropped(world, *map(entry, range(12))))
    earlier = world.request("images/earlier.vmdk", queued_at="2026-11-20T11:59:59.999Z")
    world.request("images/later.vmdk", queued_at=SOON)
    order = []
    for _ in range(7):
        world.reconciler.run(SOON, sweep=False)
        for holder in sorted(world.lease_holders, key=lambda each: world.table.find(each).queued_at):
            order.append(holder)
            world.table.conclude(world.table.find(holder), status=Status.SUCCEEDED, now=SOON)

    entries = [request.id for request in entries_of(world) if request.fleet]
    assert order[:13] == [earlier.id, *entries]
    assert len(order) == 14


def test_ten_thousand_entries_come_in_portions_of_a_hundred(world: World, context):
    assert take(world, context, dropped(world, *map(entry, range(10_000)))) == []

    assert world.aws.dynamodb.transactions == [100] * 100
    assert len(world.aws.dynamodb.items) == 10_000 + 2
    assert summary(world)["Size"] == 10_000
    assert summary(world)["Counts"] == {"Queued": 10_000}


def test_a_second_delivery_of_the_event_adds_and_changes_nothing(world: World, context):
    named = dropped(world, *map(entry, "abc"))
    take(world, context, named)
    end(world, entries_of(world)[0], Status.FAILED)
    before = {name: dict(item) for name, item in world.aws.dynamodb.items.items()}

    take(world, context, named, named)

    assert world.aws.dynamodb.items == before


@pytest.mark.parametrize("portion", [1, 2, 3])
def test_a_delivery_that_died_midway_is_completed_by_the_next(world: World, context, portion: int):
    named = dropped(world, *map(entry, range(250)))
    put = world.aws.dynamodb.transact_write_items
    calls = count(1)

    def dying(**arguments: Any) -> None:
        if next(calls) == portion:
            raise refusal("InternalServerError", "TransactWriteItems", status=500)
        put(**arguments)

    world.aws.dynamodb.transact_write_items = dying  # type: ignore[method-assign]
    assert take(world, context, named) == ["0"]
    assert summary(world) == {}, "What is half there is not counted"
    assert take(world, context, named) == []

    assert [request.ordinal for request in entries_of(world)] == list(range(250))
    assert summary(world)["Counts"] == {"Queued": 250}


def test_a_fleet_longer_than_the_time_for_it_goes_on_with_the_next_delivery(world: World, context):
    named = dropped(world, *map(entry, range(350)))
    left = iter([60_000, 60_000, 29_999])
    context.get_remaining_time_in_millis = lambda: next(left, 60_000)

    assert take(world, context, named) == ["0"]
    assert len(entries_of(world)) == 200
    assert take(world, context, named) == []

    assert len(entries_of(world)) == 350


def test_a_half_filled_fleet_runs_already_and_is_not_over_before_it_is_whole(world: World, context):
    named = dropped(world, *map(entry, range(150)))
    left = iter([60_000, 0])
    context.get_remaining_time_in_millis = lambda: next(left, 60_000)
    take(world, context, named)
    for request in entries_of(world):
        end(world, request, Status.SUCCEEDED)
    summarise(world)

    assert fleet_events(world) == []
    take(world, context, named)

    assert summary(world)["Counts"] == {"Queued": 50, "Succeeded": 100}


def test_a_bad_entry_stops_no_other_and_has_a_result(world: World, context):
    take(world, context, dropped(world, entry("a"), INVALID, 7, entry("b")))
    world.reconciler.run(SOON, sweep=False)

    states = [request.status for request in entries_of(world)]
    assert states == [Status.RUNNING, Status.REJECTED, Status.REJECTED, Status.RUNNING]
    rejected = world.result_at(f"results/{FILE}/1.json")
    assert rejected["Status"] == "Rejected"
    assert "Formt" in rejected["Error"]["Message"]
    assert summary(world)["Counts"] == {"Rejected": 2, "Running": 2}


def test_an_entry_for_the_other_workflow_is_rejected_alone(world: World, context):
    take(world, context, dropped(world, EXPORT, entry("a")))
    world.reconciler.run(SOON, sweep=False)

    assert world.result_at(f"results/{FILE}/0.json")["Error"]["Code"] == "WrongWorkflow"
    assert entries_of(world)[1].status is Status.RUNNING


def test_the_summary_counts_and_its_event_comes_once_at_the_end(world: World, context):
    take(world, context, dropped(world, *map(entry, "abc")))
    assert summary(world)["Status"] == "Running"
    first, second, third = entries_of(world)

    end(world, first, Status.SUCCEEDED)
    summarise(world)
    summarise(world)
    assert summary(world)["Counts"] == {"Queued": 2, "Succeeded": 1}
    assert "EndedAt" not in summary(world)
    end(world, second, Status.SUCCEEDED)
    end(world, third, Status.SUCCEEDED)
    for now in (SOON, LATER, LATER):
        summarise(world, now)

    assert (summary(world)["Status"], summary(world)["EndedAt"]) == ("Succeeded", SOON)
    assert summary(world)["Entries"] == f"results/{FILE}/<n>.json"
    assert fleet_events(world) == ["VM Import Fleet Succeeded"]


def test_a_summary_is_written_when_a_count_has_changed_and_not_else(world: World, context):
    take(world, context, dropped(world, *map(entry, "ab")))
    end(world, entries_of(world)[0], Status.SUCCEEDED)
    summarise(world)
    world.aws.s3.history.clear()

    summarise(world)

    assert world.aws.s3.history == []


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.TIMED_OUT])
def test_a_fleet_of_which_one_did_not_succeed_has_failed(world: World, context, status: Status):
    take(world, context, dropped(world, *map(entry, "ab")))
    first, second = entries_of(world)
    end(world, first, Status.SUCCEEDED)
    end(world, second, status)

    summarise(world)

    assert summary(world)["Status"] == "Failed"
    assert summary(world)["Counts"] == dict(sorted({"Succeeded": 1, status.value: 1}.items()))
    assert fleet_events(world) == ["VM Import Fleet Failed"]


@pytest.mark.parametrize("ended", [1, 2])
def test_a_summary_that_a_crash_left_unwritten_is_written_by_the_next_round(world, context, ended: int):
    take(world, context, dropped(world, *map(entry, "ab")))
    for request in entries_of(world)[:ended]:
        end(world, request, Status.SUCCEEDED)
    world.aws.s3.refusals.add("PutObject", throttled("PutObject"))

    with pytest.raises(TransientServiceError):
        summarise(world)
    summarise(world)

    assert summary(world)["Counts"]["Succeeded"] == ended


def test_a_slower_round_does_not_leave_an_older_summary_behind(world: World, context, monkeypatch):
    """Two may run at once: one has counted, and writes after the other, which counted later."""
    take(world, context, dropped(world, *map(entry, "abc")))
    first, second, _ = entries_of(world)
    end(world, first, Status.SUCCEEDED)
    write = world.aws.s3.put_object

    def slow(**arguments: Any) -> None:
        monkeypatch.setattr(world.aws.s3, "put_object", write)
        end(world, second, Status.SUCCEEDED)
        summarise(world, LATER)
        write(**arguments)

    monkeypatch.setattr(world.aws.s3, "put_object", slow)
    summarise(world)

    assert summary(world)["Counts"] == {"Queued": 1, "Succeeded": 2}
    assert world.result_at(f"results/by-id/{summary(world)['RequestId']}.json") == summary(world)


def test_an_index_that_lags_ends_no_fleet(world: World, context):
    """It shows a part of the fleet, all of which has ended."""
    take(world, context, dropped(world, *map(entry, "ab")))
    first, second = entries_of(world)
    end(world, first, Status.SUCCEEDED)
    world.aws.dynamodb.freeze_indexes()
    del world.aws.dynamodb.stale[second.id]  # type: ignore[union-attr]

    summarise(world)
    assert fleet_events(world) == []
    world.aws.dynamodb.stale = None
    end(world, second, Status.SUCCEEDED)
    summarise(world)

    assert fleet_events(world) == ["VM Import Fleet Succeeded"]


def test_a_summary_names_no_document_of_a_request(world: World, context):
    """Ten thousand results would not fit an event."""
    take(world, context, dropped(world, *map(entry, range(500))))

    assert len(str(summary(world))) < 1000


def test_a_summary_that_comes_late_does_not_replace_the_last_one(world: World, context, monkeypatch):
    take(world, context, dropped(world, *map(entry, "ab")))
    first, second = entries_of(world)
    end(world, first, Status.SUCCEEDED)
    publish = ResultPublisher.publish_fleet
    overtaken: list[dict[str, Any]] = []

    def overtaking(self: ResultPublisher, addresses: Any, document: Any, **arguments: Any) -> None:
        if not overtaken:  # Another round sees the fleet's end while this one is on its way.
            overtaken.append(document)
            end(world, second, Status.SUCCEEDED)
            summarise(world, LATER)
        publish(self, addresses, document, **arguments)

    monkeypatch.setattr(ResultPublisher, "publish_fleet", overtaking)
    summarise(world)

    assert overtaken[0]["Counts"] == {"Queued": 1, "Succeeded": 1}
    assert summary(world)["Counts"] == {"Succeeded": 2}
    assert (summary(world)["Status"], summary(world)["EndedAt"]) == ("Succeeded", LATER)
    assert fleet_events(world) == ["VM Import Fleet Succeeded"]


def test_dropped_again_only_what_has_not_succeeded_runs(world: World, context):
    take(world, context, dropped(world, *map(entry, "abcd")))
    first, second, third, fourth = entries_of(world)
    end(world, first, Status.SUCCEEDED)
    end(world, second, Status.FAILED)
    assert world.table.admit(third, now=NOW, deadline_at=LATER)

    take(world, context, dropped(world, *map(entry, "abcde"), sequencer="0B", version="v2"))

    now = entries_of(world)
    assert [request.id for request in now[:4]] == [first.id, second.id, third.id, fourth.id]
    assert [request.status for request in now] == [
        Status.SUCCEEDED,
        Status.QUEUED,
        Status.RUNNING,
        Status.QUEUED,
        Status.QUEUED,
    ]
    assert [request.attempt for request in now] == [1, 2, 1, 1, 1]
    assert len({request.fleet for request in now}) == 1
    assert {request.source.version_id for request in now if request.source} == {"v2"}
    assert summary(world)["Counts"] == {"Queued": 3, "Running": 1, "Succeeded": 1}


def test_dropped_again_what_has_succeeded_has_its_result_at_its_new_number(world: World, context):
    take(world, context, dropped(world, entry("a"), entry("b")))
    end(world, entries_of(world)[0], Status.SUCCEEDED)

    take(world, context, dropped(world, entry("b"), entry("a"), version="v2", sequencer="0B"))

    moved = world.result_at(f"results/{FILE}/1.json")
    assert (moved["Status"], moved["EndedAt"]) == ("Succeeded", SOON)
    assert world.aws.events.kinds.count("Succeeded") == 1


def test_dropped_again_what_failed_queues_by_its_new_number(world: World, context):
    take(world, context, dropped(world, *map(entry, "ab")))
    first, second = entries_of(world)
    end(world, first, Status.FAILED)
    end(world, second, Status.FAILED)

    take(world, context, dropped(world, entry("b"), entry("a"), sequencer="0B", version="v2"))

    assert [request.id for request in entries_of(world)] == [second.id, first.id]
    queued = [request.id for request in world.table.with_state(OpenState.QUEUED)]
    assert queued == [second.id, first.id]


def test_dropped_again_the_older_fleet_is_closed(world: World, context):
    take(world, context, dropped(world, *map(entry, "ab")))
    older = entries_of(world)[0].fleet

    take(world, context, dropped(world, *map(entry, "ab"), sequencer="0B", version="v2"))
    summarise(world)
    summarise(world)

    closed = world.result_at(f"results/by-id/{older}.json")
    assert (closed["Status"], closed["EndedAt"]) == ("Cancelled", NOW)
    assert fleet_events(world) == ["VM Import Fleet Cancelled"]
    assert summary(world)["RequestId"] != older
    assert summary(world)["Status"] == "Running"


def test_an_entry_that_was_wrong_and_is_left_out_does_not_count(world: World, context):
    take(world, context, dropped(world, entry("a"), INVALID))
    world.reconciler.run(SOON, sweep=False)

    take(world, context, dropped(world, entry("a"), entry("b"), sequencer="0B", version="v2"))

    assert summary(world)["Size"] == 2
    assert summary(world)["Counts"] == {"Queued": 1, "Running": 1}


def test_an_entry_that_is_still_wrong_is_rejected_again(world: World, context):
    take(world, context, dropped(world, INVALID))
    world.reconciler.run(SOON, sweep=False)

    take(world, context, dropped(world, INVALID, sequencer="0B", version="v2"))
    world.reconciler.run(LATER, sweep=False)

    (again,) = entries_of(world)
    assert (again.status, again.attempt) == (Status.REJECTED, 2)
    assert summary(world)["Counts"] == {"Rejected": 1}
    assert summary(world)["Status"] == "Failed"


def test_dropped_again_by_a_delivery_that_died_what_failed_runs_after_the_next(world: World, context):
    """Taking an entry over and reopening it are one write: neither is lost."""
    take(world, context, dropped(world, *map(entry, "ab")))
    for request in entries_of(world):
        end(world, request, Status.FAILED)
    named = dropped(world, *map(entry, "ab"), sequencer="0B", version="v2")
    calls = count(1)
    update = world.aws.dynamodb.update_item

    def die_after_two(**arguments: Any) -> None:
        if next(calls) == 3:  # The newest event is noted, the first entry is there.
            raise refusal("InternalServerError", "UpdateItem", status=500)
        update(**arguments)

    world.aws.dynamodb.update_item = die_after_two  # type: ignore[method-assign]
    assert take(world, context, named) == ["0"]
    assert take(world, context, named) == []

    assert [request.status for request in entries_of(world)] == [Status.QUEUED, Status.QUEUED]
    assert [request.attempt for request in entries_of(world)] == [2, 2]


def test_deleting_the_file_ends_what_waits_and_stops_what_runs(world: World, context):
    take(world, context, dropped(world, *map(entry, "abc")))
    world.reconciler.run(SOON, sweep=False)
    first, second, third = entries_of(world)

    take(world, context, deleted(key=FILE))

    assert world.find(third).open_state is OpenState.ENDING
    for running in (first, second):
        stop = world.find(running).stop
        assert stop is not None
        assert stop["Code"] == "RequestDeleted"
    world.reconciler.run(LATER, sweep=False)
    assert world.result(third)["Error"]["Code"] == "RequestDeleted"
    assert summary(world)["Counts"] == {"Cancelled": 3}
    assert fleet_events(world) == ["VM Import Fleet Failed"]


def test_deleting_a_long_fleet_goes_on_with_the_next_delivery(world: World, context):
    take(world, context, dropped(world, *map(entry, range(5))))
    left = iter([60_000, 60_000, 0])
    context.get_remaining_time_in_millis = lambda: next(left, 60_000)

    assert take(world, context, deleted(key=FILE)) == ["0"]
    assert [request.stop is not None for request in entries_of(world)].count(True) == 2
    assert take(world, context, deleted(key=FILE)) == []
    world.reconciler.run(LATER, sweep=False)

    assert {request.status for request in entries_of(world)} == {Status.CANCELLED}


def test_deleting_the_file_stops_what_is_taken_in_after_it_too(world: World, context, monkeypatch):
    """A long fleet takes a while to come in, which is when somebody notices a mistake."""
    create_all = RequestsTable.create_all

    def deleted_meanwhile(table: RequestsTable, portion: list[Request]) -> list[bool]:
        monkeypatch.setattr(RequestsTable, "create_all", create_all)
        take(world, context, deleted(key=FILE))
        return create_all(table, portion)

    monkeypatch.setattr(RequestsTable, "create_all", deleted_meanwhile)
    assert take(world, context, dropped(world, *map(entry, range(250)))) == []

    assert len(entries_of(world)) == 100, "no more comes in"
    world.reconciler.run(SOON, sweep=False)
    assert {request.status for request in entries_of(world)} == {Status.CANCELLED}
    assert summary(world)["Counts"] == {"Cancelled": 100}
    assert "EndedAt" in summary(world)


def test_what_an_index_did_not_show_to_a_deletion_is_never_admitted(world: World, context, monkeypatch):
    take(world, context, dropped(world, *map(entry, "ab")))
    with monkeypatch.context() as lagging:
        lagging.setattr(Sources, "requests_of", lambda *_: iter(()))
        take(world, context, deleted(key=FILE))

    world.reconciler.run(SOON, sweep=False)

    codes = [world.result(request)["Error"]["Code"] for request in entries_of(world)]
    assert codes == ["RequestDeleted", "RequestDeleted"]
    assert world.aws.stepfunctions.executions == {}


def test_what_is_dropped_after_a_deletion_runs(world: World, context):
    take(world, context, dropped(world, entry("a")))
    take(world, context, deleted(key=FILE, sequencer="0B"))
    world.reconciler.run(SOON, sweep=False)

    take(world, context, dropped(world, entry("a"), sequencer="0C", version="v2"))
    world.reconciler.run(LATER, sweep=False)

    (request,) = entries_of(world)
    assert (request.status, request.stop) == (Status.RUNNING, None)


def test_an_entry_that_this_version_understands_runs_though_another_rejected_it(
    world: World, context, monkeypatch
):
    def rejected(kind: str, document: RequestDocument) -> None:
        raise RequestRejected("UnknownOperation", f"{document.operation} is unknown to the {kind} workflow.")

    with monkeypatch.context() as older:
        older.setattr(intake, "require_operation_of", rejected)
        take(world, context, dropped(world, entry("a", LicenseType="BYOL")))
        world.reconciler.run(SOON, sweep=False)
    take(world, context, dropped(world, entry("a", LicenseType="BYOL"), sequencer="0B", version="v2"))
    world.reconciler.run(LATER, sweep=False)

    (request,) = entries_of(world)
    assert (request.status, request.operation) == (Status.RUNNING, "ImportImage")
    assert request.parameters["LicenseType"] == "BYOL"


def test_a_fleet_that_came_late_is_not_the_newest(world: World, context):
    """Events of one key may come in any order."""
    newer = dropped(world, entry("a"), sequencer="0B", version="v2")
    take(world, context, newer)
    older = dropped(world, entry("a"), entry("b"), sequencer="0A", version="v1")
    take(world, context, older)

    assert summary(world)["Source"]["VersionId"] == "v2"


def test_deleting_a_fleet_that_waits_writes_each_request_once_and_publishes_nothing(world: World, context):
    """Publishing ten thousand ends would take hours; the reconciler's rounds do it."""
    take(world, context, dropped(world, *map(entry, range(300))))
    for told in (world.aws.dynamodb.calls, world.aws.s3.history, world.aws.events.sent):
        told.clear()
    world.aws.functions.payloads.clear()

    assert take(world, context, deleted(key=FILE)) == []

    assert {request.open_state for request in entries_of(world)} == {OpenState.ENDING}
    assert world.aws.dynamodb.calls.count("UpdateItem") == 300 + 1, "and the deletion itself"
    assert (world.aws.s3.history, world.aws.events.sent) == ([], [])
    assert world.aws.functions.payloads == [{"Now": NOW}]


def test_an_entry_that_is_queued_again_while_its_file_is_deleted_is_stopped_all_the_same(world, context):
    take(world, context, dropped(world, entry("a")))
    (request,) = entries_of(world)
    assert world.table.admit(request, now=NOW, deadline_at=LATER)
    update = world.aws.dynamodb.update_item

    def overtaken(**arguments: Any) -> None:
        try:
            update(**arguments)
        finally:  # EC2 had no room for it: it comes back to the queue after the first write was refused.
            world.aws.dynamodb.update_item = update  # type: ignore[method-assign]
            assert world.table.return_to_queue(world.find(request), not_before=SOON)

    world.aws.dynamodb.update_item = overtaken  # type: ignore[method-assign]
    take(world, context, deleted(key=FILE))
    world.reconciler.run(SOON, sweep=False)

    assert world.result(request)["Error"]["Code"] == "RequestDeleted"


def test_dropped_again_right_after_its_deletion_what_waited_waits_again(world: World, context):
    """The reconciler has not come to end it; nobody was told that it ends."""
    take(world, context, dropped(world, entry("a"), INVALID))
    take(world, context, deleted(key=FILE))

    take(world, context, dropped(world, entry("a"), INVALID, sequencer="0C", version="v2"))
    world.reconciler.run(SOON, sweep=False)

    first, second = entries_of(world)
    assert (first.status, first.stop, first.attempt) == (Status.RUNNING, None, 1)
    assert second.status is Status.REJECTED
    assert first.fleet == second.fleet == summary(world)["RequestId"]
    assert "VM Import Cancelled" not in [kind for kind, _ in world.aws.events.sent]


def test_what_is_dropped_again_while_a_round_ends_it_is_not_told_to_be_cancelled(world, context, monkeypatch):
    take(world, context, dropped(world, entry("a")))
    take(world, context, deleted(key=FILE))
    again = dropped(world, entry("a"), sequencer="0C", version="v2")
    find = RequestsTable.find
    reads = count(1)

    def overtaken(self: RequestsTable, request_id: str) -> Request | None:
        found = find(self, request_id)
        if next(reads) == 2:  # The round has read it anew, and is about to write down how it ends.
            monkeypatch.setattr(RequestsTable, "find", find)
            take(world, context, again)
        return found

    monkeypatch.setattr(RequestsTable, "find", overtaken)
    world.reconciler.run(SOON, sweep=False)

    (request,) = entries_of(world)
    assert (request.status, request.stop) == (Status.RUNNING, None)
    assert "VM Import Cancelled" not in [kind for kind, _ in world.aws.events.sent]


def test_what_a_round_ends_while_it_is_dropped_again_runs_as_a_new_attempt(world: World, context):
    take(world, context, dropped(world, entry("a")))
    take(world, context, deleted(key=FILE))
    again = dropped(world, entry("a"), sequencer="0C", version="v2")
    update = world.aws.dynamodb.update_item

    def overtaken(**arguments: Any) -> None:
        if ":event" in arguments.get("ExpressionAttributeValues", {}):
            world.aws.dynamodb.update_item = update  # type: ignore[method-assign]
            world.reconciler.run(SOON, sweep=False)
        update(**arguments)

    world.aws.dynamodb.update_item = overtaken  # type: ignore[method-assign]
    assert take(world, context, again) == []

    (request,) = entries_of(world)
    assert (request.status, request.stop, request.attempt) == (Status.QUEUED, None, 2)
    assert request.fleet == summary(world)["RequestId"]


def cut_off(world: World, context: Any, named: dict[str, Any], *, portions: int = 1) -> None:
    """A delivery whose time is over after some portions."""
    left = iter([60_000] * portions)
    ample = context.get_remaining_time_in_millis
    context.get_remaining_time_in_millis = lambda: next(left, 0)
    assert take(world, context, named) == ["0"]
    context.get_remaining_time_in_millis = ample


def test_a_half_filled_fleet_whose_file_was_deleted_is_summarised_and_ends(world: World, context):
    named = dropped(world, *map(entry, range(150)))
    cut_off(world, context, named)
    del world.aws.s3.heads[FILE]
    take(world, context, deleted(key=FILE))

    assert take(world, context, named) == []
    assert summary(world)["Size"] == 100
    world.reconciler.run(SOON, sweep=False)

    assert summary(world)["Counts"] == {"Cancelled": 100}
    assert fleet_events(world) == ["VM Import Fleet Failed"]
    assert "ExpiresAt" in world.aws.dynamodb.items[summary(world)["RequestId"]]


@pytest.mark.parametrize("deliveries", [(0, 1), (1, 0)])
def test_a_half_filled_fleet_whose_file_was_overwritten_is_cancelled(world: World, context, deliveries):
    older = dropped(world, *map(entry, range(150)))
    cut_off(world, context, older)
    fleet = entries_of(world)[0].fleet
    newer = dropped(world, entry("other"), entry(0), sequencer="0B", version="v2")

    for number in deliveries:
        assert take(world, context, (older, newer)[number]) == []
    summarise(world)

    closed = world.result_at(f"results/by-id/{fleet}.json")
    assert (closed["Status"], "EndedAt" in closed) == ("Cancelled", True)
    assert fleet_events(world) == ["VM Import Fleet Cancelled"]
    assert (summary(world)["Size"], summary(world)["Counts"]) == (2, {"Queued": 2})


def test_a_half_filled_fleet_all_of_which_a_newer_one_took_is_cancelled(world: World, context):
    older = dropped(world, *map(entry, range(150)))
    cut_off(world, context, older)
    fleet = entries_of(world)[0].fleet
    take(world, context, dropped(world, *map(entry, range(100)), sequencer="0B", version="v2"))

    assert take(world, context, older) == []

    closed = world.result_at(f"results/by-id/{fleet}.json")
    assert (closed["Status"], closed["Size"], closed["Counts"]) == ("Cancelled", 0, {})


def test_a_fleet_that_was_cut_short_by_an_index_that_lags_ends_with_all_that_is_there(world: World, context):
    named = dropped(world, *map(entry, range(150)))
    cut_off(world, context, named)
    del world.aws.s3.heads[FILE]
    world.aws.dynamodb.freeze_indexes()
    del world.aws.dynamodb.stale[entries_of(world)[7].id]  # type: ignore[union-attr]
    assert take(world, context, named) == []
    world.aws.dynamodb.stale = None

    for request in entries_of(world):
        end(world, request, Status.SUCCEEDED)
    summarise(world)

    assert (summary(world)["Status"], summary(world)["Size"]) == ("Succeeded", 100)


def test_a_half_filled_fleet_whose_file_may_not_be_read_any_more_ends_with_what_is_there(world, context):
    named = dropped(world, *map(entry, range(150)))
    cut_off(world, context, named)
    world.aws.s3.refusals.add("GetObject", refusal("AccessDenied", "GetObject", message="No.", status=403))

    assert take(world, context, named) == []
    for request in entries_of(world):
        end(world, request, Status.SUCCEEDED)
    summarise(world)

    assert (summary(world)["Status"], summary(world)["Size"]) == ("Succeeded", 100)


def test_a_delivery_that_is_still_reading_when_another_finds_the_file_gone_knows_better(world, context):
    """The fleet is cut short, ends, and is whole all the same."""
    named = dropped(world, *map(entry, range(150)))
    put = world.aws.dynamodb.transact_write_items
    calls = count(1)

    def slow(**arguments: Any) -> None:
        if next(calls) == 2:
            kept = world.aws.s3.heads.pop(FILE)
            assert take(world, context, named) == []
            world.aws.s3.heads[FILE] = kept
            for request in entries_of(world):
                end(world, request, Status.SUCCEEDED)
            summarise(world)
            assert summary(world)["Size"] == 100
        put(**arguments)

    world.aws.dynamodb.transact_write_items = slow  # type: ignore[method-assign]
    assert take(world, context, named) == []

    assert (summary(world)["Status"], summary(world)["Size"]) == ("Running", 150)
    assert summary(world)["Counts"] == {"Queued": 50, "Succeeded": 100}


def test_an_older_event_that_comes_later_takes_nothing_from_the_newer_fleet(world: World, context):
    """The file was dropped twice with the same content: both events can read it."""
    entries = [entry("a"), entry("b")]
    newer = dropped(world, *entries, sequencer="0B01", version="same")
    older = dropped(world, *entries, sequencer="0B", version="same")
    older["detail"]["object"]["version-id"] = "v1"
    take(world, context, newer)
    end(world, entries_of(world)[0], Status.FAILED)
    before = [(request.fleet, request.status, request.attempt) for request in entries_of(world)]

    world.aws.dynamodb.transactions.clear()

    assert take(world, context, older) == []
    summarise(world)

    assert world.aws.dynamodb.transactions == [], "It has nothing to add"
    assert [(request.fleet, request.status, request.attempt) for request in entries_of(world)] == before
    assert summary(world)["Source"]["VersionId"] == "same"
    assert fleet_events(world) == ["VM Import Fleet Cancelled"]


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("call", [1, 2])
def test_an_older_event_beside_the_newer_takes_nothing_from_the_newer_fleet(
    world: World, context, failed: bool, call: int
):
    """The newer event is delivered while the older one has looked at an entry and is about to write."""
    entries = [entry("a"), entry("b")]
    take(world, context, dropped(world, *entries, sequencer="09", version="v0"))
    for request in entries_of(world) if failed else ():
        end(world, request, Status.FAILED)
    newer = dropped(world, *entries, sequencer="0B", version="same")
    older = dropped(world, *entries, sequencer="0A", version="same")
    older["detail"]["object"]["version-id"] = "v1"
    update = world.aws.dynamodb.update_item
    calls = count()

    def overtaken(**arguments: Any) -> None:
        if ":event" in arguments.get("ExpressionAttributeValues", {}) and next(calls) == call - 1:
            assert take(world, context, newer) == []
        update(**arguments)

    world.aws.dynamodb.update_item = overtaken  # type: ignore[method-assign]
    assert take(world, context, older) == []

    newest = summary(world)["RequestId"]
    assert [request.fleet for request in entries_of(world)] == [newest, newest]
    assert {request.source.sequencer for request in entries_of(world) if request.source} == {"0B"}
    assert [request.status for request in entries_of(world)] == [Status.QUEUED] * 2
    assert [request.attempt for request in entries_of(world)][1] == 1 + failed


def test_long_requests_come_in_portions_that_a_transaction_can_hold(world: World, context):
    """4 MB, of which a hundred requests with all the tags that one may have are longer."""
    tags = [{"Key": f"key-{number}", "Value": "ü" * 256} for number in range(40)]
    long = {"TagSpecifications": [{"ResourceType": "import-image-task", "Tags": tags}]}

    assert take(world, context, dropped(world, *(entry(number, **long) for number in range(150)))) == []

    assert [request.open_state for request in entries_of(world)] == [OpenState.QUEUED] * 150
    assert sum(world.aws.dynamodb.transactions) == 150
    assert max(world.aws.dynamodb.transactions) < 100
