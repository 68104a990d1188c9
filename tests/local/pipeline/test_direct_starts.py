"""The state machine started by somebody: the same request, queue, checks and result."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.pipeline.disks import boot_disk, data_disk, upload_disks
from tests.local.pipeline.harness import TERMINAL, Pipeline, eventually

pytestmark = pytest.mark.usefixtures("short_tasks")
SNAPSHOT = {"DiskContainer": data_disk()}


def request_of(pipeline: Pipeline, execution: str) -> dict[str, Any]:
    """The request that an execution has made for itself."""
    return eventually(
        lambda: next((each for each in pipeline.requests() if each.get("ExecutionArn") == execution), None),
        f"a request of {execution}",
    )


def ended(pipeline: Pipeline, execution: str) -> dict[str, Any]:
    """Its terminal result."""
    address = f"results/by-id/{request_of(pipeline, execution)['Id']}.json"

    def look() -> dict[str, Any] | None:
        found = pipeline.document(address)
        return found if found and found["Status"] in TERMINAL else None

    return eventually(look, f"a terminal result at {address}")


def test_a_started_request_succeeds_in_the_execution_that_was_started(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    execution = pipeline.start(SNAPSHOT)

    result = ended(pipeline, execution)

    assert result["Status"] == "Succeeded", result
    assert (result["ExecutionArn"], result["Operation"]) == (execution, "ImportSnapshot")
    assert pipeline.execution(result)["status"] == "SUCCEEDED"
    assert len(pipeline.tasks_of(result["RequestId"])) == 1


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"DiskContainers": [boot_disk()], "Platfrom": "Linux"}, "UnknownParameter"),
        ({"Requests": [SNAPSHOT]}, "FleetNeedsFile"),
        (
            {"DiskContainers": [{"SnapshotId": "snap-0123456789abcdef0"}]},
            "SnapshotNotAllowed",
        ),
    ],
)
def test_a_started_request_that_may_not_be_fails_with_the_code_of_its_rejection(
    pipeline: Pipeline, document: Any, code: str
) -> None:
    execution = pipeline.start(document)

    result = ended(pipeline, execution)

    assert (result["Status"], result["Error"]["Code"]) == ("Rejected", code), result
    assert pipeline.execution(result)["error"] == code


def test_the_pause_switch_holds_a_started_request_and_stopping_it_ends_it(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.pause()
    held, stopped = pipeline.start(SNAPSHOT), pipeline.start(SNAPSHOT)
    for execution in (held, stopped):
        assert request_of(pipeline, execution)["Status"] == "Queued"
    pipeline.states.stop_execution(executionArn=stopped, cause="not wanted any more")
    cancelled = ended(pipeline, stopped)
    still_held = request_of(pipeline, held)
    pipeline.resume()
    succeeded = ended(pipeline, held)

    assert (cancelled["Status"], cancelled["Error"]["Code"]) == ("Cancelled", "ExecutionStopped"), cancelled
    assert "ImportTaskId" not in cancelled
    assert still_held["Status"] == "Queued"
    assert succeeded["Status"] == "Succeeded", succeeded
    assert pipeline.execution(succeeded)["status"] == "SUCCEEDED"


def test_a_started_request_whose_task_is_refused_for_the_quota_waits_in_the_same_execution(
    pipeline: Pipeline,
) -> None:
    upload_disks(pipeline)
    error = {"Code": "ResourceCountLimitExceeded", "Message": "The limit is reached.", "Status": 400}
    pipeline.inject("ImportSnapshot", Error=error)
    execution = pipeline.start(SNAPSHOT)

    result = ended(pipeline, execution)

    assert (result["Status"], result["ExecutionArn"]) == ("Succeeded", execution), result
    assert request_of(pipeline, execution)["Admission"] == 2
