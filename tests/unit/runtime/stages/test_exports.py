"""An export from its validation to its end, in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fake_exports import AMI, INSTANCE, FakeExportEC2, FakeExportS3
from tests.unit.runtime.world import BUCKET, SOON, World
from vmie_runtime.errors import (
    RequestFailure,
    RequestRejected,
    TaskFailed,
    TaskQuotaExceeded,
    TaskStillEnding,
)
from vmie_runtime.export_objects import WRITE_PROBE
from vmie_runtime.made import Made
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.stages.plan import active_tasks
from vmie_runtime.steps import clean_up, finish_request, poll_task, start_task, validate_request

IMAGE = {"ImageId": AMI, "DiskImageFormat": "RAW"}
MACHINE = {
    "InstanceId": INSTANCE,
    "TargetEnvironment": "vmware",
    "ExportToS3Task": {"ContainerFormat": "ova", "DiskImageFormat": "VMDK"},
}
GIB = 2**30


@pytest.fixture
def exports(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An export workflow with an AMI and an instance of it."""
    world.configure(
        monkeypatch,
        VMIE_WORKFLOW_KIND="export",
        VMIE_ALLOWED=json.dumps({"Images": ["*"], "Instances": ["*"]}),
    )
    ec2 = FakeExportEC2()
    world.aws.ec2, world.aws.s3 = ec2, FakeExportS3()
    ec2.add_exportable()
    ec2.add_instance()
    return world


def asked(world: World, document: dict[str, Any], **changes: Any) -> Request:
    """A request whose execution runs."""
    return world.running("requests/a.json", document=document, **changes)


def started(world: World, context: Any, document: dict[str, Any], **changes: Any) -> Request:
    """A request whose task runs."""
    request = asked(world, document, **changes)
    validate_request.handler(world.step(request), context)
    start_task.handler(world.step(request), context)
    return world.find(request)


def completed(
    world: World, context: Any, document: dict[str, Any], key: str, size: int, **head: Any
) -> Request:
    """A request whose task has completed, and what that wrote."""
    request = started(world, context, document)
    ec2, s3 = parts(world)
    s3.write(key.format(request.task_id), size, **head)
    s3.write(WRITE_PROBE, 0)
    ec2.end_export(str(request.task_id))
    assert poll_task.handler(world.step(request), context) == {"Next": "finish"}
    return world.find(request)


def parts(world: World) -> tuple[FakeExportEC2, FakeExportS3]:
    """The fakes, by their types."""
    ec2, s3 = world.aws.ec2, world.aws.s3
    assert isinstance(ec2, FakeExportEC2)
    assert isinstance(s3, FakeExportS3)
    return ec2, s3


def outcome(world: World, context: Any, request: Request) -> dict[str, Any]:
    """The outcome of a request whose task has completed."""
    finish_request.handler(world.step(request), context)
    found = world.find(request).outcome
    assert found is not None
    return found


def failure(handler: Any, world: World, context: Any, request: Request) -> dict[str, Any]:
    """What a step raises."""
    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)
    found: dict[str, Any] = json.loads(str(error.value))
    return found


def test_an_image_is_exported_with_the_stacks_bucket_role_token_and_tags(exports: World, context):
    request = started(exports, context, {**IMAGE, "Vmie": {"Tags": {"team": "web"}}, "ClientToken": "mine"})

    (call,) = exports.aws.ec2.called("ExportImage")
    assert call["S3ExportLocation"] == {"S3Bucket": BUCKET, "S3Prefix": "exports/"}
    assert (call["RoleName"], call["ClientToken"]) == ("vm-import", f"vmie-{request.id}-1")
    (tags,) = call["TagSpecifications"]
    assert tags["ResourceType"] == "export-image-task"
    named = {tag["Key"]: tag["Value"] for tag in tags["Tags"]}
    assert named["team"] == "web"
    assert named["vmie:request-id"] == request.id
    assert request.export_task_id == request.task_id
    assert request.import_task_id is None


