"""What S3's events do, in whatever order and however often they come."""

import json

import pytest

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
    answer = handler({"Records": records}, context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def requests(world: World) -> list[Request]:
    """All requests, in the order of their arrival."""
    ids = [item_id for item_id in world.aws.dynamodb.items if "#" not in item_id]
    return [found for found in map(world.table.find, ids) if found is not None]


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
        ({"key": "snapshots/disk.vmdk"}, "SnapshotImportUnavailable"),
    ],
)
def test_what_its_event_shows_to_be_wrong_is_rejected_at_once(world: World, context, more, code):
    take(world, context, event(**more))

    (request,) = requests(world)
    assert (request.status, request.open_state) == (Status.REJECTED, None)
    assert world.result(request)["Error"]["Code"] == code
    assert world.aws.functions.payloads == []


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
