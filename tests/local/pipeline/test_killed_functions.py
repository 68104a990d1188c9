"""A function killed in mid-flight, at every step: the import goes on and nothing is done twice."""

import pytest

from tests.local.pipeline.harness import Pipeline

STEPS = [
    "ImportIntake",
    "ImportReconciler",
    "ValidateRequest",
    "InspectImage",
    "StartTask",
    "PollTask",
    "FinishRequest",
    "RecordResult",
]
FAILURE_STEPS = ["DiagnoseFailure", "CleanUp"]


@pytest.mark.parametrize("step", STEPS)
def test_a_function_killed_in_mid_flight_is_run_again(pipeline: Pipeline, step: str):
    key = f"images/killed-{step}.vmdk"
    kill = pipeline.cloud.functions.kill_next(step)
    pipeline.upload(key)

    result = pipeline.ended(key)

    assert len(kill.happened) == 1
    assert result["Status"] == "Succeeded", result
    assert len(pipeline.tasks_of(result["RequestId"])) == 1


def test_a_start_killed_after_its_call_does_not_start_twice(pipeline: Pipeline):
    kill = pipeline.cloud.functions.kill_when("StartTask", "ec2", "ImportImage")
    pipeline.upload("images/killed-after-start.vmdk")

    result = pipeline.ended("images/killed-after-start.vmdk")

    assert len(kill.happened) == 1
    assert result["Status"] == "Succeeded", result
    assert len(pipeline.tasks_of(result["RequestId"])) == 1


@pytest.mark.parametrize("step", FAILURE_STEPS)
def test_a_function_killed_on_the_way_of_a_failure_is_run_again(pipeline: Pipeline, step: str):
    key = f"images/fails-killed-{step}.vmdk"
    pipeline.inject("ImportImage", StatusMessage="ClientError: Footers not identical", Phase="validating")
    kill = pipeline.cloud.functions.kill_next(step)
    pipeline.upload(key)

    result = pipeline.ended(key)

    assert len(kill.happened) == 1
    assert result["Status"] == "Failed", result
    assert result["Error"]["Message"] == "ClientError: Footers not identical"
    assert len(pipeline.tasks_of(result["RequestId"])) == 1