def test_an_instance_is_exported_with_tags_by_which_it_is_found_again(exports: World, context):
    request = started(exports, context, MACHINE)
    exports.table.update(request.id, {"task_id": None, "export_task_id": None})

    start_task.handler(exports.step(request), context)

    (call,) = exports.aws.ec2.called("CreateInstanceExportTask")
    assert call["ExportToS3Task"]["S3Prefix"] == "exports/"
    assert call["TagSpecifications"][0]["ResourceType"] == "export-instance-task"
    assert exports.find(request).export_task_id == request.export_task_id


def test_an_ami_that_an_import_of_the_same_table_is_about_to_replace_is_refused(exports: World, context):
    importing = exports.running(
        "requests/import.json",
        document={
            "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}],
            "Vmie": {"Name": "web-server"},
        },
    )
    ec2, _ = parts(exports)
    ec2.add_task("import-ami-1", tags={"vmie:request-id": importing.id}, ImageId=AMI)
    ec2.images[AMI]["Name"] = "import-ami-1"
    request = asked(exports, IMAGE)

    with pytest.raises(RequestRejected, match="InterimImage"):
        validate_request.handler(exports.step(request), context)


def test_a_place_below_exports_is_kept(exports: World, context):
    started(exports, context, {**IMAGE, "S3ExportLocation": {"S3Prefix": "exports/a b?/"}})

    (call,) = exports.aws.ec2.called("ExportImage")
    assert call["S3ExportLocation"] == {"S3Bucket": BUCKET, "S3Prefix": "exports/a b?/"}


def test_an_image_that_is_being_exported_waits_for_its_turn(exports: World, context):
    ec2, _ = parts(exports)
    foreign = ec2.export_image(
        ImageId=AMI,
        DiskImageFormat="VHD",
        S3ExportLocation={"S3Bucket": "elsewhere"},
        ClientToken="somebody",
        TagSpecifications=[{"ResourceType": "export-image-task", "Tags": []}],
    )["ExportImageTaskId"]
    request = asked(exports, IMAGE)
    validate_request.handler(exports.step(request), context)

    with pytest.raises(TaskQuotaExceeded, match=foreign):
        start_task.handler(exports.step(request), context)

    ec2.end_export(foreign)
    start_task.handler(exports.step(request), context)
    assert exports.find(request).task_id != foreign


def test_a_start_that_was_not_written_down_finds_its_own_task(exports: World, context):
    request = started(exports, context, IMAGE)
    exports.table.update(request.id, {"task_id": None})

    start_task.handler(exports.step(request), context)

    assert exports.find(request).task_id == request.task_id
    assert len(exports.aws.ec2.called("ExportImage")) == 1


def test_a_quota_that_is_met_queues_again(exports: World, context):
    request = asked(exports, MACHINE)
    validate_request.handler(exports.step(request), context)
    exports.aws.ec2.refusals.add(
        "CreateInstanceExportTask", refusal("ResourceLimitExceeded", "CreateInstanceExportTask")
    )

    with pytest.raises(TaskQuotaExceeded):
        start_task.handler(exports.step(request), context)


def test_the_result_of_an_image_names_the_file_and_how_to_fetch_it(exports: World, context):
    request = completed(
        exports,
        context,
        IMAGE,
        "exports/{}.raw",
        8 * GIB,
        ChecksumCRC64NVME="AAAA",
        ChecksumType="FULL_OBJECT",
    )

    found = outcome(exports, context, request)

    uri = f"s3://{BUCKET}/exports/{request.export_task_id}.raw"
    assert found["Status"] == "Succeeded"
    assert found["Exports"] == [{"Uri": uri, "Size": 8 * GIB, "Checksum": "CRC64NVME:AAAA"}]
    assert found["NextSteps"][0] == f"Fetch it: aws s3 cp {uri} . --region us-east-1"
    assert not any("Signature" in step for step in found["NextSteps"])
    assert WRITE_PROBE not in exports.aws.s3.heads


