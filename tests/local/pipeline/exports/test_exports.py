"""Exports from the request to the file, in a deployed pipeline with IAM enforced."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.local import exported_files
from tests.local.pipeline.exports.exporting import ExportPipeline, of_image, of_instance
from tests.local.pipeline.harness import DEMO_DISK
from tests.local.vm_disks import GIB, needs_disk_tools

PAGE = Path(__file__).parents[4] / "docs/exports.md"
pytestmark = needs_disk_tools
THROTTLED = {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503}
REBOOT = {"AllowReboot": True}


def test_an_ami_becomes_a_file_that_its_result_tells_how_to_fetch(
    exports: ExportPipeline, image_id: str, tmp_path: Path
):
    result = exports.export("image", of_image(image_id))

    assert result["Status"] == "Succeeded", result
    (file,) = result["Exports"]
    key = f"exports/{result['ExportTaskId']}.vmdk"
    assert file["Uri"] == f"s3://{exports.bucket}/{key}"
    assert file["Size"] == exports.size_of(file["Uri"])
    assert result["NextSteps"][0].startswith(f"Fetch it: aws s3 cp {file['Uri']} ")
    assert exports.written(result["ExportTaskId"]) == [key]
    (task,) = exports.tasks_of(result["RequestId"])
    assert task["ExportImageTaskId"] == result["ExportTaskId"]
    imported = tmp_path / "imported.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", str(DEMO_DISK), str(imported)], check=True)
    written = exported_files.stored_file(exports.bucket, key, tmp_path)
    volume = exported_files.whole_volume(imported)
    assert exported_files.compare(volume, written, "VMDK") == "Images are identical."


def test_exports_of_one_ami_wait_for_each_other_and_other_exports_for_none(
    exports: ExportPipeline, image_id: str, instance_id: str
):
    fleet = [of_image(image_id, "VHD"), of_image(image_id, "RAW"), of_instance(instance_id, **REBOOT)]
    key = exports.ask("three", {"Requests": fleet})

    vhd, raw, appliance = (exports.ended_entry(key, number) for number in range(3))

    assert [each["Status"] for each in (vhd, raw, appliance)] == ["Succeeded"] * 3, (vhd, raw, appliance)
    assert raw["Exports"][0]["Size"] == GIB
    assert vhd["Exports"][0]["Uri"].endswith(".vhd")
    assert appliance["ExportTaskId"].startswith("export-i-")
    assert appliance["Exports"][0]["Uri"].endswith(f"exports/{appliance['ExportTaskId']}.ova")
    admissions = [item.get("Admission", 0) for item in exports.requests() if item.get("Key") == key]
    assert max(admissions) == 1, "they wait without a lease"


def test_the_state_machine_takes_a_request_for_its_input(exports: ExportPipeline, image_id: str):
    result = exports.started(of_image(image_id, S3ExportLocation={"S3Prefix": "exports/direct/"}))

    assert result["Status"] == "Succeeded", result
    assert result["Exports"][0]["Uri"].startswith(f"s3://{exports.bucket}/exports/direct/export-ami-")


def test_calls_that_fail_for_a_while_are_repeated_once_they_work(
    exports: ExportPipeline, image_id: str, instance_id: str
):
    for operation in (
        "ExportImage",
        "CreateInstanceExportTask",
        "DescribeExportImageTasks",
        "DescribeExportTasks",
        "DescribeImages",
        "DescribeInstances",
        "DescribeSnapshots",
        "DescribeVolumes",
    ):
        exports.inject(operation, times=6, Error=THROTTLED)
    for operation in ("HeadObject", "GetBucketLocation", "GetBucketEncryption", "DeleteObject"):
        exports.inject(operation, service="s3", times=6, Error={**THROTTLED, "Code": "SlowDown"})
    requests = [of_image(image_id), of_instance(instance_id, **REBOOT)]
    key = exports.ask("throttled", {"Requests": requests})

    for number in range(2):
        result = exports.ended_entry(key, number)
        assert result["Status"] == "Succeeded", result
        assert len(exports.tasks_of(result["RequestId"])) == 1


@pytest.mark.parametrize("operation", ["ExportImage", "CreateInstanceExportTask"])
def test_a_start_killed_after_its_call_does_not_start_twice(
    exports: ExportPipeline, image_id: str, instance_id: str, operation: str
):
    kill = exports.cloud.functions.kill_when("StartTask", "ec2", operation)
    request = of_image(image_id) if operation == "ExportImage" else of_instance(instance_id, **REBOOT)

    result = exports.export(f"killed-{operation}", request)

    assert len(kill.happened) == 1
    assert result["Status"] == "Succeeded", result
    assert len(exports.tasks_of(result["RequestId"])) == 1


def test_a_met_quota_queues_again(exports: ExportPipeline, image_id: str):
    error = {"Code": "ResourceCountLimitExceeded", "Message": "The limit is reached.", "Status": 400}
    exports.inject("ExportImage", times=2, Error=error)

    result = exports.export("quota", of_image(image_id))

    assert result["Status"] == "Succeeded", result
    assert exports.request_of("requests/quota.json")["Admission"] >= 3


@pytest.mark.parametrize("kind", ["image", "instance"])
def test_stopping_an_export_leaves_no_task_and_no_object(
    exports: ExportPipeline, image_id: str, instance_id: str, kind: str
):
    operation = {"image": "ExportImage", "instance": "CreateInstanceExportTask"}[kind]
    exports.inject(operation, Stall=True, Phase="converting")
    request = of_image(image_id) if kind == "image" else of_instance(instance_id, **REBOOT)
    key = exports.ask(f"stopped-{kind}", request)
    running = exports.running(key)
    exports.states.stop_execution(executionArn=running["ExecutionArn"], cause="not this one")

    result = exports.ended(key)

    assert result["Status"] == "Cancelled", result
    assert exports.written(result["ExportTaskId"]) == []
    assert [task["Status"] for task in exports.tasks_of(result["RequestId"])] == ["deleted"]


def test_an_export_that_was_finished_too_late_to_stop_is_taken_back(exports: ExportPipeline, image_id: str):
    with exports.without_rounds():
        key = exports.ask("too-late", of_image(image_id))
        request = exports.stop_unseen(key)
        assert f"exports/{request['TaskId']}.vmdk" in exports.written(request["TaskId"])

    result = exports.ended(key)

    assert result["Status"] == "Cancelled", result
    assert exports.written(result["ExportTaskId"]) == []


def test_a_request_deleted_while_it_runs_is_cancelled(exports: ExportPipeline, image_id: str):
    exports.inject("ExportImage", Stall=True, Phase="converting")
    key = exports.ask("deleted", of_image(image_id))
    exports.running(key)
    exports.s3.delete_object(Bucket=exports.bucket, Key=key)

    result = exports.ended(key)

    assert result["Status"] == "Cancelled", result
    assert exports.written(result["ExportTaskId"]) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"Stall": True, "Phase": "converting"}, "TaskStalled"),
        (
            {"StatusMessage": "ServerError: an internal error has occurred.", "Phase": "converting"},
            "ServerError",
        ),
    ],
)
def test_a_task_that_comes_to_nothing_ends_with_its_reason(
    exports: ExportPipeline, image_id: str, fault: dict[str, Any], code: str
):
    exports.inject("ExportImage", **fault)

    result = exports.export(f"ends-{code}", of_image(image_id))

    assert (result["Status"], result["Error"]["Code"]) == ("Failed", code), result
    assert exports.written(result["ExportTaskId"]) == []


def test_a_role_that_may_not_write_is_named(exports: ExportPipeline, image_id: str):
    message = "The service role vmimport provided does not exist or does not have sufficient permissions"
    exports.inject(
        "ExportImage", times=50, Error={"Code": "InvalidParameter", "Message": message, "Status": 400}
    )

    result = exports.export("role", of_image(image_id))

    assert result["Status"] == "Failed", result
    assert exports.service_role in result["Error"]["Cause"], result["Error"]


def test_a_dry_run_looks_and_starts_nothing(exports: ExportPipeline, image_id: str):
    result = exports.export("dry", {**of_image(image_id), "DryRun": True})

    assert result["Status"] == "Succeeded", result
    assert "ExportTaskId" not in result
    assert exports.tasks_of(result["RequestId"]) == []


def test_the_commands_of_the_page_export_and_fetch(exports: ExportPipeline, image_id: str, tmp_path: Path):
    ask, read, *_ = re.findall(r"```sh\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    shell = {**os.environ, **exports.cloud.environ(), "VMIE_EXPORT_BUCKET_NAME": exports.bucket}
    shell |= {
        "AMI": image_id,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }

    def run(command: str) -> str:
        return subprocess.run(
            ["bash", "-euc", command], cwd=tmp_path, env=shell, capture_output=True, text=True, check=True
        ).stdout

    run(ask)
    exports.ended("requests/web.json")
    result = json.loads(run(read))
    assert result["Status"] == "Succeeded", result
    fetch, compare, *_ = (step.partition(": ")[2] for step in result["NextSteps"])
    run(fetch)
    (file,) = result["Exports"]
    assert (tmp_path / f"{result['ExportTaskId']}.vmdk").stat().st_size == file["Size"]
    head = json.loads(run(compare[compare.index("aws s3api") :]))
    assert head["ContentLength"] == file["Size"]
