"""Every action that the app grants is needed by a run that is named here.

Identity policies are enforced: a call whose action is taken away is denied. So an action that a run has used
is one without which that run does not go as the test of its own says; what no run has used is not granted, or
listed with its reason in `privileges.py`. The drain's role has its turn in `test_destroy.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.local.pipeline.disks import boot_disk, data_disk, upload_disks
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.privileges import denied_calls, granted_actions, unused_actions


def succeeds(pipeline: Pipeline) -> None:
    pipeline.upload("images/privileges/succeeds.vmdk")
    pipeline.ended("images/privileges/succeeds.vmdk")


def is_rejected_at_the_door(pipeline: Pipeline) -> None:
    pipeline.upload("images/privileges/rejected.txt", b"text")
    pipeline.ended("images/privileges/rejected.txt")


def stalls_and_is_cancelled(pipeline: Pipeline) -> None:
    pipeline.inject("ImportImage", Stall=True, Phase="converting")
    pipeline.upload("images/privileges/stalls.vmdk")
    pipeline.ended("images/privileges/stalls.vmdk")


def is_overwritten_unseen(pipeline: Pipeline) -> None:
    key = "images/privileges/overwritten.vmdk"
    pipeline.upload(key)
    pipeline.running(key)
    pipeline.cloud.events.drop_next("aws.s3", "Object Created")
    pipeline.upload(key)
    eventually(
        lambda: all("OpenState" not in item for item in pipeline.requests() if item.get("Key") == key),
        "its end",
    )


def is_deleted_while_it_runs(pipeline: Pipeline) -> None:
    key = "images/privileges/deleted.vmdk"
    pipeline.inject("ImportImage", Stall=True, Phase="converting")
    pipeline.upload(key)
    # Deleted any sooner, the task could not read its source and would end by itself.
    eventually(lambda: (pipeline.result(key) or {}).get("Phase") == "converting", "the phase converting")
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    pipeline.ended(key)


def is_stopped_unseen(pipeline: Pipeline) -> None:
    with pipeline.without_rounds():
        pipeline.upload("images/privileges/stopped.vmdk")
        pipeline.stop_unseen("images/privileges/stopped.vmdk")
    pipeline.ended("images/privileges/stopped.vmdk")


def finds_its_source_gone(pipeline: Pipeline) -> None:
    for step, call in (
        ("ValidateRequest", "HeadObject"),
        ("InspectImage", "GetObject"),
        ("StartTask", "HeadObject"),
        ("FinishRequest", "HeadObject"),
    ):
        key = f"images/privileges/gone-before-{step}.vmdk"
        pipeline.inject(call, service="s3", Role=step, Delay=500)
        pipeline.upload(key)
        eventually(pipeline.no_fault_is_pending, f"the call of {step}")
        pipeline.cloud.events.drop_next("aws.s3", "Object Deleted")
        pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
        pipeline.ended(key)


def is_refused_for_its_role(pipeline: Pipeline) -> None:
    message = "The service role vmimport provided does not exist or does not have sufficient permissions"
    error = {"Code": "InvalidParameter", "Message": message, "Status": 400}
    pipeline.inject("ImportImage", times=50, Error=error)
    pipeline.upload("images/privileges/role.vmdk")
    pipeline.ended("images/privileges/role.vmdk")
    pipeline.clear_faults()


def become_what_request_files_ask_for(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    named = {"DiskContainers": [boot_disk()], "Vmie": {"Name": "privileged"}}
    unmodified = {"DiskContainers": [boot_disk()], "Vmie": {"Method": "snapshot"}}
    keys = [
        pipeline.ask("privileges/named", named),
        pipeline.ask("privileges/unmodified", unmodified),
        pipeline.ask("privileges/fleet", {"Requests": [{"DiskContainer": data_disk()}]}),
    ]
    for key in keys:
        assert pipeline.ended(key)["Status"] == "Succeeded"


def is_started_by_somebody(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    for document in ({"DiskContainer": data_disk()}, {"DiskContainers": []}):
        execution = pipeline.start(document)
        eventually(
            lambda execution=execution: (
                pipeline.states.describe_execution(executionArn=execution)["status"] != "RUNNING"
            ),
            "the end of the execution",
        )


def fails_after_its_snapshot_was_imported(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    error = {"Code": "InvalidBlockDeviceMapping", "Message": "No root snapshot.", "Status": 400}
    pipeline.inject("RegisterImage", Error=error)
    key = pipeline.ask(
        "privileges/unregistered", {"DiskContainer": boot_disk(), "Vmie": {"Name": "unregistered"}}
    )
    assert pipeline.ended(key)["Status"] == "Failed"


def stalls_as_a_snapshot(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.inject("ImportSnapshot", Stall=True)
    key = pipeline.ask("privileges/stalls", {"DiskContainer": data_disk()})
    assert pipeline.ended(key)["Status"] == "Failed"


def is_stopped_unseen_as_a_snapshot(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.inject("ImportSnapshot", Stall=True)
    key = pipeline.ask("privileges/deleted", {"DiskContainer": data_disk()})
    pipeline.running(key)
    with pipeline.without_rounds():
        pipeline.states.stop_execution(executionArn=pipeline.request_of(key)["ExecutionArn"])
    pipeline.ended(key)


def finds_its_request_file_gone(pipeline: Pipeline) -> None:
    pipeline.inject("GetObject", service="s3", Role="IntakeFunction", Delay=500)
    pipeline.cloud.events.drop_next("aws.s3", "Object Deleted")
    key = pipeline.ask("privileges/gone", {"DiskContainer": data_disk()})
    eventually(pipeline.no_fault_is_pending, "the call of the intake")
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    missing = {"service": "s3", "operation": "GetObject", "ErrorCode": "NoSuchKey"}
    eventually(lambda: pipeline.calls(**missing), "a file that is gone")


def is_found_again_with_other_defaults(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    error = {"Code": "IdempotentParameterMismatch", "Message": "The parameters differ.", "Status": 400}
    documents = {
        "ImportImage": {"DiskContainers": [boot_disk()]},
        "ImportSnapshot": {"DiskContainer": data_disk()},
    }
    for operation, document in documents.items():
        pipeline.cloud.functions.kill_when("StartTask", "ec2", operation)
        pipeline.inject(operation, After=1, Error=error)
        result = pipeline.ended(pipeline.ask(f"privileges/again-{operation}", document))
        assert result["Status"] == "Succeeded", result
        assert len(pipeline.tasks_of(result["RequestId"])) == 1


def ends_while_its_task_is_started(pipeline: Pipeline) -> None:
    """The call is under way when the execution is stopped: nothing is found yet that could be cancelled."""
    key = "images/privileges/late.vmdk"
    pipeline.inject("ImportImage", Role="StartTask", Delay=3000)
    pipeline.upload(key)
    eventually(pipeline.no_fault_is_pending, "the call of StartTask")
    request = next(item for item in pipeline.requests() if item.get("Key") == key)
    pipeline.states.stop_execution(executionArn=request["ExecutionArn"])
    pipeline.ended(key)
    with pipeline.without_rounds():
        eventually(
            lambda: [task["Status"] for task in pipeline.tasks_of(request["Id"])] == ["deleted"],
            "a task that is cancelled as soon as it has begun",
        )


RUNS: list[Callable[[Pipeline], None]] = [
    succeeds,
    become_what_request_files_ask_for,
    is_started_by_somebody,
    fails_after_its_snapshot_was_imported,
    stalls_as_a_snapshot,
    is_stopped_unseen_as_a_snapshot,
    finds_its_request_file_gone,
    is_found_again_with_other_defaults,
    is_rejected_at_the_door,
    stalls_and_is_cancelled,
    is_overwritten_unseen,
    is_deleted_while_it_runs,
    is_stopped_unseen,
    finds_its_source_gone,
    is_refused_for_its_role,
    ends_while_its_task_is_started,
]


@pytest.fixture
def every_kind_of_run(pipeline: Pipeline) -> None:
    for run in RUNS:
        run(pipeline)


def test_no_action_is_granted_that_no_run_needs_and_no_call_was_denied(
    pipeline: Pipeline, every_kind_of_run: None
):
    granted = {
        role: each for role, each in granted_actions(pipeline, "VmieImport").items() if "Drain" not in role
    }

    assert unused_actions(pipeline, granted) == {}
    assert denied_calls(pipeline) == {}
