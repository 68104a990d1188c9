"""Every action that the app grants for exports is needed by a run that is named here.

As `test_least_privilege.py` has it for imports; the drain's role has its turn in `test_destroy.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.local.pipeline.exports.exporting import ExportPipeline, of_image, of_instance
from tests.local.pipeline.harness import eventually
from tests.local.pipeline.privileges import denied_calls, granted_actions, unused_actions
from tests.local.vm_disks import needs_disk_tools

pytestmark = needs_disk_tools
Run = Callable[[ExportPipeline, str, str], None]


def exports_an_image(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.export("privileges/image", of_image(image_id))


def exports_an_instance(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.export("privileges/instance", of_instance(instance_id, AllowReboot=True))


def is_started_directly(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.started(of_image(image_id))
    exports.started({"Nothing": "to export"})


def is_rejected_at_the_door(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.export("privileges/rejected", {"Nothing": "to export"})


def is_dropped_again_while_it_runs(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.inject("ExportImage", Stall=True, Phase="converting")
    key = exports.ask("privileges/again", of_image(image_id))
    running = exports.running(key)
    exports.ask("privileges/again", of_image(image_id, Description="newer"))
    eventually(
        lambda: exports.document(f"results/by-id/{running['Id']}.json")["Status"] != "Running", "its end"
    )
    exports.ended(key)


def stalls_and_is_cancelled(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.inject("ExportImage", Stall=True, Phase="converting")
    exports.export("privileges/stalls", of_image(image_id))


def comes_to_nothing(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.inject("CreateInstanceExportTask", StatusMessage="ClientError: No.", Phase="converting")
    exports.export("privileges/nothing", of_instance(instance_id, AllowReboot=True))


def loses_its_file(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.inject("HeadObject", service="s3", Role="FinishRequest", Delay=2000)
    key = exports.ask("privileges/lost", of_image(image_id))
    task_id = exports.running(key)["TaskId"]
    eventually(exports.no_fault_is_pending, "the look at the file")
    exports.s3.delete_object(Bucket=exports.bucket, Key=f"exports/{task_id}.vmdk")
    exports.ended(key)


def vanishes_before_it_is_read(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.inject("GetObject", service="s3", Role="Intake", Delay=1000)
    key = exports.ask("privileges/vanished", of_image(image_id))
    eventually(exports.no_fault_is_pending, "the reading of the request")
    exports.s3.delete_object(Bucket=exports.bucket, Key=key)


def is_deleted_while_it_runs(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    exports.inject("ExportImage", Stall=True, Phase="converting")
    key = exports.ask("privileges/deleted", of_image(image_id))
    exports.running(key)
    exports.s3.delete_object(Bucket=exports.bucket, Key=key)
    exports.ended(key)


def fails_its_last_check(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    """What is there and cannot be made sure of is removed by the step that cleans up."""
    error = {"Code": "AccessDenied", "Message": "No.", "Status": 403}
    exports.inject("HeadObject", service="s3", Role="FinishRequest", times=30, Error=error)
    exports.export("privileges/unsure", of_image(image_id))
    exports.clear_faults()


def is_stopped_while_it_runs(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    for name, request in (
        ("image", of_image(image_id)),
        ("instance", of_instance(instance_id, AllowReboot=True)),
    ):
        exports.inject("ExportImage" if name == "image" else "CreateInstanceExportTask", Stall=True)
        key = exports.ask(f"privileges/stopped-{name}", request)
        running = exports.running(key)
        exports.states.stop_execution(executionArn=running["ExecutionArn"])
        exports.ended(key)


def is_stopped_unseen(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    with exports.without_rounds():
        key = exports.ask("privileges/unseen", of_image(image_id))
        exports.stop_unseen(key)
    with exports.with_rounds():
        exports.ended(key)


def is_refused_for_its_role(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    message = "The service role vmimport provided does not exist or does not have sufficient permissions"
    error = {"Code": "InvalidParameter", "Message": message, "Status": 400}
    exports.inject("ExportImage", times=50, Error=error)
    exports.export("privileges/role", of_image(image_id))
    exports.clear_faults()


def ends_while_its_task_is_started(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    """The call is under way when the execution is stopped: nothing is found yet that could be cancelled."""
    exports.inject("CreateInstanceExportTask", Role="StartTask", Delay=3000)
    key = exports.ask("privileges/late", of_instance(instance_id, AllowReboot=True))
    eventually(exports.no_fault_is_pending, "the call of StartTask")
    request = next(item for item in exports.requests() if item.get("Key") == key)
    exports.states.stop_execution(executionArn=request["ExecutionArn"])
    exports.ended(key)
    with exports.without_rounds():
        eventually(
            lambda: exports.calls(operation="CancelExportTask", principal="StartTask"),
            "a task that is cancelled as soon as it has begun",
        )


RUNS: list[Run] = [
    exports_an_image,
    exports_an_instance,
    is_started_directly,
    is_rejected_at_the_door,
    is_dropped_again_while_it_runs,
    stalls_and_is_cancelled,
    comes_to_nothing,
    loses_its_file,
    vanishes_before_it_is_read,
    is_deleted_while_it_runs,
    fails_its_last_check,
    is_stopped_while_it_runs,
    ends_while_its_task_is_started,
    is_stopped_unseen,
    is_refused_for_its_role,
]


@pytest.fixture
def every_kind_of_run(exports: ExportPipeline, image_id: str, instance_id: str) -> None:
    for run in RUNS:
        run(exports, image_id, instance_id)


def test_no_action_is_granted_that_no_export_needs_and_no_call_was_denied(
    exports: ExportPipeline, every_kind_of_run: None
):
    granted = {
        role: actions
        for role, actions in granted_actions(exports, "VmieExport").items()
        if "Drain" not in role
    }

    assert granted
    assert unused_actions(exports, granted) == {}
    denied = {role: calls for role, calls in denied_calls(exports).items() if "VmieExport" in role}
    assert denied == {}
