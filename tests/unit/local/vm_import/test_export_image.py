"""ExportImage and DescribeExportImageTasks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.vm_import.export_world import AMI, BLOCK, ExportWorld, image_request
from tests.unit.local.vm_import.fakes import HERE, THERE
from vmie_local.disk_images.errors import EncodingFailedError
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import.exports.ports import Disk, StoreRefusedError
from vmie_local.vm_import.service_role import WRITE_PROBE
from vmie_local.vm_import.task import DELETING_SECONDS, TaskFault

ROLE_ARN = "arn:aws:iam::123456789012:role/vmimport"


@pytest.fixture
def world(tmp_path: Path) -> ExportWorld:
    return ExportWorld(tmp_path)


def refusal(world: ExportWorld, **parameters: Any) -> str:
    with pytest.raises(ApiError) as caught:
        world.start_image(**parameters)
    assert not world.export_books.images.all()
    return f"{caught.value.code}: {caught.value.message}"


def test_an_export_goes_through_its_phases_to_an_object(world: ExportWorld) -> None:
    task_id = world.start_image()
    seen = []
    while (shown := world.show(task_id))["Status"] == "active":
        seen.append((shown["StatusMessage"], int(shown["Progress"])))
        assert set(world.buckets.objects) <= {("exports", WRITE_PROBE)}, "the object comes with the end"
        world.pass_time(15)

    assert list(dict.fromkeys(message for message, _ in seen)) == ["validating", "updating", "converting"]
    assert (seen[0], seen[-1][1]) == (("validating", 0), 84)
    assert ("updating", 21) in seen
    assert ("converting", 80) in seen
    assert shown["Status"] == "completed"
    assert not {"Progress", "StatusMessage"} & set(shown)
    assert world.buckets.objects == {
        ("exports", WRITE_PROBE): b"",
        ("exports", f"out/{task_id}.vmdk"): b"VMDK" + BLOCK,
    }
    assert set(world.buckets.writers) == {ROLE_ARN}
    assert not list((world.folder / "scratch").iterdir())


def test_the_answer_says_what_was_asked_for(world: ExportWorld) -> None:
    tags = [{"ResourceType": "export-image-task", "Tags": [{"Key": "team", "Value": "web"}]}]
    answer = world.call("ExportImage", **image_request(Description="web", TagSpecifications=tags))
    task_id = answer.pop("ExportImageTaskId")

    assert re.fullmatch("export-ami-[0-9a-f]{17}", task_id)
    assert answer == {
        "Description": "web",
        "DiskImageFormat": "VMDK",
        "ImageId": AMI,
        "Progress": "0",
        "RoleName": "vmimport",
        "S3ExportLocation": {"S3Bucket": "exports", "S3Prefix": "out/"},
        "Status": "active",
        "StatusMessage": "validating",
        "Tags": [{"Key": "team", "Value": "web"}],
    }
    assert not {"RoleName", "DiskImageFormat"} & set(world.show(task_id)), "the describe does not echo them"


@pytest.mark.parametrize(("declared", "extension"), [("VMDK", "vmdk"), ("VHD", "vhd"), ("RAW", "raw")])
def test_the_key_is_the_prefix_the_task_and_the_format(
    world: ExportWorld, declared: str, extension: str
) -> None:
    location = {"S3Bucket": "exports"}
    task_id = world.start_image(DiskImageFormat=declared, S3ExportLocation=location)

    assert world.end(task_id)["S3ExportLocation"] == location
    assert ("exports", f"{task_id}.{extension}") in world.buckets.objects


def test_a_raw_export_is_the_disk_itself(world: ExportWorld) -> None:
    task_id = world.start_image(DiskImageFormat="RAW")
    world.end(task_id)

    stored = world.buckets.objects["exports", f"out/{task_id}.raw"]
    assert stored[: len(BLOCK)] == BLOCK
    assert not any(stored[len(BLOCK) :])


def test_a_disk_that_nobody_wrote_to_is_exported_empty(world: ExportWorld) -> None:
    world.machines.change_disk(snapshot_id="snap-of-zeros")
    task_id = world.start_image(DiskImageFormat="RAW")
    world.end(task_id)

    assert not any(world.buckets.objects["exports", f"out/{task_id}.raw"])


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"ImageId": None}, "MissingParameter: The request must contain the parameter imageId"),
        (
            {"DiskImageFormat": None},
            "MissingParameter: The request must contain the parameter diskImageFormat",
        ),
        (
            {"S3ExportLocation": {"S3Prefix": "x"}},
            "MissingParameter: The request must contain the parameter s3ExportLocation.s3Bucket",
        ),
        ({"ImageId": "i-0123"}, 'InvalidAMIID.Malformed: Invalid id: "i-0123" (expecting "ami-...")'),
        ({"ImageId": "ami-0"}, "InvalidAMIID.NotFound: The image id '[ami-0]' does not exist"),
        (
            {"DiskImageFormat": "VHDX"},
            "InvalidParameter: Parameter disk-image-format=VHDX has an invalid format",
        ),
        (
            {"TagSpecifications": [{"ResourceType": "image", "Tags": []}]},
            "InvalidParameterValue: 'image' is not a valid taggable resource type for this operation.",
        ),
        (
            {"RoleName": "nobody"},
            "InvalidParameter: The service role nobody provided does not exist or does not have sufficient "
            "permissions",
        ),
        (
            {"S3ExportLocation": {"S3Bucket": "far"}},
            "InvalidParameter: The given S3 object is not local to the region",
        ),
        (
            {"S3ExportLocation": {"S3Bucket": "nowhere"}},
            "InvalidParameter: The given S3 bucket (nowhere) does not exist or is not yours.",
        ),
        (
            {"S3ExportLocation": {"S3Bucket": "foreign"}},
            "InvalidParameter: The given S3 bucket (foreign) does not exist or is not yours.",
        ),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    world: ExportWorld, parameters: dict[str, Any], text: str
) -> None:
    assert refusal(world, **parameters) == text


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"owner": "210987654321"}, "is owned by another account"),
        ({"instance_store": True}, "has no EBS root device"),
        ({"disks": ()}, "has no EBS root device"),
        ({"disks": (Disk("/dev/sda1", 1), Disk("/dev/sdb", 1))}, "has more than one EBS block device"),
        ({"disks": (Disk("/dev/sda1", 1025),)}, "has an EBS block device of more than 1 TiB"),
        ({"disks": (Disk("/dev/sda1", 1, encrypted=True),)}, "has encrypted EBS block devices"),
        ({"state": "pending"}, "is pending"),
    ],
)
def test_an_image_that_cannot_be_exported_is_refused(
    world: ExportWorld, facts: dict[str, Any], reason: str
) -> None:
    world.machines.change_image(**facts)

    text = f"InvalidParameter: The image ID ({AMI}) provided {reason} and is not exportable."
    assert refusal(world) == text


def test_an_image_of_the_marketplace_is_refused(world: ExportWorld) -> None:
    world.machines.change_image(marketplace=True, owner="679593333241")

    assert refusal(world) == (
        f"NotExportable: The image ID provided ({AMI}) is a marketplace AMI and is not exportable."
    )


def test_a_volume_of_one_tebibyte_is_exported(world: ExportWorld) -> None:
    world.machines.change_disk(size=1024)

    assert world.start_image()


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetBucketLocation", "arn:aws:s3:::exports"),
        ("s3:ListBucket", "arn:aws:s3:::exports"),
        ("s3:GetBucketAcl", "arn:aws:s3:::exports"),
        ("s3:PutObject", f"arn:aws:s3:::exports/{WRITE_PROBE}"),
        ("s3:PutObject", "arn:aws:s3:::exports/out/export-ami-00000000000000000.vmdk"),
        ("s3:GetObject", "arn:aws:s3:::exports/out/export-ami-00000000000000000.vmdk"),
        ("ec2:DescribeSnapshots", "*"),
        ("ec2:CopySnapshot", "*"),
        ("ec2:ModifySnapshotAttribute", "*"),
        ("ec2:RegisterImage", "*"),
    ],
)
def test_the_role_needs_every_permission_of_the_guide(world: ExportWorld, action: str, resource: str) -> None:
    world.iam.denied.add((action, resource))

    assert refusal(world).startswith("InvalidParameter: The service role vmimport provided does not exist")


def test_the_service_must_be_let_assume_the_role(world: ExportWorld) -> None:
    world.iam.trusted = False

    assert refusal(world).startswith("InvalidParameter: The service role vmimport provided does not exist")


def test_a_dry_run_starts_nothing(world: ExportWorld) -> None:
    assert refusal(world, DryRun=True).startswith("DryRunOperation")


def test_one_ami_has_one_export_at_a_time(world: ExportWorld) -> None:
    first = world.start_image()
    with pytest.raises(ApiError, match="already an export image task in progress") as caught:
        world.start_image(DiskImageFormat="RAW")
    assert caught.value.code == "ResourceCountLimitExceeded"
    world.end(first)

    assert world.start_image(DiskImageFormat="RAW")


def test_every_kind_of_task_counts_against_the_quota(world: ExportWorld) -> None:
    world.limits.concurrent_tasks = 2
    world.start()
    task_id = world.start_image()
    for start in (world.start, world.start_instance):
        with pytest.raises(ApiError, match="maximum number of concurrent import tasks"):
            start()
    world.end(task_id)

    assert world.start_instance()


def test_a_token_makes_one_task(world: ExportWorld) -> None:
    first = world.start_image(ClientToken="t")

    assert world.start_image(ClientToken="t") == first
    with pytest.raises(ApiError) as caught:
        world.start_image(ClientToken="t", DiskImageFormat="RAW")
    assert caught.value.code == "IdempotentParameterMismatch"
    world.end(first)
    assert world.start_image(ClientToken="t") == first


def test_a_bucket_encrypted_by_kms_fails_the_task(world: ExportWorld) -> None:
    world.buckets.change(encryption="aws:kms")
    shown = world.end(world.start_image())

    assert shown["Status"] == "deleted"
    assert "SSE-KMS, which is not supported" in shown["StatusMessage"]
    assert world.buckets.objects == {}


def test_a_bucket_that_refuses_fails_the_task_and_keeps_nothing(world: ExportWorld) -> None:
    task_id = world.start_image()
    world.pass_time(60 + 60 + 15)
    assert world.buckets.pending
    world.buckets.refusal = StoreRefusedError(403, "AccessDenied")
    shown = world.end(task_id)

    assert (shown["Status"], shown["StatusMessage"]) == (
        "deleted",
        "ClientError: We do not have access to the given resource exports. Reason 403 AccessDenied",
    )
    assert not world.buckets.pending
    assert set(world.buckets.objects) == {("exports", WRITE_PROBE)}


def test_a_bucket_that_takes_no_probe_fails_the_task_at_once(world: ExportWorld) -> None:
    world.buckets.refusal = StoreRefusedError(404, "NoSuchBucket")
    task_id = world.start_image()
    world.pass_time(15)

    assert world.show(task_id)["Status"] == "deleting"
    assert world.show(task_id)["StatusMessage"].endswith("exports. Reason 404 NoSuchBucket")


def test_a_disk_that_cannot_be_written_fails_the_task(world: ExportWorld) -> None:
    world.encoder.error = EncodingFailedError("no space left")
    shown = world.end(world.start_image())

    assert shown["Status"] == "deleted"
    assert shown["StatusMessage"].startswith("ServerError: an internal error has occurred during conversion.")
    assert not list((world.folder / "scratch").iterdir())


def test_a_fault_ends_the_task_in_its_phase(world: ExportWorld) -> None:
    world.faults.waiting.append(TaskFault("ServerError: no luck", "updating"))
    shown = world.end(world.start_image())

    assert (shown["Status"], shown["StatusMessage"]) == ("deleted", "ServerError: no luck")
    assert not world.buckets.pending


@pytest.mark.parametrize("seconds", [0, 90, 400])
def test_a_cancelled_export_leaves_no_object(world: ExportWorld, seconds: float) -> None:
    task_id = world.start_image()
    world.pass_time(seconds)

    assert world.call("CancelExportTask", ExportTaskId=task_id) == {}
    assert world.show(task_id)["Status"] == "deleting"
    assert world.end(task_id)["Status"] == "deleted"
    world.pass_time(3600)
    assert not world.buckets.pending
    assert set(world.buckets.objects) <= {("exports", WRITE_PROBE)}


def test_a_task_cancelled_while_it_converts_leaves_nothing_when_the_work_ends(world: ExportWorld) -> None:
    world.engine.hold = True
    task_id = world.start_image()
    world.engine.tick()
    world.engine.jobs[0].run()
    world.pass_time(150)
    converting = world.engine.jobs[1]
    world.call("CancelExportTask", ExportTaskId=task_id)
    converting.run()
    world.pass_time(2 * DELETING_SECONDS)

    assert world.show(task_id)["Status"] == "deleted"
    assert not world.buckets.pending
    assert not list((world.folder / "scratch").iterdir())


def test_an_ended_export_cannot_be_cancelled(world: ExportWorld) -> None:
    task_id = world.start_image()
    world.end(task_id)

    with pytest.raises(ApiError, match=f"cannot be canceled. The task {task_id} is completed") as caught:
        world.call("CancelExportTask", ExportTaskId=task_id)
    assert caught.value.code == "IncorrectState"


@pytest.mark.parametrize(
    ("task_id", "code"),
    [
        ("export-ami-0123456789abcdef0", "InvalidExportTaskID.NotFound"),
        ("export-ami-?", "InvalidExportTaskID.Malformed"),
        ("import-ami-0123456789abcdef0", "InvalidExportTaskID.Malformed"),
    ],
)
def test_an_id_of_no_task_is_refused(world: ExportWorld, task_id: str, code: str) -> None:
    for operation, parameters in (
        ("DescribeExportImageTasks", {"ExportImageTaskIds": [task_id]}),
        ("CancelExportTask", {"ExportTaskId": task_id}),
    ):
        with pytest.raises(ApiError) as caught:
            world.call(operation, **parameters)
        assert caught.value.code == code


def test_cancelling_needs_an_id(world: ExportWorld) -> None:
    with pytest.raises(ApiError) as caught:
        world.call("CancelExportTask")

    assert caught.value.code == "MissingParameter"


def test_tasks_of_one_place_are_unknown_in_another(world: ExportWorld) -> None:
    task_id = world.start_image()

    assert world.call("DescribeExportImageTasks", THERE) == {"ExportImageTasks": []}
    with pytest.raises(ApiError) as caught:
        world.call("CancelExportTask", THERE, ExportTaskId=task_id)
    assert caught.value.code == "InvalidExportTaskID.NotFound"


@pytest.mark.parametrize("most", [0, 501])
def test_a_page_has_between_1_and_500_tasks(world: ExportWorld, most: int) -> None:
    with pytest.raises(ApiError) as caught:
        world.call("DescribeExportImageTasks", MaxResults=most)

    assert caught.value.code == "InvalidParameterValue"


def test_tasks_are_filtered_and_paged(world: ExportWorld) -> None:
    ended = world.start_image()
    world.end(ended)
    active = world.start_image(
        TagSpecifications=[{"ResourceType": "export-image-task", "Tags": [{"Key": "team", "Value": "web"}]}]
    )

    def listed(**parameters: Any) -> tuple[list[str], str | None]:
        answer = world.call("DescribeExportImageTasks", **parameters)
        return [task["ExportImageTaskId"] for task in answer["ExportImageTasks"]], answer.get("NextToken")

    assert listed(Filters=[{"Name": "task-state", "Values": ["completed"]}])[0] == [ended]
    assert listed(Filters=[{"Name": "tag:team", "Values": ["web"]}])[0] == [active]
    first, token = listed(MaxResults=1)
    assert (first, listed(MaxResults=1, NextToken=token)) == ([ended], ([active], None))


def test_without_qemu_img_only_raw_disks_are_written(world: ExportWorld) -> None:
    world.export(None)

    assert refusal(world, DiskImageFormat="VHD").startswith("Unsupported: The local AWS needs qemu-img")
    assert world.start_image(DiskImageFormat="RAW")


def test_the_account_s_own_place_is_used_for_the_role(world: ExportWorld) -> None:
    world.start_image()

    assert world.iam.contexts[-1]["aws:SourceArn"] == f"arn:aws:vmie:{HERE.region}:{HERE.account}:*"
