"""What S3's events do, in whatever order and however often they come."""

import json

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import BUCKET, LATER, NOW, World
from vmie_runtime.intake import handler
from vmie_runtime.request import OpenState, Request, Status

KEY = "images/web.vmdk"


def event(kind: str = "Created", key: str = KEY, *, sequencer: str = "0A", **more) -> dict:
    """An event of S3 as EventBridge delivers it."""
    described = {"key": key, "sequencer": sequencer, "etag": "e1", "size": 4, "version-id": "v1"}
    detail = {
        "bucket": {"name": BUCKET},
        "object": {**described, **more.pop("object", {})},
        "reason": "PutObject" if kind == "Created" else "DeleteObject",
        **more,
    }
    detail["object"] = {name: value for name, value in detail["object"].items() if value is not None}
    return {"detail-type": f"Object {kind}", "time": "2026-11-20T12:00:00Z", "detail": detail}


def version(name: str, etag: str = "e1") -> dict:
    return {"version-id": name, "etag": etag}


def take(world: World, context, *events: dict) -> list[str]:
    """Hand over a batch; the messages that go back to the queue."""
    records = [
        {"messageId": str(number), "body": json.dumps(each), "eventSource": "aws:sqs"}
        for number, each in enumerate(events)
    ]
    try:
        answer = handler({"Records": records}, context)
    except BatchProcessingError:  # Lambda gives the whole batch back.
        return [record["messageId"] for record in records]
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def requests(world: World) -> list[Request]:
    """All requests, in the order of their arrival."""
    return world.all_requests()


def deleted(**more) -> dict:
    """A deletion as somebody's DeleteObject causes it in a versioned bucket."""
    more = {"sequencer": "0B", "deletion-type": "Delete Marker Created", **more}
    more.setdefault("object", {"version-id": "marker", "etag": None, "size": None})
    return event("Deleted", **more)


def test_an_object_makes_a_request_and_wakes_the_reconciler(world: World, context):
    assert take(world, context, event()) == []

    (request,) = requests(world)
    assert (request.status, request.open_state, request.queued_at) == (Status.QUEUED, OpenState.QUEUED, NOW)
    assert (request.source.key, request.source.version_id) == (KEY, "v1")
    assert world.aws.events.kinds == ["Queued"]
    assert world.aws.functions.payloads == [{"Now": NOW}]


def test_a_repeated_event_makes_no_second_request(world: World, context):
    take(world, context, event(), event())
    take(world, context, event())

    assert len(requests(world)) == 1
    assert world.aws.events.kinds == ["Queued"]


def test_what_ended_is_not_begun_again_by_a_late_delivery(world: World, context):
    take(world, context, event())
    (request,) = requests(world)
    world.table.conclude(request, status=Status.SUCCEEDED, now=LATER)
    world.aws.functions.payloads.clear()

    take(world, context, event())

    assert world.find(request).status is Status.SUCCEEDED
    assert world.aws.functions.payloads == []


def test_a_message_that_fails_goes_back_alone(world: World, context):
    world.aws.s3.refusals.add("PutObject", throttled("PutObject"))

    failed = take(world, context, event(key="images/a.vmdk"), event(key="images/b.vmdk"))

    assert failed == ["0"]
    assert {request.source.key for request in requests(world)} == {"images/a.vmdk", "images/b.vmdk"}


def test_a_full_house_is_not_woken_for_what_must_wait(world: World, context):
    """The next end wakes the reconciler anyway; thousands of uploads would start thousands of idle rounds."""
    for number in range(2):
        world.running(f"images/{number}.vmdk")

    take(world, context, event())

    assert len(requests(world)) == 3
    assert world.aws.functions.payloads == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"key": "images/notes.txt"}, "UnsupportedSuffix"),
        ({"object": {"size": 0}}, "EmptyObject"),
        ({"key": "snapshots/machine.ova"}, "UnsupportedSuffix"),
        ({"key": "snapshots/disk.vmdk", "object": {"size": 0}}, "EmptyObject"),
    ],
)
def test_what_its_event_shows_to_be_wrong_is_rejected_at_once(world: World, context, more, code):
    take(world, context, event(**more))

    (request,) = requests(world)
    assert (request.status, request.open_state) == (Status.REJECTED, None)
    assert world.result(request)["Error"]["Code"] == code
    assert world.aws.functions.payloads == []


