"""CreateInstanceExportTask and DescribeExportTasks."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.vm_import.export_world import BLOCK, INSTANCE, ExportWorld, instance_request
from tests.unit.local.vm_import.fakes import HERE
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import.exports.ports import Disk
from vmie_local.vm_import.service_role import WRITE_PROBE
from vmie_local.vm_import.task import DELETING_SECONDS, TaskFault


@pytest.fixture
def world(tmp_path: Path) -> ExportWorld:
    return ExportWorld(tmp_path)


def refusal(world: ExportWorld, **parameters: Any) -> str:
    with pytest.raises(ApiError) as caught:
        world.start_instance(**parameters)
    assert not world.export_books.instances.all()
    return f"{caught.value.code}: {caught.value.message}"


def test_an_instance_becomes_an_appliance(world: ExportWorld) -> None:
    task_id = world.start_instance()
    shown = world.end(task_id)

    assert (shown["State"], "StatusMessage" in shown) == ("completed", False)
    stored = world.buckets.objects["exports", f"vms/{task_id}.ova"]
    with tarfile.open(fileobj=io.BytesIO(stored)) as archive:
        assert archive.getnames() == [f"{task_id}.ovf", f"{task_id}.mf", f"{task_id}-disk1.vmdk"]
        disk = archive.extractfile(f"{task_id}-disk1.vmdk")
        assert disk is not None
        assert disk.read() == b"VMDK" + BLOCK
    assert world.buckets.objects["exports", WRITE_PROBE] == b""
    assert set(world.buckets.writers) == {None}, "no role: the Region's export service writes"
    assert not list((world.folder / "scratch").iterdir())


def test_the_answer_says_what_was_asked_for(world: ExportWorld) -> None:
    tags = [{"ResourceType": "export-instance-task", "Tags": [{"Key": "team", "Value": "web"}]}]
    request = {**instance_request(), "Description": "web", "TagSpecifications": tags}
    answer = world.call("CreateInstanceExportTask", **request)["ExportTask"]
    task_id = answer["ExportTaskId"]

    assert re.fullmatch("export-i-[0-9a-f]{17}", task_id)
    assert answer == {
        "Description": "web",
        "ExportTaskId": task_id,
        "ExportToS3Task": {
            "ContainerFormat": "ova",
            "DiskImageFormat": "vmdk",
            "S3Bucket": "exports",
            "S3Key": f"vms/{task_id}.ova",
        },
        "InstanceExportDetails": {"InstanceId": INSTANCE, "TargetEnvironment": "vmware"},
        "State": "active",
        "StatusMessage": "Running",
        "Tags": [{"Key": "team", "Value": "web"}],
    }
    assert world.show(task_id) == answer


@pytest.mark.parametrize(
    ("environment", "declared", "ending"),
    [
        ("vmware", None, "vmdk"),
        ("vmware", "vmdk", "vmdk"),
        ("citrix", "VHD", "vhd"),
        ("microsoft", None, "vhd"),
    ],
)
def test_without_a_container_the_disk_alone_is_exported(
    world: ExportWorld, environment: str, declared: str | None, ending: str
) -> None:
    request = instance_request(ContainerFormat=None, DiskImageFormat=declared, S3Prefix=None)
    task_id = world.start_instance(**{**request, "TargetEnvironment": environment})
    shown = world.end(task_id)

    assert shown["ExportToS3Task"]["S3Key"] == f"{task_id}.{ending}"
    assert BLOCK[:8] in world.buckets.objects["exports", f"{task_id}.{ending}"][:16]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"InstanceId": None}, "MissingParameter: The request must contain the parameter instanceId"),
        (
            {"TargetEnvironment": None},
            "MissingParameter: The request must contain the parameter targetEnvironment",
        ),
        (
            {"ExportToS3Task": {"S3Prefix": "x"}},
            "MissingParameter: The request must contain the parameter exportToS3.s3Bucket",
        ),
        ({"InstanceId": "ami-0"}, 'InvalidInstanceID.Malformed: Invalid id: "ami-0"'),
        ({"InstanceId": "i-0"}, "InvalidInstanceID.NotFound: The instance ID 'i-0' does not exist"),
        (
            {"TargetEnvironment": "xen"},
            "InvalidParameter: Parameter target-environment=xen has an invalid format",
        ),
        (
            {**instance_request(ContainerFormat=None, DiskImageFormat="RAW"), "TargetEnvironment": "citrix"},
            "Unsupported: diskImageFormat 'raw' not supported for targetEnvironment 'citrix'. "
            "Valid value(s): [\"'vhd', .",
        ),
        (
            instance_request(ContainerFormat="zip"),
            "InvalidParameter: Parameter container-format=zip has an invalid format",
        ),
        (
            instance_request(DiskImageFormat="VHD"),
            "Unsupported: diskImageFormat 'vhd' not supported for targetEnvironment 'vmware'. "
            "Valid value(s): [\"'vmdk', .",
        ),
        (
            {**instance_request(DiskImageFormat="VHD"), "TargetEnvironment": "microsoft"},
            "Unsupported: containerFormat 'ova' not supported for targetEnvironment 'microsoft'.",
        ),
        (
            {"TagSpecifications": [{"ResourceType": "instance", "Tags": []}]},
            "InvalidParameterValue: 'instance' is not a valid taggable resource type for this operation.",
        ),
        (
            instance_request(S3Bucket="far"),
            "InvalidParameter: The given S3 object is not local to the region",
        ),
        (
            instance_request(S3Bucket="nowhere"),
            "InvalidParameter: The given S3 bucket (nowhere) does not exist or is not yours.",
        ),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    world: ExportWorld, parameters: dict[str, Any], text: str
) -> None:
    assert refusal(world, **parameters) == text


ROOT = Disk("/dev/sda1", 1, "snap-1", HERE.account)
CANNOT = "NotExportable: This instance cannot be exported."
FOREIGN = (
    "NotExportable: The snapshot ID (snap-1) of the instance neither is owned by current user nor had been "
    "previously imported through VMIE."
)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            {"disks": (ROOT, Disk("/dev/sdf", 1))},
            "NotExportable: This instance has multiple volumes attached. Please remove additional volumes.",
        ),
        ({"disks": (replace(ROOT, snapshot_owner="591542846629"),)}, FOREIGN),
        ({"disks": (replace(ROOT, snapshot_owner=None),)}, FOREIGN),
        ({"marketplace": True}, FOREIGN),
        ({"disks": ()}, CANNOT),
        ({"disks": (replace(ROOT, snapshot_id=None, volume_id="vol-of-nobody"),)}, CANNOT),
        ({"instance_store": True}, CANNOT),
        ({"state": "terminated"}, CANNOT),
        ({"disks": (replace(ROOT, encrypted=True),)}, CANNOT),
        ({"disks": (replace(ROOT, size=1025),)}, CANNOT),
        ({"network_interfaces": 2}, CANNOT),
    ],
)
def test_an_instance_that_cannot_be_exported_is_refused(
    world: ExportWorld, facts: dict[str, Any], text: str
) -> None:
    world.machines.change_instance(**facts)

    assert refusal(world) == text


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "stopped"},
        {"disks": (replace(ROOT, size=1024),)},
        {"disks": (replace(ROOT, snapshot_id=None, snapshot_owner=None, volume_id="vol-1"),)},
    ],
)
def test_an_instance_of_the_account_s_own_disk_is_exported(world: ExportWorld, facts: dict[str, Any]) -> None:
    world.blocks.create("vol-1", 1)
    world.machines.change_instance(**facts)

    assert world.start_instance()


def test_the_bucket_must_let_the_region_s_export_service_write(world: ExportWorld) -> None:
    world.buckets.change(grants=())

    assert refusal(world) == (
        "AuthFailure: vm-import-export@amazon.com must have WRITE and READ_ACL permission on the S3 bucket."
    )


@pytest.mark.parametrize("iam", ["record", "off"])
def test_the_bucket_s_grant_counts_where_permissions_are_enforced(world: ExportWorld, iam: str) -> None:
    world.buckets.change(grants=())
    world.export(world.encoder, iam)

    assert world.end(world.start_instance())["State"] == "completed"


def test_a_cancelled_export_leaves_no_object(world: ExportWorld) -> None:
    task_id = world.start_instance()
    world.pass_time(300)
    assert world.buckets.pending
    world.call("CancelExportTask", ExportTaskId=task_id)

    assert world.show(task_id)["State"] == "cancelling"
    world.pass_time(DELETING_SECONDS)
    assert world.show(task_id)["State"] == "cancelled"
    assert not world.buckets.pending
    assert set(world.buckets.objects) == {("exports", WRITE_PROBE)}
    with pytest.raises(ApiError, match="is cancelled"):
        world.call("CancelExportTask", ExportTaskId=task_id)


def test_a_failed_export_is_cancelled_with_its_reason(world: ExportWorld) -> None:
    world.faults.waiting.append(TaskFault("ServerError: no luck", "converting"))
    shown = world.end(world.start_instance())

    assert (shown["State"], shown["StatusMessage"]) == ("cancelled", "ServerError: no luck")
    assert not world.buckets.pending


@pytest.mark.parametrize(
    ("task_id", "code"),
    [
        ("export-i-0123456789abcdef0", "InvalidExportTaskID.NotFound"),
        ("export-ami-0123456789abcdef0", "InvalidExportTaskID.Malformed"),
    ],
)
def test_an_id_of_no_task_is_refused(world: ExportWorld, task_id: str, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        world.call("DescribeExportTasks", ExportTaskIds=[task_id])

    assert caught.value.code == code


def test_without_qemu_img_no_instance_is_exported(world: ExportWorld) -> None:
    world.export(None)

    assert refusal(world).startswith("Unsupported: The local AWS needs qemu-img to write VMDK")
