from __future__ import annotations

from typing import Any

import pytest

from tests.unit.images.builders import ova, partitioned, vhd, vhdx, vmdk
from tests.unit.local.vm_import.fakes import HERE, LINUX_DISK, THERE, World, container
from vmie_local.blocks import BLOCK_SIZE
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import ids
from vmie_local.vm_import.task import DELETING_SECONDS, RETENTION_SECONDS, TaskFault

BLANK = bytes(partitioned.MIB)


def start(world: World, given: dict[str, Any] | None = None, **parameters: Any) -> str:
    answer = world.call("ImportSnapshot", DiskContainer=given or container(), **parameters)
    return str(answer["ImportTaskId"])


def describe(world: World, task_id: str) -> dict[str, Any]:
    (task,) = world.call("DescribeImportSnapshotTasks", ImportTaskIds=[task_id])["ImportSnapshotTasks"]
    return dict(task["SnapshotTaskDetail"])


def finish(world: World, task_id: str) -> dict[str, Any]:
    for _ in range(1000):
        detail = describe(world, task_id)
        if detail["Status"] != "active":
            return detail
        world.pass_time(15)
    raise AssertionError(f"{task_id} never ended")


def refused(world: World, given: dict[str, Any] | None = None, **parameters: Any) -> str:
    with pytest.raises(ApiError) as refusal:
        start(world, given, **parameters)
    assert world.books.snapshots.all() == []
    return f"{refusal.value.code}: {refusal.value.message}"


def test_the_answer_shows_the_task_as_it_begins(world: World) -> None:
    tags = [{"ResourceType": "import-snapshot-task", "Tags": [{"Key": "team", "Value": "web"}]}]
    answer = world.call(
        "ImportSnapshot", DiskContainer=container(), Description="a disk", TagSpecifications=tags
    )

    task_id = answer.pop("ImportTaskId")
    assert ids.is_id("import-snap", task_id)
    assert len(task_id) == len("import-snap-") + 17
    assert answer == {
        "Description": "a disk",
        "SnapshotTaskDetail": {
            "Description": "a disk",
            "DiskImageSize": 0.0,
            "Format": "VMDK",
            "Progress": "0",
            "SnapshotId": "",
            "Status": "active",
            "StatusMessage": "pending",
            "UserBucket": {"S3Bucket": "images", "S3Key": "web.vmdk"},
        },
        "Tags": [{"Key": "team", "Value": "web"}],
    }


def test_phases_come_in_the_service_s_order_and_the_snapshot_at_the_end(world: World) -> None:
    task_id = start(world)
    seen: dict[Any, dict[str, Any]] = {}
    for _ in range(100):
        detail = describe(world, task_id)
        seen.setdefault(detail.get("StatusMessage"), detail)
        world.pass_time(15)

    assert list(seen) == ["pending", "validating", "validated", "downloading/converting", None]
    assert (seen["validated"]["Progress"], seen["downloading/converting"]["Progress"]) == ("32", "19")
    assert all(detail["SnapshotId"] == "" for message, detail in seen.items() if message)
    done = seen[None]
    assert (done["Status"], "Progress" in done) == ("completed", False)
    assert done["DiskImageSize"] == len(vmdk.stream_optimized(LINUX_DISK))
    snapshot = world.registry.snapshots[done["SnapshotId"]]
    assert snapshot.description == f"Created by AWS-VMImport service for {task_id}"
    assert snapshot.volume_size == 1


@pytest.mark.parametrize(
    ("declared", "content"),
    [
        ("VMDK", vmdk.stream_optimized(LINUX_DISK)),
        ("vhd", vhd.dynamic(LINUX_DISK)),
        ("VHDX", vhdx.vhdx(LINUX_DISK)),
        ("raw", LINUX_DISK),
        (None, vhdx.vhdx(LINUX_DISK)),
    ],
)
def test_every_format_s_disk_is_in_the_blocks(world: World, declared: str | None, content: bytes) -> None:
    world.objects.contents["images", "web"] = content
    detail = finish(world, start(world, container("web", declared)))
    blocks = world.blocks.require(detail["SnapshotId"])

    assert blocks.read(0) == LINUX_DISK[:BLOCK_SIZE]
    assert detail["Format"] == (declared or "VHDX").upper()


def test_a_disk_without_partitions_is_imported_because_nobody_looks_into_it(world: World) -> None:
    world.objects.contents["images", "data.raw"] = BLANK

    assert finish(world, start(world, container("data.raw", "RAW")))["Status"] == "completed"


