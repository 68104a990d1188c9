"""Never the wrong bytes under the right name: sources overwritten or deleted at every moment."""

import pytest

from tests.local.pipeline.harness import Pipeline, eventually


def test_an_event_delivered_three_times_starts_one_task(pipeline: Pipeline):
    pipeline.cloud.events.deliver_times(3, source="aws.s3", detail_type="Object Created")
    pipeline.upload("images/thrice.vmdk")

    result = pipeline.ended("images/thrice.vmdk")

    assert result["Status"] == "Succeeded"
    assert len(pipeline.tasks_of(result["RequestId"])) == 1
    assert len([item for item in pipeline.requests() if item.get("Key") == "images/thrice.vmdk"]) == 1


def test_a_key_uploaded_again_after_the_end_is_imported_again(pipeline: Pipeline):
    pipeline.upload("images/again.vmdk")
    first = pipeline.ended("images/again.vmdk")
    version = pipeline.upload("images/again.vmdk")
    second = pipeline.ended_version("images/again.vmdk", version)

    assert first["Status"] == second["Status"] == "Succeeded"
    assert first["ImageId"] != second["ImageId"]
    assert pipeline.result("images/again.vmdk") == second


def test_an_object_overwritten_while_its_import_runs_fails_as_changed(pipeline: Pipeline):
    pipeline.inject("ImportImage", Stall=True)
    old = pipeline.upload("images/overwritten.vmdk")
    running = pipeline.running("images/overwritten.vmdk")
    new = pipeline.upload("images/overwritten.vmdk")

    first = pipeline.ended_version("images/overwritten.vmdk", old)
    second = pipeline.ended_version("images/overwritten.vmdk", new)

    assert (first["Status"], first["Error"]["Code"]) == ("Failed", "SourceChanged"), first
    assert second["Status"] == "Succeeded"
    assert pipeline.result("images/overwritten.vmdk") == second
    assert [task["Status"] for task in pipeline.tasks_of(running["Id"])] == ["deleted"]
    assert not pipeline.images_of(running["Id"])


def test_an_object_overwritten_while_its_import_waits_fails_as_changed(pipeline: Pipeline):
    pipeline.pause()
    old = pipeline.upload("images/waiting.vmdk")
    eventually(lambda: pipeline.result("images/waiting.vmdk"), "the queued result")
    new = pipeline.upload("images/waiting.vmdk")
    pipeline.request_of_version("images/waiting.vmdk", new)
    pipeline.resume()

    first = pipeline.ended_version("images/waiting.vmdk", old)
    second = pipeline.ended_version("images/waiting.vmdk", new)

    assert (first["Status"], first["Error"]["Code"]) == ("Failed", "SourceChanged"), first
    assert "ImportTaskId" not in first
    assert second["Status"] == "Succeeded"


def test_an_object_overwritten_at_the_last_moment_leaves_no_ami(pipeline: Pipeline):
    """The event of the second upload is lost: only the comparison at the end can notice it."""
    old = pipeline.upload("images/late.vmdk")
    running = pipeline.running("images/late.vmdk")
    pipeline.cloud.events.drop_next(source="aws.s3", detail_type="Object Created")
    pipeline.upload("images/late.vmdk")

    result = pipeline.ended_version("images/late.vmdk", old)

    assert (result["Status"], result["Error"]["Code"]) == ("Failed", "SourceChanged"), result
    assert not pipeline.images_of(running["Id"])


@pytest.mark.parametrize("moment", ["waits", "runs"])
def test_deleting_the_object_cancels_its_import(pipeline: Pipeline, moment: str):
    key = f"images/deleted-while-it-{moment}.vmdk"
    if moment == "waits":
        pipeline.pause()
    pipeline.upload(key)
    request = pipeline.request_of(key) if moment == "waits" else pipeline.running(key)

    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    result = pipeline.ended(key)
    pipeline.resume()

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "SourceDeleted"), result
    assert all(task["Status"] == "deleted" for task in pipeline.tasks_of(request["Id"]))
    assert not pipeline.images_of(request["Id"])
    if moment == "runs":
        assert pipeline.execution(result)["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("step", "call"),
    [
        ("ValidateRequest", "HeadObject"),
        ("InspectImage", "GetObject"),
        ("StartTask", "HeadObject"),
        ("FinishRequest", "HeadObject"),
    ],
)
def test_an_object_that_vanishes_unseen_before_a_step_ends_as_deleted(
    pipeline: Pipeline, step: str, call: str
):
    """The event of the deletion is lost: each step notices by itself, at the last moment before its call."""
    key = f"images/vanished-before-{step}.vmdk"
    pipeline.inject(call, service="s3", Role=step, Delay=500)
    pipeline.upload(key)
    eventually(pipeline.no_fault_is_pending, f"the call of {step}")
    lost = pipeline.cloud.events.drop_next("aws.s3", "Object Deleted")
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)

    result = pipeline.ended(key)

    assert len(lost.happened) == 1
    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "SourceDeleted"), result
    assert not pipeline.images_of(result["RequestId"])


def test_deleting_the_object_after_the_end_changes_nothing(pipeline: Pipeline):
    pipeline.upload("images/deleted-afterwards.vmdk")
    result = pipeline.ended("images/deleted-afterwards.vmdk")
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key="images/deleted-afterwards.vmdk")
    pipeline.upload("images/marker-of-time.vmdk")
    pipeline.ended("images/marker-of-time.vmdk")

    assert pipeline.result("images/deleted-afterwards.vmdk") == result
    assert pipeline.images_of(result["RequestId"])
