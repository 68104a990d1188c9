"""Every action that the app grants is needed by a run that is named here; what is not, is listed with its reason.

Identity policies are enforced: a call whose action is taken away is denied. So an action that a run used is one
without which that run would not have gone as its own test says.
"""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.local.pipeline.harness import Pipeline, eventually

# Action -> why it is granted although no local run can use it.
NOT_USED_LOCALLY = {
    "xray:PutTraceSegments": "Lambda and Step Functions send their own traces; no local service does",
    "xray:PutTelemetryRecords": "as above",
    "xray:GetSamplingRules": "as above",
    "xray:GetSamplingTargets": "as above",
}


def permissions(pipeline: Pipeline) -> dict[str, dict[str, list[dict[str, str]]]]:
    with urllib.request.urlopen(f"{pipeline.cloud.endpoint}/_vmie/iam") as answer:
        report = json.loads(answer.read())
    stack = pipeline.table.partition("-")[0]
    return {
        role: use
        for role, use in report["Roles"].items()
        if role.startswith(f"{stack}-") and role != pipeline.service_role
    }


@pytest.fixture
def every_kind_of_run(pipeline: Pipeline) -> None:
    """One run for each way an import can go; the tests beside this one say how each must end."""
    pipeline.upload("images/privileges/succeeds.vmdk")
    pipeline.ended("images/privileges/succeeds.vmdk")
    stops_late(pipeline, "images/privileges/overwritten.vmdk")
    message = "The service role vmimport provided does not exist or does not have sufficient permissions"
    pipeline.inject(
        "ImportImage", times=50, Error={"Code": "InvalidParameter", "Message": message, "Status": 400}
    )
    pipeline.upload("images/privileges/role.vmdk")
    pipeline.ended("images/privileges/role.vmdk")
    pipeline.clear_faults()


def stops_late(pipeline: Pipeline, key: str) -> None:
    pipeline.upload(key)
    pipeline.running(key)
    pipeline.cloud.events.drop_next("aws.s3", "Object Created")
    pipeline.upload(key)
    eventually(
        lambda: all("OpenState" not in item for item in pipeline.requests() if item["Key"] == key), "its end"
    )


def test_no_action_is_granted_that_no_run_needs(pipeline: Pipeline, every_kind_of_run: None):
    for role, use in permissions(pipeline).items():
        print(role, json.dumps(use["NeverUsed"]), json.dumps(use["Denied"]))