def test_the_result_of_an_instance_names_the_appliance(exports: World, context):
    request = completed(exports, context, MACHINE, "exports/{}.ova", 4711)

    (file,) = outcome(exports, context, request)["Exports"]

    assert file["Uri"].endswith(f"/exports/{request.export_task_id}.ova")
    assert file["Checksum"] == "ETag:e1-2"


@pytest.mark.parametrize(
    ("key", "size", "code"),
    [
        ("exports/elsewhere.raw", 8 * GIB, "ExportedFileMissing"),
        ("exports/{}.raw", 8 * GIB - 1, "ExportedFileTruncated"),
        ("exports/{}.raw", 0, "ExportedFileTruncated"),
    ],
)
def test_a_completed_task_without_the_whole_file_is_no_success(exports: World, context, key, size, code):
    request = completed(exports, context, IMAGE, key, size)

    assert failure(finish_request.handler, exports, context, request)["Code"] == code
    assert exports.find(request).outcome is None


@pytest.mark.parametrize(
    ("document", "suffix", "floor"),
    [
        ({**IMAGE, "DiskImageFormat": "VMDK"}, "vmdk", 2_048),
        ({**IMAGE, "DiskImageFormat": "VHD"}, "vhd", 18_432),
        (MACHINE, "ova", 4_608),
    ],
    ids=["vmdk", "vhd", "ova"],
)
def test_a_file_that_is_too_small_for_its_format_is_no_success(
    exports: World, context, document, suffix, floor
):
    request = completed(exports, context, document, f"exports/{{}}.{suffix}", floor - 1)
    raised = failure(finish_request.handler, exports, context, request)
    _, s3 = parts(exports)
    s3.write(f"exports/{request.export_task_id}.{suffix}", floor)

    assert raised["Code"] == "ExportedFileTruncated"
    assert f"at least {floor:,}" in raised["Message"]
    assert outcome(exports, context, request)["Exports"][0]["Size"] == floor


def test_a_sparse_format_may_be_smaller_than_its_volume(exports: World, context):
    request = completed(exports, context, {**IMAGE, "DiskImageFormat": "VMDK"}, "exports/{}.vmdk", 70_000)

    assert outcome(exports, context, request)["Exports"][0]["Size"] == 70_000


@pytest.mark.parametrize("document", [IMAGE, MACHINE], ids=["image", "instance"])
def test_cleaning_up_cancels_the_task_and_removes_what_it_wrote(exports: World, context, document):
    request = started(exports, context, document)
    _, s3 = parts(exports)
    suffix = "raw" if document is IMAGE else "ova"
    s3.write(f"exports/{request.task_id}.{suffix}", 5)
    s3.write("exports/somebody-elses.raw", 5)
    s3.write(WRITE_PROBE, 0)

    clean_up.handler(exports.step(request, Outcome=failed()), context)

    assert exports.aws.ec2.called("CancelExportTask") == [{"ExportTaskId": request.task_id}]
    assert [key for key in s3.heads if key.startswith(("exports/", "vmimport"))] == [
        "exports/somebody-elses.raw"
    ]


def test_a_task_that_sends_its_last_bytes_is_waited_for_and_its_file_removed(exports: World, context):
    request = started(exports, context, IMAGE)
    ec2, s3 = parts(exports)
    ec2.refuses_to_cancel = True
    with pytest.raises(TaskStillEnding):
        clean_up.handler(exports.step(request, Outcome=failed()), context)
    s3.write(f"exports/{request.task_id}.raw", 5)
    ec2.end_export(str(request.task_id))

    clean_up.handler(exports.step(request, Outcome=failed()), context)

    assert s3.deleted == [f"exports/{request.task_id}.raw", WRITE_PROBE]


def test_a_file_whose_check_failed_is_removed(exports: World, context):
    request = completed(exports, context, IMAGE, "exports/{}.raw", 5)

    clean_up.handler(exports.step(request, Outcome=failed()), context)

    assert f"exports/{request.export_task_id}.raw" not in exports.aws.s3.heads
    assert exports.aws.ec2.called("CancelExportTask") == []