@pytest.mark.parametrize(
    ("declared", "content", "message"),
    [
        ("VHD", vmdk.stream_optimized(LINUX_DISK), "Unsupported specified file format"),
        ("RAW", b"QFI\xfb" + BLANK, "Unsupported specified file format"),
        ("VMDK", vmdk.sparse(LINUX_DISK), "Unsupported VMDK File Format"),
        (None, b"QFI\xfb" + BLANK, "Unsupported specified file format"),
        (None, ova.ova({"a.vmdk": vmdk.stream_optimized(LINUX_DISK)}), "Unsupported specified file format"),
    ],
)
def test_a_disk_of_another_format_fails_the_task(
    world: World, declared: str | None, content: bytes, message: str
) -> None:
    world.objects.contents["images", "web"] = content
    task_id = start(world, container("web", declared))
    detail = finish(world, task_id)

    assert (detail["Status"], detail["StatusMessage"]) == (
        "deleting",
        f"ClientError: Disk validation failed [{message}]",
    )
    assert "Progress" not in detail
    assert "SnapshotId" not in detail
    world.pass_time(DELETING_SECONDS)
    assert describe(world, task_id)["Status"] == "deleted"
    assert world.registry.snapshots == {}


@pytest.mark.parametrize(
    ("given", "parameters", "words"),
    [
        (None, {"DiskContainer": None}, "MissingParameter: The request must contain the parameter diskCon"),
        (
            {"Format": "RAW"},
            {},
            "MissingParameter: The request must contain the parameter diskCont",
        ),
        (
            container(declared="ova"),
            {},
            "InvalidParameter: Parameter disk-image-size=0 has an invalid",
        ),
        ({"Url": "ftp://a/b"}, {}, "InvalidParameter: Invalid S3 source location"),
        ({"Url": "https://example.com/images/web.vmdk"}, {}, "InvalidParameter: Invalid S3 source location"),
        (container(bucket="none"), {}, "InvalidParameter: Invalid S3 source location"),
        (
            container(bucket="far"),
            {},
            "InvalidParameter: The given S3 bucket (far) is not local to the region.",
        ),
        (None, {"KmsKeyId": "alias/k"}, "InvalidParameterCombination: If a KmsKeyId is specified"),
        (
            None,
            {"KmsKeyId": "alias/disabled", "Encrypted": True},
            "InvalidParameterValue: The specified KMS key is not accessible",
        ),
        (
            None,
            {"RoleName": "nobody"},
            "InvalidParameter: The service role nobody provided does not exist or does not have sufficient",
        ),
        (
            None,
            {"TagSpecifications": [{"ResourceType": "snapshot", "Tags": []}]},
            "InvalidParameterValue: 'snapshot' is not a valid taggable resource type for this operation.",
        ),
        (None, {"DryRun": True}, "DryRunOperation: Request would have succeeded"),
    ],
)
def test_a_request_that_cannot_be_is_refused_at_once(
    world: World, given: dict[str, Any] | None, parameters: dict[str, Any], words: str
) -> None:
    if "DiskContainer" in parameters:
        with pytest.raises(ApiError) as refusal:
            world.call("ImportSnapshot", **parameters)
        assert f"{refusal.value.code}: {refusal.value.message}".startswith(words)
    else:
        assert refused(world, given, **parameters).startswith(words)


@pytest.mark.parametrize("url", ["s3://images/web.vmdk", "S3://images/web.vmdk"])
def test_a_url_is_shown_with_its_bucket_and_key(world: World, url: str) -> None:
    detail = describe(world, start(world, {"Format": "VMDK", "Url": url}))

    assert (detail["Url"], detail["UserBucket"]) == (url, {"S3Bucket": "images", "S3Key": "web.vmdk"})


def test_a_presigned_address_of_this_endpoint_is_its_object(world: World) -> None:
    url = "http://127.0.0.1:5055/images/web.vmdk?X-Amz-Signature=00"

    assert finish(world, start(world, {"Format": "VMDK", "Url": url}))["Status"] == "completed"


def test_what_is_encrypted_by_default_or_by_request_is_shown_so(world: World) -> None:
    asked = finish(world, start(world, Encrypted=True, KmsKeyId="alias/k"))
    world.registry.encrypted_by_default = True
    default = finish(world, start(world))

    first, second = (world.registry.snapshots[one["SnapshotId"]] for one in (asked, default))
    assert (first.encrypted, first.kms_key_id) == (True, "alias/k")
    assert (second.encrypted, second.kms_key_id) == (True, None)
    assert (asked["Encrypted"], asked["KmsKeyId"]) == (True, "alias/k")


def test_the_same_token_gives_the_same_task_and_another_request_is_refused(world: World) -> None:
    first = start(world, ClientToken="t")

    assert start(world, ClientToken="t") == first
    with pytest.raises(ApiError) as refusal:
        start(world, ClientToken="t", Description="other")
    assert refusal.value.code == "IdempotentParameterMismatch"


