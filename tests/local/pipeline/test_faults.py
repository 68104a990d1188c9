"""Throttling, quotas, stopped executions, stalls, deadlines: the right end and no duplicate."""

import pytest

from tests.local.pipeline.harness import Pipeline, eventually


@pytest.mark.parametrize(
    ("code", "status"), [("RequestLimitExceeded", 503), ("InternalError", 500), ("Unavailable", 503)]
)
def test_a_start_that_fails_for_a_while_is_repeated_once_it_works(pipeline: Pipeline, code: str, status: int):
    key = f"images/start-{code}.vmdk"
    pipeline.inject("ImportImage", times=7, Error={"Code": code, "Message": "later", "Status": status})
    pipeline.upload(key)

    result = pipeline.ended(key)

    assert result["Status"] == "Succeeded", result
    assert len(pipeline.tasks_of(result["RequestId"])) == 1


def test_a_poll_that_is_throttled_goes_on(pipeline: Pipeline):
    pipeline.upload("images/poll-throttled.vmdk")
    pipeline.running("images/poll-throttled.vmdk")
    error = {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503}
    pipeline.inject("DescribeImportImageTasks", times=12, Error=error)

    assert pipeline.ended("images/poll-throttled.vmdk")["Status"] == "Succeeded"


def test_a_met_quota_queues_again(pipeline: Pipeline):
    error = {"Code": "ResourceCountLimitExceeded", "Message": "The limit is reached.", "Status": 400}
    pipeline.inject("ImportImage", times=2, Error=error)
    pipeline.upload("images/quota.vmdk")

    result = pipeline.ended("images/quota.vmdk")

    assert result["Status"] == "Succeeded", result
    assert pipeline.request_of("images/quota.vmdk")["Admission"] == 3
    assert len(pipeline.tasks_of(result["RequestId"])) == 1


@pytest.mark.parametrize("event", ["delivered", "lost"])
def test_an_execution_stopped_by_hand_cancels_the_task(pipeline: Pipeline, event: str):
    key = f"images/stopped-{event}.vmdk"
    pipeline.inject("ImportImage", Stall=True)  # However busy the machine is, it is stopped before it ends.
    pipeline.upload(key)
    request = pipeline.running(key)
    if event == "lost":
        pipeline.cloud.events.drop_next(source="aws.states")
    pipeline.states.stop_execution(executionArn=request["ExecutionArn"], cause="wrong image")

    result = pipeline.ended(key)

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "ExecutionStopped"), result
    assert "wrong image" in result["Error"]["Message"]
    assert [task["Status"] for task in pipeline.tasks_of(request["Id"])] == ["deleted"]
    assert pipeline.execution(result)["status"] == "ABORTED"


def test_an_execution_stopped_unseen_while_its_task_completes_leaves_no_ami(pipeline: Pipeline):
    with pipeline.without_rounds():
        pipeline.upload("images/stopped-unseen.vmdk")
        request = pipeline.stop_unseen("images/stopped-unseen.vmdk")
        assert pipeline.images_of(request["Id"])

    result = pipeline.ended("images/stopped-unseen.vmdk")

    assert (result["Status"], result["Error"]["Code"]) == ("Cancelled", "ExecutionStopped"), result
    assert not pipeline.images_of(request["Id"])


# In the last phase the task has made a snapshot, which is gone once it is cancelled.
@pytest.mark.parametrize("phase", ["converting", "preparing ami"])
def test_a_task_that_stands_still_is_cancelled_as_stalled(pipeline: Pipeline, phase: str):
    key = f"images/stalls-{phase}.vmdk"
    pipeline.inject("ImportImage", Stall=True, Phase=phase)
    pipeline.upload(key)

    result = pipeline.ended(key)

    assert (result["Status"], result["Error"]["Code"]) == ("Failed", "TaskStalled"), result
    assert phase in result["Error"]["Message"]
    assert [task["Status"] for task in pipeline.tasks_of(result["RequestId"])] == ["deleted"]


def test_a_passed_deadline_ends_as_timed_out(pipeline: Pipeline):
    pipeline.inject("ImportImage", Stall=True)
    pipeline.upload("images/too-late.vmdk")
    request = pipeline.running("images/too-late.vmdk")
    pipeline.dynamodb.update_item(
        TableName=pipeline.table,
        Key={"Id": {"S": request["Id"]}},
        UpdateExpression="SET DeadlineAt = :past",
        ExpressionAttributeValues={":past": {"S": "2020-01-01T00:00:00.000Z"}},
    )

    result = pipeline.ended("images/too-late.vmdk")

    assert (result["Status"], result["Error"]["Code"]) == ("TimedOut", "DeadlineExceeded"), result
    assert [task["Status"] for task in pipeline.tasks_of(request["Id"])] == ["deleted"]
    assert pipeline.execution(result)["error"] == "DeadlineExceeded"


def test_a_redriven_execution_starts_a_new_attempt(pipeline: Pipeline):
    key = "images/redriven.vmdk"
    pipeline.inject("ImportImage", StatusMessage="ServerError: Please try again.", Phase="validating")
    pipeline.upload(key)
    first = pipeline.ended(key)
    assert first["Status"] == "Failed", first
    pipeline.execution(first)

    pipeline.states.redrive_execution(executionArn=first["ExecutionArn"])
    second = eventually(
        lambda: found if (found := pipeline.result(key) or {}).get("Status") == "Succeeded" else None,
        "the second attempt",
    )

    assert (second["RequestId"], second["Attempt"]) == (first["RequestId"], 2)
    assert second["ExecutionArn"] != first["ExecutionArn"]
    assert sorted(task["Status"] for task in pipeline.tasks_of(first["RequestId"])) == [
        "completed",
        "deleted",
    ]
