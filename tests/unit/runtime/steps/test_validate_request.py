"""What is refused before anything is started."""

import json

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import SOON, World
from vmie_runtime.errors import RequestFailure
from vmie_runtime.request import Status
from vmie_runtime.steps.validate_request import handler


def code_of(error: pytest.ExceptionInfo[RequestFailure]) -> tuple[str, str]:
    """Code and status of what was raised."""
    document = json.loads(str(error.value))
    return document["Code"], document["Status"]


def test_a_good_request_hands_its_source_on_and_tags_it(world: World, context):
    request = world.running()
    world.aws.s3.tags[request.source.key] = [{"Key": "team", "Value": "web"}]

    answer = handler(world.step(request), context)

    assert answer["Source"] == {
        "Bucket": "uploads",
        "Key": "images/web.vmdk",
        "ETag": "e1",
        "Size": 4,
        "Format": "VMDK",
    }
    tags = {tag["Key"]: tag["Value"] for tag in world.aws.s3.tags[request.source.key]}
    assert tags == {"team": "web", "vmie:request-id": request.id}


@pytest.mark.parametrize("seconds_late", ["2026-11-18T12:00:00.000Z", "2026-11-20T12:00:00.000Z"])
def test_the_deadline_counts_from_the_start_of_the_execution(world: World, context, seconds_late: str):
    """An event that lay in the queue for days admits with its own time, which is long past."""
    request = world.running(started_at=seconds_late, deadline_at=seconds_late)

    handler(world.step(request, now=SOON), context)

    found = world.find(request)
    assert (found.started_at, found.deadline_at) == (SOON, "2026-11-20T13:01:00.000Z")


def test_the_deadline_of_a_task_that_runs_stays(world: World, context):
    request = world.importing()

    handler(world.step(request, now=SOON), context)

    assert world.find(request).deadline_at == "2026-11-20T13:00:00.000Z"


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDenied", "GetObjectTagging", status=403),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
)
def test_a_source_that_cannot_be_tagged_is_imported_all_the_same(world: World, context, error):
    request = world.running()
    world.aws.s3.refusals.add("GetObjectTagging", error)

    assert handler(world.step(request), context)["Source"]["Format"] == "VMDK"


def test_a_request_whose_key_has_a_newer_object_is_not_begun(world: World, context):
    """Where the bucket keeps no versions, the newer object may have the same ETag."""
    request = world.running(superseded=True)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("SourceChanged", "Failed")


@pytest.mark.parametrize(
    ("now", "code"),
    [
        ({"version": "v2"}, ("SourceChanged", "Failed")),
        ({"etag": "e2"}, ("SourceChanged", "Failed")),
        (None, ("SourceDeleted", "Cancelled")),
    ],
)
def test_another_object_under_the_key_is_not_imported(world: World, context, now, code):
    request = world.running()
    world.aws.s3.heads.clear()
    if now is not None:
        world.aws.s3.add(request.source.key, **now)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == code


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"StorageClass": "DEEP_ARCHIVE"}, "ArchivedObject"),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, "ArchivedObject"),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="true"'}, "ArchivedObject"),
        ({"ContentLength": 0}, "EmptyObject"),
    ],
)
def test_what_the_service_cannot_read_is_rejected(world: World, context, head, code):
    request = world.running()
    world.aws.s3.heads[request.source.key].update(head)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == (code, "Rejected")


def test_a_restored_archive_is_imported(world: World, context):
    request = world.running()
    restored = {"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="…"'}
    world.aws.s3.heads[request.source.key].update(restored)

    assert handler(world.step(request), context)


def test_an_execution_started_by_hand_is_rejected(world: World, context):
    request = world.running()

    for step in (
        {**world.step(request), "ExecutionArn": "arn:aws:states:us-east-1:1:execution:Import:mine"},
        {**world.step(request), "RequestId": ""},
        {**world.step(request), "RequestId": "unknown"},
    ):
        with pytest.raises(RequestFailure) as error:
            handler(step, context)
        assert code_of(error) == ("DirectStartUnavailable", "Rejected")
    assert world.find(request).status is Status.RUNNING
