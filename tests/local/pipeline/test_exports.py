"""Exports from the request to the file, in a deployed pipeline with IAM enforced."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local import exported_files
from tests.local.pipeline.exporting import ExportPipeline
from tests.local.pipeline.harness import DEMO_DISK, Pipeline, eventually
from tests.local.pipeline.leavings import leavings
from tests.local.vm_disks import GIB, needs_disk_tools

PAGE = Path(__file__).parents[3] / "docs/exports.md"
pytestmark = needs_disk_tools
THROTTLED = {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503}
REBOOT = {"AllowReboot": True}


def of_image(image_id: str, disk_image_format: str = "VMDK", **more: Any) -> dict[str, Any]:
    """A request for an AMI."""
    return {"ImageId": image_id, "DiskImageFormat": disk_image_format, **more}


def of_instance(instance_id: str, **options: Any) -> dict[str, Any]:
    """A request for an instance, as an appliance."""
    return {
        "InstanceId": instance_id,
        "TargetEnvironment": "vmware",
        "ExportToS3Task": {"ContainerFormat": "ova", "DiskImageFormat": "VMDK"},
        "Vmie": options,
    }


@pytest.fixture(scope="module")
def image_id(generous_stack: Pipeline) -> str:
    with generous_stack.with_rounds():
        return ExportPipeline(generous_stack.cloud, generous_stack.outputs).import_image("exported")


@pytest.fixture(scope="module")
def instance_id(generous_stack: Pipeline, image_id: str) -> Iterator[str]:
    exports = ExportPipeline(generous_stack.cloud, generous_stack.outputs)
    launched = exports.launch(image_id)
    yield launched
    exports.ec2.terminate_instances(InstanceIds=[launched])


@pytest.fixture
def exports(generous: Pipeline, image_id: str) -> Iterator[ExportPipeline]:
    pipeline = ExportPipeline(generous.cloud, generous.outputs)
    yield pipeline
    pipeline.clear_faults()
    try:
        eventually(pipeline.settled, "nothing running, waiting or held")
    except AssertionError:
        pytest.fail(f"The test left something behind: {leavings(pipeline)}")


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
    admissions = [item["Admission"] for item in exports.requests() if item.get("Fleet")]
    assert max(admissions[-3:]) > 1


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
    ask, read = re.findall(r"```sh\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    shell = {**os.environ, **exports.cloud.environment, "VMIE_EXPORT_BUCKET_NAME": exports.bucket}
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


def test_what_cannot_be_exported_is_refused_and_nothing_started(exports: ExportPipeline, image_id: str):
    ec2 = exports.ec2
    (exported,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    snapshot_id = exported["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    encrypted = ec2.copy_image(
        Name="encrypted", SourceImageId=image_id, SourceRegion=exports.cloud.settings.region, Encrypted=True
    )["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[encrypted], WaiterConfig={"Delay": 1})
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot_id}}

    def registered(name: str, *mappings: dict[str, Any], **more: Any) -> str:
        machine = {
            "VirtualizationType": "hvm",
            "Architecture": "x86_64",
            "RootDeviceName": "/dev/sda1",
            **more,
        }
        return str(ec2.register_image(Name=name, BlockDeviceMappings=mappings, **machine)["ImageId"])

    two = registered("two disks", disk, {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": snapshot_id}})
    large = registered("large", {**disk, "Ebs": {"SnapshotId": snapshot_id, "VolumeSize": 1025}})
    hybrid = registered("hybrid", disk, BootMode="uefi-preferred")
    source = registered("source", disk)
    orphan, running = exports.launch(source), exports.launch(image_id)
    ec2.deregister_image(ImageId=source)
    (public, *_) = ec2.describe_images(Owners=["amazon"])["Images"]
    wanted = {
        "ExportedImageGone": of_image("ami-0123456789abcdef0"),
        "ImageOfAnotherAccount": of_image(public["ImageId"]),
        "EncryptedImageNotExportable": of_image(encrypted),
        "MultipleDisksNotExportable": of_image(two),
        "VolumeTooLargeToExport": of_image(large),
        "HybridBootNotExportable": of_image(hybrid),
        "RebootNotAllowed": of_instance(running),
        "InstanceSourceGone": of_instance(orphan, **REBOOT),
        "InstanceNotFound": of_instance("i-0123456789abcdef0", **REBOOT),
        "RoleNotAllowed": of_image(image_id, RoleName="admin"),
        "ExportBucketNotAllowed": of_image(image_id, S3ExportLocation={"S3Bucket": "elsewhere"}),
        "InvalidExportPrefix": of_image(image_id, S3ExportLocation={"S3Prefix": "results/"}),
    }

    key = exports.ask("refused", {"Requests": list(wanted.values())})
    results = {code: exports.ended_entry(key, number) for number, code in enumerate(wanted)}

    assert [result["Error"]["Code"] for result in results.values()] == list(wanted)
    assert {result["Status"] for result in results.values()} == {"Rejected"}
    assert all(result["Error"]["Remedy"] for result in results.values())
    assert not any(exports.tasks_of(result["RequestId"]) for result in results.values())
    for made in (two, large, hybrid, encrypted):
        ec2.deregister_image(ImageId=made)
    ec2.terminate_instances(InstanceIds=[orphan, running])


def test_a_bucket_that_was_changed_since_is_refused(exports: ExportPipeline, image_id: str, instance_id: str):
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    own = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    exports.s3.put_bucket_encryption(Bucket=exports.bucket, ServerSideEncryptionConfiguration=kms)
    try:
        encrypted = exports.export("with-kms", of_image(image_id))
    finally:
        exports.s3.put_bucket_encryption(Bucket=exports.bucket, ServerSideEncryptionConfiguration=own)
    exports.set_ownership("BucketOwnerEnforced")
    try:
        owned = exports.export("owner-enforced", of_instance(instance_id, **REBOOT))
    finally:
        exports.set_ownership("BucketOwnerPreferred")

    assert (encrypted["Status"], encrypted["Error"]["Code"]) == ("Rejected", "ExportBucketEncrypted")
    assert (owned["Status"], owned["Error"]["Code"]) == ("Rejected", "ExportBucketOwnership")