def test_a_disk_below_snapshots_makes_a_request_for_a_snapshot(world: World, context):
    take(world, context, event(key="snapshots/data.raw"))

    (request,) = requests(world)
    assert (request.operation, request.method) == ("ImportSnapshot", "snapshot")
    assert request.parameters["DiskContainer"]["UserBucket"]["S3Key"] == "snapshots/data.raw"


def test_folder_markers_are_nothing(world: World, context):
    take(world, context, event(key="images/folder/"))

    assert requests(world) == []


@pytest.mark.parametrize("order", [("0A", "0B"), ("0B", "0A"), ("0A", "0A01")])
def test_the_newest_object_of_a_key_supersedes_the_others_in_any_order(world: World, context, order):
    for sequencer in order:
        take(world, context, event(sequencer=sequencer, object=version(f"v{sequencer}")))

    superseded = {request.source.sequencer: request.superseded for request in requests(world)}
    older, newer = sorted(order)
    assert superseded == {older: True, newer: False}


def test_deleting_the_object_stops_its_running_import(world: World, context):
    request = world.running(KEY)

    take(world, context, deleted())

    stopped = world.find(request)
    assert stopped.open_state is OpenState.LIVE
    assert stopped.stop is not None
    assert stopped.stop["Code"] == "SourceDeleted"
    assert world.aws.functions.payloads == [{"Now": NOW}]


def test_deleting_the_object_ends_what_waits_at_once(world: World, context):
    """Deleting a queue of thousands must not leave them all to the reconciler."""
    request = world.request(KEY)

    take(world, context, deleted(), deleted())

    assert (world.result(request)["Status"], world.result(request)["Error"]["Code"]) == (
        "Cancelled",
        "SourceDeleted",
    )
    assert world.find(request).open_state is None
    assert world.aws.events.kinds == ["Cancelled"]
    assert world.aws.functions.payloads == []


def test_a_late_deletion_does_not_stop_the_import_of_a_newer_object(world: World, context):
    take(world, context, event(sequencer="0C", object=version("v2")), deleted(sequencer="0B"))

    (request,) = requests(world)
    assert request.open_state is OpenState.QUEUED
    assert request.stop is None


@pytest.mark.parametrize("reason", ["Lifecycle Expiration"])
def test_what_a_lifecycle_rule_deletes_stops_nothing(world: World, context, reason: str):
    request = world.running(KEY)

    take(world, context, deleted(reason=reason))

    assert world.find(request).stop is None


@pytest.mark.parametrize(("deleted_version", "stops"), [("v1", True), ("v0", False), ("null", False)])
def test_deleting_one_version_for_good_stops_the_import_of_that_version(
    world: World, context, deleted_version: str, stops: bool
):
    request = world.running(KEY)
    permanently = {"deletion-type": "Permanently Deleted", "object": version(deleted_version)}

    take(world, context, deleted(**permanently))

    assert (world.find(request).stop is not None) is stops


@pytest.mark.parametrize("name", [None, "", "null"])
def test_without_versions_every_upload_is_a_request_of_its_own(world: World, context, name: str | None):
    """The null version of a bucket whose versioning is suspended is overwritten, not added to."""
    for sequencer in ("0A", "0B"):
        take(world, context, event(sequencer=sequencer, object={"version-id": name}))

    assert [request.source.version_id for request in requests(world)] == [None, None]


@pytest.mark.parametrize("name", [None, "null"])
def test_without_versions_deleting_the_object_stops_its_import(world: World, context, name: str | None):
    request = world.running(KEY, version_id=None)
    gone = {"deletion-type": "Permanently Deleted", "object": {"version-id": name}}

    take(world, context, deleted(**gone))

    assert world.find(request).stop is not None


