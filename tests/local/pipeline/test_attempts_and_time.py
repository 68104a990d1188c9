"""A request's own attempts, deadline and patience, and what the account's settings do to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.pipeline.disks import boot_disk, data_disk, upload_disks
from tests.local.pipeline.harness import Pipeline
from tests.local.pipeline.leavings import status_of

pytestmark = pytest.mark.usefixtures("short_tasks")
REQUESTS: dict[str, dict[str, Any]] = {
    "ImportImage": {"DiskContainers": [boot_disk()]},
    "ImportSnapshot": {"DiskContainer": data_disk()},
}


def asking(operation: str, **options: Any) -> dict[str, Any]:
    """A request with options of ours."""
    return {**REQUESTS[operation], "Vmie": options}


@pytest.mark.parametrize("operation", REQUESTS)
def test_a_task_that_failed_by_the_services_own_fault_is_tried_again(
    pipeline: Pipeline, operation: str
) -> None:
    upload_disks(pipeline)
    pipeline.inject(operation, StatusMessage="ServerError: Please try again.", Phase="validating")
    result = pipeline.ended(pipeline.ask(f"again-{operation}", asking(operation, Attempts=2)))

    assert (result["Status"], result["Attempt"]) == ("Succeeded", 2), result
    tasks = pipeline.tasks_of(result["RequestId"])
    assert sorted(status_of(task) for task in tasks) == ["completed", "deleted"]
    attempts = {tag["Value"] for task in tasks for tag in task["Tags"] if tag["Key"] == "vmie:attempt"}
    assert attempts == {"1", "2"}


def test_a_task_that_failed_for_its_image_is_not_tried_again(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.inject("ImportImage", StatusMessage="ClientError: Footers not identical", Phase="validating")
    result = pipeline.ended(pipeline.ask("not-again", asking("ImportImage", Attempts=5)))

    assert (result["Status"], result["Attempt"]) == ("Failed", 1), result
    assert len(pipeline.tasks_of(result["RequestId"])) == 1


def test_attempts_come_to_an_end(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.inject("ImportSnapshot", times=3, StatusMessage="ServerError: Please try again.")
    result = pipeline.ended(pipeline.ask("three-times", asking("ImportSnapshot", Attempts=3)))

    assert (result["Status"], result["Attempt"]) == ("Failed", 3), result
    assert len(pipeline.tasks_of(result["RequestId"])) == 3


@pytest.mark.parametrize("operation", REQUESTS)
def test_a_request_that_outlasts_its_own_deadline_is_cancelled_and_timed_out(
    pipeline: Pipeline, operation: str
) -> None:
    upload_disks(pipeline)
    pipeline.inject(operation, Stall=True)
    result = pipeline.ended(pipeline.ask(f"deadline-{operation}", asking(operation, Deadline="PT45M")))

    assert (result["Status"], result["Error"]["Code"]) == ("TimedOut", "DeadlineExceeded"), result
    assert [status_of(task) for task in pipeline.tasks_of(result["RequestId"])] == ["deleted"]


def test_a_deadline_beyond_the_stacks_own_is_rejected(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    result = pipeline.ended(pipeline.ask("too-patient", asking("ImportImage", Deadline="PT36H")))

    assert (result["Status"], result["Error"]["Code"]) == ("Rejected", "DeadlineTooLong"), result


def test_a_snapshots_task_that_stands_still_is_cancelled_as_stalled(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.inject("ImportSnapshot", Stall=True, Phase="downloading/converting")
    result = pipeline.ended(pipeline.ask("stalls", REQUESTS["ImportSnapshot"]))

    assert (result["Status"], result["Error"]["Code"]) == ("Failed", "TaskStalled"), result
    assert [status_of(task) for task in pipeline.tasks_of(result["RequestId"])] == ["deleted"]


@pytest.mark.parametrize("call", ["ImportSnapshot", "RegisterImage", "CopyImage"])
def test_a_start_killed_between_its_call_and_its_note_makes_one_thing(pipeline: Pipeline, call: str) -> None:
    upload_disks(pipeline)
    named = {"Name": f"killed-after-{call}"}
    document = asking("ImportImage" if call == "CopyImage" else "ImportSnapshot", **named)
    kill = pipeline.cloud.functions.kill_when("StartTask", "ec2", call)

    result = pipeline.ended(pipeline.ask(f"killed-after-{call}", document))

    assert len(kill.happened) == 1
    assert result["Status"] == "Succeeded", result
    assert len(pipeline.tasks_of(result["RequestId"])) == 1
    tag = {"Key": "vmie:request-id", "Value": result["RequestId"]}
    assert [each["ImageId"] for each in pipeline.images() if tag in each["Tags"]] == [result["ImageId"]]


def test_an_account_that_encrypts_by_default_is_named_with_what_follows(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.ec2.enable_ebs_encryption_by_default()
    try:
        result = pipeline.ended(pipeline.ask("encrypted-unasked", REQUESTS["ImportSnapshot"]))
    finally:
        pipeline.ec2.disable_ebs_encryption_by_default()

    assert result["Status"] == "Succeeded", result
    (advice,) = (each for each in result["Advice"] if each["Code"] == "EncryptedByDefault")
    assert "export" in advice["Message"]
    (snapshot,) = pipeline.ec2.describe_snapshots(SnapshotIds=result["SnapshotIds"])["Snapshots"]
    assert snapshot["Encrypted"]
