"""One task per attempt, and what EC2's refusals become."""

import json

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import SOON, World
from vmie_runtime.errors import RequestFailure, ServiceRoleRejected, TaskQuotaExceeded, TransientServiceError
from vmie_runtime.steps.start_task import handler

INSPECTED = {"Inspection": {"Findings": []}}


def test_a_task_is_started_and_its_id_written_down(world: World, context):
    request = world.running()

    handler(world.step(request, Inspected=INSPECTED), context)

    (call,) = world.aws.ec2.imports
    assert call["ClientToken"] == f"vmie-{request.id}-1"
    assert call["DiskContainers"] == [
        {"Format": "vmdk", "UserBucket": {"S3Bucket": "uploads", "S3Key": "images/web.vmdk"}}
    ]
    found = world.find(request)
    assert (found.task_id, found.changed_at) == ("import-ami-1", SOON)
    assert found.inspection == INSPECTED["Inspection"]


def test_a_repeated_start_starts_nothing(world: World, context):
    request = world.running()
    handler(world.step(request, Inspected=INSPECTED), context)
    handler(world.step(request, Inspected=INSPECTED), context)

    assert len(world.aws.ec2.imports) == 1


def test_a_rejected_image_starts_nothing(world: World, context):
    request = world.running()
    rejection = {"Code": "NotAnImage", "Message": "It is a text.", "Facts": {"Finding": {"Why": "w"}}}

    with pytest.raises(RequestFailure, match="NotAnImage"):
        handler(world.step(request, Inspected={**INSPECTED, "Rejection": rejection}), context)

    assert world.aws.ec2.imports == []
    assert world.find(request).inspection == INSPECTED["Inspection"]


def test_a_source_overwritten_since_its_inspection_starts_nothing(world: World, context):
    request = world.running()
    world.aws.s3.add(request.source.key, version="v2")

    with pytest.raises(RequestFailure, match="SourceChanged"):
        handler(world.step(request, Inspected=INSPECTED), context)

    assert world.aws.ec2.imports == []


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refusal("ResourceCountLimitExceeded", "ImportImage"), TaskQuotaExceeded),
        (throttled("ImportImage"), TransientServiceError),
        (refusal("Unavailable", "ImportImage", status=503), TransientServiceError),
        (
            refusal("InvalidParameter", "ImportImage", message="The service role vm-import does not exist"),
            ServiceRoleRejected,
        ),
        (refusal("InvalidParameter", "ImportImage", message="Invalid boot mode"), RequestFailure),
    ],
)
def test_refusals_are_told_apart(world: World, context, error, raised):
    request = world.running()
    world.aws.ec2.refusals.add("ImportImage", error)

    with pytest.raises(raised) as found:
        handler(world.step(request, Inspected=INSPECTED), context)

    assert type(found.value) is raised
    if isinstance(found.value, RequestFailure):
        assert json.loads(str(found.value))["Operation"] == "ImportImage"


def test_a_stopped_request_starts_nothing(world: World, context):
    """Its execution was stopped while this function was on its way."""
    request = world.running(open_state="ending")

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        handler(world.step(request, Inspected=INSPECTED), context)

    assert world.aws.ec2.imports == []