@pytest.mark.parametrize("document", [IMAGE, MACHINE], ids=["image", "instance"])
def test_a_task_that_ec2_gave_up_fails_with_its_message(exports: World, context, document):
    request = started(exports, context, document)
    ec2, _ = parts(exports)
    state = "deleted" if document is IMAGE else "cancelled"
    ec2.end_export(str(request.task_id), state, StatusMessage="ClientError: No.")

    with pytest.raises(TaskFailed, match="No"):
        poll_task.handler(exports.step(request), context)


def test_only_a_task_that_shows_its_progress_can_stall(exports: World, context):
    image, hours_later = started(exports, context, IMAGE), "2026-11-20T12:50:00.000Z"
    poll_task.handler(exports.step(image), context)
    with pytest.raises(RequestFailure, match="TaskStalled"):
        poll_task.handler(exports.step(image, now=hours_later), context)

    instance = exports.running("requests/b.json", document=MACHINE)
    validate_request.handler(exports.step(instance), context)
    start_task.handler(exports.step(instance), context)
    poll_task.handler(exports.step(instance), context)
    assert poll_task.handler(exports.step(instance, now=hours_later), context)["Next"] == "wait"
    with pytest.raises(RequestFailure, match="DeadlineExceeded"):
        poll_task.handler(exports.step(instance, now="2026-11-20T14:00:00.000Z"), context)


def test_a_task_that_ec2_has_forgotten_is_lost(exports: World, context):
    request = started(exports, context, IMAGE)
    del parts(exports)[0].exports[str(request.task_id)]

    assert poll_task.handler(exports.step(request), context)["Next"] == "wait"
    with pytest.raises(RequestFailure, match="TaskLost"):
        poll_task.handler(exports.step(request, now="2026-11-20T12:20:00.000Z"), context)


def test_a_dry_run_starts_nothing_and_succeeds(exports: World, context):
    request = asked(exports, {**IMAGE, "DryRun": True})
    validate_request.handler(exports.step(request), context)
    start_task.handler(exports.step(request), context)
    assert poll_task.handler(exports.step(request), context) == {"Next": "finish"}

    assert outcome(exports, context, request)["Status"] == "Succeeded"
    assert exports.aws.ec2.calls == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({**IMAGE, "ImageId": "ami-0bbbbbbb"}, "ImageNotAllowed"),
        ({**MACHINE, "InstanceId": "i-0bbbbbbb"}, "InstanceNotAllowed"),
        ({**IMAGE, "RoleName": "admin"}, "RoleNotAllowed"),
        ({**IMAGE, "S3ExportLocation": {"S3Bucket": "elsewhere"}}, "ExportBucketNotAllowed"),
    ],
)
def test_what_the_owner_did_not_allow_is_refused(exports: World, context, monkeypatch, document, code):
    exports.configure(monkeypatch, VMIE_ALLOWED=json.dumps({"Images": [AMI], "Instances": [INSTANCE]}))

    refused = failure(validate_request.handler, exports, context, asked(exports, document))

    assert (refused["Code"], refused["Status"]) == (code, "Rejected")


def test_an_image_that_cannot_be_exported_is_refused_before_anything_starts(exports: World, context):
    parts(exports)[0].add_exportable(snapshot={"Encrypted": True})

    refused = failure(validate_request.handler, exports, context, asked(exports, IMAGE))

    assert (refused["Code"], refused["Status"]) == ("EncryptedImageNotExportable", "Rejected")


def test_a_task_that_runs_is_not_stopped_by_what_is_found_now(exports: World, context):
    """A redriven execution validates again, and the AMI may have gone meanwhile: the task goes on."""
    request = started(exports, context, IMAGE)
    parts(exports)[0].images.clear()

    validate_request.handler(exports.step(request), context)

    assert exports.find(request).volume_size == 8


def test_tasks_without_a_watcher_are_found_and_cancelled(exports: World, context):
    request = started(exports, context, IMAGE)
    assert exports.reconciler.cancel_orphans() == 0
    exports.table.update(request.id, {"open_state": OpenState.ENDING, "outcome": failed()})
    ended = exports.find(request)
    assert exports.table.conclude(ended, status=ended.status, now=SOON)

    assert exports.reconciler.cancel_orphans() == 1
    assert list(active_tasks("export", exports.aws.client("ec2"))) == []


