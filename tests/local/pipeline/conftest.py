"""One deployment of `app.py` for every test of this folder; each test must leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.deployed import tasks_last
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.leavings import leavings
from vmie_local import LocalAws
from vmie_local.deployment import CdkCli

ROOT = Path(__file__).parents[3]
SHARED_BUCKET, ZONE = "shared-disks", "us-east-1a"


@pytest.fixture(scope="session")
def default_stack(cloud: LocalAws) -> Iterator[Pipeline]:
    """The app as it is; its rounds stand still, or other modules' tests would wait for them."""
    cli = CdkCli(cloud, ROOT)
    stack = Pipeline(cloud, cli.deploy(context={"vmie:stallTimeoutMinutes": "60"})["VmImportExport"])
    stack.slow_down_rounds()
    with stack.without_rounds():
        yield stack


@pytest.fixture(scope="module")
def deployed(default_stack: Pipeline) -> Iterator[Pipeline]:
    """The app at work."""
    with default_stack.with_rounds():
        yield default_stack


@pytest.fixture(scope="session")
def keys(cloud: LocalAws) -> dict[str, str]:
    """KMS keys that the stack's owner allows, by what they are."""
    kms, abroad = cloud.client("kms"), cloud.client("kms", region="eu-west-1")
    found = {name: kms.create_key()["KeyMetadata"]["Arn"] for name in ("usable", "disabled", "pending")}
    # moto takes ids here, and no ARNs.
    kms.disable_key(KeyId=found["disabled"].rpartition("/")[2])
    kms.schedule_key_deletion(KeyId=found["pending"].rpartition("/")[2], PendingWindowInDays=7)
    found["abroad"] = abroad.create_key()["KeyMetadata"]["Arn"]
    found["missing"] = f"{found['usable'].rpartition('/')[0]}/00000000-0000-0000-0000-000000000000"
    return found


@pytest.fixture(scope="session")
def generous_stack(cloud: LocalAws, keys: dict[str, str]) -> Iterator[Pipeline]:
    """A second stack, whose owner allows requests to name nearly everything; its rounds stand still."""
    cloud.client("s3").create_bucket(Bucket=SHARED_BUCKET)
    cli = CdkCli(cloud, ROOT)
    context = {
        "vmie:stackName": "Generous",
        "vmie:stallTimeoutMinutes": "60",
        "vmie:allowedSourceBucketNames": SHARED_BUCKET,
        "vmie:allowedSnapshots": "*",
        "vmie:allowedAvailabilityZones": ZONE,
        "vmie:allowedInstances": "*",
        "vmie:allowedImages": "*",
        "vmie:allowedImportTasks": "*",
        "vmie:allowedKmsKeyArns": ",".join(keys.values()),
    }
    stack = Pipeline(cloud, cli.deploy(context=context)["Generous"])
    stack.slow_down_rounds()
    with stack.without_rounds():
        yield stack


@pytest.fixture
def generous(generous_stack: Pipeline) -> Iterator[Pipeline]:
    """The second stack at work."""
    with generous_stack.with_rounds():
        yield generous_stack
        generous_stack.clear_faults()
        try:
            eventually(generous_stack.settled, "nothing running, waiting or held")
        except AssertionError:
            pytest.fail(f"The test left something behind: {leavings(generous_stack)}")


@pytest.fixture
def pipeline(deployed: Pipeline) -> Iterator[Pipeline]:
    yield deployed
    deployed.clear_faults()
    try:
        eventually(deployed.settled, "nothing running, waiting or held")
    except AssertionError:
        pytest.fail(f"The test left something behind: {leavings(deployed)}")


@pytest.fixture(scope="module")
def short_tasks() -> Iterator[None]:
    """Tasks of three minutes: what is tested is what becomes of requests, not how often each is looked at."""
    with tasks_last(180):
        yield