FILE = "requests/web.json"
ONE = {
    "DiskContainers": [{"Format": "VMDK", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
    "RoleName": "their-role",
    "ClientToken": "theirs",
    "DryRun": True,
    "Vmie": {"Method": "auto", "Attempts": 3},
}

EXPORT = {
    "ImageId": "ami-0123456789abcdef0",
    "DiskImageFormat": "RAW",
    "S3ExportLocation": {"S3Bucket": "uploads"},
}


def dropped(world: World, document, key: str = FILE, **more) -> dict:
    """The event of a request file that lies in the bucket."""
    size = world.put_file(key, document)
    return event(key=key, **{"object": {"size": size}, **more})


def test_a_request_file_makes_the_request_that_it_holds(world: World, context):
    assert take(world, context, dropped(world, ONE)) == []

    (request,) = requests(world)
    assert (request.operation, request.method) == ("ImportImage", "auto")
    assert request.parameters == {"DiskContainers": ONE["DiskContainers"]}
    assert (request.role_name, request.client_token, request.dry_run) == ("their-role", "theirs", True)
    assert (request.attempts, request.fleet, request.ordinal) == (3, None, None)
    assert world.result_at(f"results/{FILE}.json")["Status"] == "Queued"
    assert world.aws.functions.payloads == [{"Now": NOW}]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"{", "InvalidJson"),
        ({"DiskContainers": [{"Formt": "vmdk", "UserBucket": {"S3Key": "a"}}]}, None),
        (EXPORT, "WrongWorkflow"),
        (7, "InvalidRequestFile"),
        ({"Requests": []}, "InvalidRequestFile"),
    ],
)
def test_a_file_that_is_no_request_is_rejected_at_once(world: World, context, document, code):
    assert take(world, context, dropped(world, document)) == []

    (request,) = requests(world)
    assert (request.status, request.open_state) == (Status.REJECTED, None)
    result = world.result_at(f"results/{FILE}.json")
    assert (result["Status"], result["RequestId"]) == ("Rejected", request.id)
    assert code in (None, result["Error"]["Code"])
    assert world.aws.functions.payloads == []


def test_a_file_that_is_too_large_is_rejected_unread(world: World, context, monkeypatch):
    monkeypatch.setattr(world.aws.s3, "get_object", lambda **_: pytest.fail("It was read"))

    take(world, context, event(key=FILE, object={"size": 16 * 1024 * 1024 + 1}))

    assert world.result_at(f"results/{FILE}.json")["Error"]["Code"] == "RequestFileTooLarge"


def test_a_file_that_may_not_be_read_is_rejected_with_the_reason(world: World, context):
    named = dropped(world, ONE)
    world.aws.s3.refusals.add("GetObject", refusal("AccessDenied", "GetObject", message="No.", status=403))

    take(world, context, named)

    error = world.result_at(f"results/{FILE}.json")["Error"]
    assert error["Code"] == "SourceUnreadable"
    assert "AccessDenied: No." in error["Message"]


@pytest.mark.parametrize("change", ["deleted", "overwritten"])
def test_a_file_that_is_not_there_any_more_is_left_to_its_own_event(world: World, context, change: str):
    named = dropped(world, ONE)
    if change == "deleted":
        del world.aws.s3.heads[FILE]
    else:
        world.put_file(FILE, ONE, etag="e2")

    assert take(world, context, named) == []

    assert requests(world) == []


def test_a_file_that_s3_does_not_hand_out_now_comes_again(world: World, context):
    named = dropped(world, ONE)
    world.aws.s3.refusals.add("GetObject", throttled("GetObject"))

    assert take(world, context, named) == ["0"]
    assert take(world, context, named) == []

    assert len(requests(world)) == 1


def test_a_request_file_dropped_again_leaves_the_first_request_running(world: World, context):
    """What it asked for is under way, whatever the file says now."""
    first = dropped(world, ONE)
    take(world, context, first)
    take(world, context, dropped(world, ONE, sequencer="0B", object={"version-id": "v2"}))

    assert [request.superseded for request in requests(world)] == [False, False]


def test_deleting_a_request_file_stops_its_running_request(world: World, context):
    request = world.running(FILE, document=ONE)

    take(world, context, deleted(key=FILE))

    stop = world.find(request).stop
    assert stop is not None
    assert stop["Code"] == "RequestDeleted"
    assert FILE in stop["Message"]
    assert world.aws.functions.payloads == [{"Now": NOW}]


def test_deleting_a_disk_that_a_file_names_stops_nothing_by_itself(world: World, context):
    """Its own event does not name the request; its next step finds the disk gone."""
    request = world.running(FILE, document=ONE)

    take(world, context, deleted(key="images/other.vmdk"))

    assert world.find(request).stop is None


def test_a_wish_for_admission_wakes_the_reconciler_with_and_without_room(world: World, context):
    wish = {"detail-type": "Admission Wanted", "time": "2026-11-20T12:00:00Z"}

    take(world, context, wish)
    assert world.aws.functions.payloads == [{"Now": NOW}]
    for number in range(2):
        world.running(f"images/{number}.vmdk")
    take(world, context, wish)

    assert world.aws.functions.payloads == [{"Now": NOW}] * 2
