"""Many at once."""

import pytest

from benchmarks.deployed import tasks_last
from tests.local.pipeline.harness import Pipeline, eventually


@pytest.fixture
def short_tasks():
    """Tasks of six minutes: what is tested is how many run at once, not how often each is looked at."""
    with tasks_last(360):
        yield


def test_forty_images_at_once_end_right_under_faults_and_never_more_than_five_run(
    pipeline: Pipeline, short_tasks: None
):
    keys = [f"images/fleet/{number}.vmdk" for number in range(40)]
    for operation in ("ImportImage", "DescribeImportImageTasks", "CreateTags"):
        pipeline.inject(
            operation,
            times=10_000,
            Probability=0.1,
            Role="Vmie",
            Error={"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503},
        )
    most = 0
    for key in keys:
        pipeline.upload(key)

    def all_ended() -> bool:
        nonlocal most
        most = max(most, sum(task["Status"] == "active" for task in pipeline.tasks()))
        ended = [item for item in pipeline.requests() if item["Key"] in keys and "OpenState" not in item]
        return len(ended) == len(keys)

    eventually(all_ended, "forty ends", seconds=600, every=0.5)
    results = [pipeline.result(key) for key in keys]
    assert {result["Status"] for result in results} == {"Succeeded"}
    assert len({result["ImageId"] for result in results}) == 40
    assert 0 < most <= 5
