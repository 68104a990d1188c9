"""Stopped, or its request file deleted: at whatever moment, nothing is left and the result is Cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.pipeline.disks import boot_disk, data_disk, upload_disks
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.leavings import made_by, resources_of, status_of

pytestmark = pytest.mark.usefixtures("short_tasks")
IMAGE = {"DiskContainers": [boot_disk()]}
SNAPSHOT = {"DiskContainer": data_disk()}
TWO_STAGES = {"DiskContainer": boot_disk(), "Vmie": {"RegisterImage": {}}}
SECONDS = 700  # of AWS time, which a call is held back: two real seconds
# Moment -> the request, and the call that is held back while it is cancelled: operation, function, how many
# such calls of the function come before it.
MOMENTS: dict[str, tuple[dict[str, Any], tuple[str, str, str, int]]] = {
    "image-noted": (IMAGE, ("ec2", "DescribeImportImageTasks", "PollTask", 0)),
    "image-not-noted": (IMAGE, ("dynamodb", "UpdateItem", "StartTask", 1)),
    "snapshot-noted": (SNAPSHOT, ("ec2", "DescribeImportSnapshotTasks", "PollTask", 0)),
    "snapshot-not-noted": (SNAPSHOT, ("dynamodb", "UpdateItem", "StartTask", 1)),
    "second-stage": (TWO_STAGES, ("ec2", "RegisterImage", "StartTask", 0)),
    "second-stage-noted": (TWO_STAGES, ("ec2", "DescribeImages", "PollTask", 0)),
}


def stop_execution(pipeline: Pipeline, key: str) -> str:
    """Stop a request's execution; the code of what becomes of the request."""
    execution = eventually(lambda: pipeline.request_of(key).get("ExecutionArn"), "an execution")
    pipeline.states.stop_execution(executionArn=execution, cause="the wrong disk")
    return "ExecutionStopped"


def delete_request_file(pipeline: Pipeline, key: str) -> str:
    """Delete a request's file; the code of what becomes of the request."""
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    return "RequestDeleted"


@pytest.mark.parametrize("cancel", [stop_execution, delete_request_file])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_request_cancelled_around_a_start_leaves_nothing(
    pipeline: Pipeline, moment: str, cancel: Callable[[Pipeline, str], str]
) -> None:
    document, (service, operation, function, before) = MOMENTS[moment]
    upload_disks(pipeline)
    pipeline.inject(operation, service=service, Role=function, After=before, Delay=SECONDS)
    key = pipeline.ask(f"cancelled/{moment}-{cancel.__name__}", document)
    eventually(pipeline.no_fault_is_pending, f"the call of {operation}", every=0.02)

    code = cancel(pipeline, key)
    result = pipeline.ended(key)

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", code), result
    tasks = pipeline.tasks_of(result["RequestId"])
    assert len(tasks) == 1
    assert status_of(tasks[0]) in ("deleted", "completed")
    # A call that was under way comes after the end: what it makes is found by the next round.
    found = pipeline.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert not made_by(tasks[0]) & {each["SnapshotId"] for each in found}
    eventually(lambda: not resources_of(pipeline, result["RequestId"]), "nothing of the request")


def test_a_request_file_deleted_while_its_request_waits_is_never_started(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.pause()
    key = pipeline.ask("cancelled/waits", IMAGE)
    pipeline.request_of(key)
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    result = pipeline.ended(key)
    pipeline.resume()

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "RequestDeleted"), result
    assert pipeline.tasks_of(result["RequestId"]) == []


def test_a_redriven_execution_of_a_request_file_starts_a_new_attempt(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.inject("ImportSnapshot", StatusMessage="ClientError: Footers not identical")
    key = pipeline.ask("redriven", TWO_STAGES)
    first = pipeline.ended(key)
    assert first["Status"] == "Failed", first
    pipeline.execution(first)

    pipeline.states.redrive_execution(executionArn=first["ExecutionArn"])
    second = eventually(
        lambda: found if (found := pipeline.result(key) or {}).get("Status") == "Succeeded" else None,
        "the second attempt",
    )

    assert (second["RequestId"], second["Attempt"]) == (first["RequestId"], 2)
    assert second["ImageId"]
    assert sorted(status_of(task) for task in pipeline.tasks_of(first["RequestId"])) == [
        "completed",
        "deleted",
    ]