def test_images_and_snapshots_share_the_quota(world: World) -> None:
    for _ in range(3):
        world.start()
    for _ in range(2):
        start(world)

    with pytest.raises(ApiError) as refusal:
        world.start()
    assert refusal.value.code == "ResourceCountLimitExceeded"
    with pytest.raises(ApiError) as refusal:
        start(world)
    assert refusal.value.code == "ResourceCountLimitExceeded"


def test_a_cancelled_task_leaves_nothing(world: World) -> None:
    task_id = start(world)
    world.pass_time(300)
    answer = world.call("CancelImportTask", ImportTaskId=task_id)

    assert answer == {"ImportTaskId": task_id, "PreviousState": "active", "State": "deleting"}
    assert describe(world, task_id)["Status"] == "deleting"
    world.pass_time(DELETING_SECONDS)
    assert describe(world, task_id)["Status"] == "deleted"
    assert world.registry.snapshots == {}
    assert list((world.folder / "scratch").iterdir()) == []
    assert not list((world.folder / "snapshots").iterdir())
    with pytest.raises(ApiError, match="The conversion task cannot be canceled"):
        world.call("CancelImportTask", ImportTaskId=task_id)


@pytest.mark.parametrize("task_id", ["import-snap-0000000000000000t", "import-ami-000000000000000t", "x", ""])
def test_an_id_of_no_snapshot_task_is_malformed_or_unknown(world: World, task_id: str) -> None:
    with pytest.raises(ApiError) as refusal:
        world.call("DescribeImportSnapshotTasks", ImportTaskIds=[task_id])

    assert refusal.value.code == "InvalidConversionTaskId.Malformed"


def test_a_task_is_known_to_its_own_describe_only(world: World) -> None:
    task_id, other = start(world), world.start()

    assert [task["ImportTaskId"] for task in listed(world)] == [task_id]
    with pytest.raises(ApiError, match="malformed or does not exist"):
        world.operations["DescribeImportSnapshotTasks"](HERE, {"ImportTaskIds": [other]})
    with pytest.raises(ApiError, match="malformed or does not exist"):
        world.operations["DescribeImportSnapshotTasks"](THERE, {"ImportTaskIds": [task_id]})


def test_tasks_come_in_pages_and_by_state(world: World) -> None:
    tasks = [start(world) for _ in range(3)]
    world.call("CancelImportTask", ImportTaskId=tasks[1])
    first = world.call("DescribeImportSnapshotTasks", MaxResults=2)
    rest = world.call("DescribeImportSnapshotTasks", MaxResults=2, NextToken=first["NextToken"])
    active = listed(world, Filters=[{"Name": "task-state", "Values": ["active"]}])

    shown = [task["ImportTaskId"] for page in (first, rest) for task in page["ImportSnapshotTasks"]]
    assert shown == tasks
    assert "NextToken" not in rest
    assert [task["ImportTaskId"] for task in active] == [tasks[0], tasks[2]]


def test_a_task_is_forgotten_after_a_week(world: World) -> None:
    task_id = start(world)
    finish(world, task_id)
    world.pass_time(RETENTION_SECONDS, step=3600)

    with pytest.raises(ApiError, match="does not exist"):
        describe(world, task_id)


def test_a_fault_ends_the_task_with_its_message(world: World) -> None:
    message = "ClientError: Disk validation failed [Unsupported VMDK File Format]"
    world.faults.waiting.append(TaskFault(message, "downloading/converting"))
    task_id = start(world)
    world.pass_time(200)
    assert describe(world, task_id)["StatusMessage"] == "downloading/converting"

    assert finish(world, task_id)["StatusMessage"] == message
    assert world.registry.snapshots == {}


def test_a_fault_in_a_phase_that_never_comes_is_refused_with_the_phases_there_are(world: World) -> None:
    world.faults.waiting.append(TaskFault("ClientError: no", "booting"))

    assert refused(world) == (
        "FaultPhaseUnknown: A fault was asked for in the phase 'booting'; this task has the phases pending, "
        "validating, validated, downloading/converting."
    )


def test_without_a_decoder_the_snapshot_has_the_disk_s_size_and_no_blocks(world: World) -> None:
    world.use(None)
    detail = finish(world, start(world))

    assert world.registry.snapshots[detail["SnapshotId"]].volume_size == 1
    assert world.blocks.require(detail["SnapshotId"]).indexes() == []


def listed(world: World, **parameters: Any) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = world.call("DescribeImportSnapshotTasks", **parameters)[
        "ImportSnapshotTasks"
    ]
    return tasks