def conclude(world: World, request: Request, status: Status) -> None:
    world.table.update(request.id, {"outcome": {**failed(), "Status": status.value}})
    assert world.table.conclude(world.find(request), status=status, now=SOON)


@pytest.mark.parametrize("document", [IMAGE, MACHINE], ids=["image", "instance"])
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.SUCCEEDED])
def test_what_an_export_wrote_after_its_request_had_ended_badly_is_removed(
    exports: World, context, document, status
):
    request = started(exports, context, document)
    _, s3 = parts(exports)
    key = f"exports/{request.task_id}.{'raw' if document is IMAGE else 'ova'}"
    made = Made(exports=(f"s3://{BUCKET}/{key}",)) if status is Status.SUCCEEDED else Made()
    exports.table.update(request.id, {"made": made, "stage": 1, "task_id": None})
    conclude(exports, request, status)
    parts(exports)[0].end_export(str(request.task_id))
    s3.write(key, 5)
    s3.write(WRITE_PROBE, 0)

    swept = exports.reconciler.cancel_orphans()

    assert (key in s3.heads, swept) == ((True, 0) if status is Status.SUCCEEDED else (False, 1))
    assert (WRITE_PROBE in s3.heads) is (status is Status.SUCCEEDED)
    s3.deleted.clear()
    assert exports.reconciler.cancel_orphans() == 0
    assert s3.deleted == [], "A round that finds nothing leaves no delete markers"


@pytest.mark.parametrize("ended", [False, True])
def test_the_twin_of_an_export_goes_and_the_request_goes_on(exports: World, context, ended: bool):
    request = started(exports, context, MACHINE)
    ec2, s3 = parts(exports)
    (parameters,) = ec2.called("CreateInstanceExportTask")
    twin = ec2.create_instance_export_task(**parameters)["ExportTask"]["ExportTaskId"]
    if ended:
        ec2.end_export(twin)
        s3.write(f"exports/{twin}.ova", 5)

    exports.reconciler.cancel_orphans()

    assert ec2.exports[str(request.task_id)]["State"] == "active"
    assert [each["ExportTaskId"] for each in ec2.called("CancelExportTask")] == ([] if ended else [twin])
    assert f"exports/{twin}.ova" not in s3.heads


def test_a_file_that_may_not_be_removed_keeps_no_sweep_from_its_end(exports: World, context):
    request = started(exports, context, IMAGE)
    conclude(exports, request, Status.CANCELLED)
    ec2, s3 = parts(exports)
    ec2.end_export(str(request.task_id))
    s3.write(f"exports/{request.task_id}.raw", 5)
    s3.refusals.add("DeleteObject", refusal("AccessDenied", "DeleteObject", status=403))

    assert exports.reconciler.cancel_orphans() == 0


@pytest.mark.parametrize("document", [IMAGE, MACHINE], ids=["image", "instance"])
def test_an_export_whose_request_ended_while_it_was_started_is_cancelled_at_once(
    exports: World, context, monkeypatch, document
):
    request = asked(exports, document)
    validate_request.handler(exports.step(request), context)
    ec2, _ = parts(exports)
    call = "export_image" if document is IMAGE else "create_instance_export_task"
    start = getattr(ec2, call)

    def starting(**parameters: Any) -> Any:
        conclude(exports, request, Status.CANCELLED)
        return start(**parameters)

    monkeypatch.setattr(ec2, call, starting)

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        start_task.handler(exports.step(request), context)

    (task_id,) = ec2.exports
    assert ec2.called("CancelExportTask") == [{"ExportTaskId": task_id}]


def failed() -> dict[str, Any]:
    """How a request ends that somebody stopped."""
    return {"Status": "Cancelled", "Error": {"Code": "ExecutionStopped", "Message": "Stopped."}}
