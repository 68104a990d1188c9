from __future__ import annotations

import struct
from typing import Any

import pytest

from tests.unit.images.builders import ova, partitioned, vhd, vhdx, vmdk
from tests.unit.local.vm_import.fakes import (
    HERE,
    LINUX_DISK,
    THERE,
    World,
    container,
    request,
)
from vmie_local.blocks import BLOCK_SIZE
from vmie_local.disk_images.errors import CorruptStreamError
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import ids, status_messages
from vmie_local.vm_import.task import DELETING_SECONDS, RETENTION_SECONDS, TaskFault


def test_the_first_answer_says_pending_and_knows_nothing_of_the_disk(world: World) -> None:
    answer = world.operations["ImportImage"](
        HERE,
        request(
            {**container(declared="vmdk"), "Description": "root"}, Description="web server", BootMode="uefi"
        ),
    )

    assert ids.is_id(ids.IMPORT_IMAGE, answer.pop("ImportTaskId"))
    assert answer == {
        "Description": "web server",
        "Progress": "1",
        "SnapshotDetails": [
            {
                "Description": "root",
                "DiskImageSize": 0.0,
                "Format": "VMDK",
                "UserBucket": {"S3Bucket": "images", "S3Key": "web.vmdk"},
            }
        ],
        "Status": "active",
        "StatusMessage": "pending",
        "Tags": [],
    }


def test_ids_have_today_s_form(world: World) -> None:
    assert world.start()[-1] == "t"
    assert len(world.start()) == len("import-ami-") + 17


def test_details_appear_as_the_task_goes_on(world: World) -> None:
    task_id = world.start()
    seen: dict[Any, Any] = {}
    for _ in range(200):
        shown = world.describe(task_id)
        seen.setdefault(shown.get("StatusMessage"), shown)
        if shown["Status"] != "active":
            break
        world.pass_time(15)

    size = float(len(vmdk.stream_optimized(LINUX_DISK)))
    assert seen["pending"]["SnapshotDetails"][0]["DiskImageSize"] == 0.0
    assert "Status" not in seen["pending"]["SnapshotDetails"][0]
    assert seen["validated"]["SnapshotDetails"][0]["DiskImageSize"] == size
    assert seen["validated"]["SnapshotDetails"][0]["Status"] == "active"
    assert seen["updating"]["SnapshotDetails"][0]["Status"] == "completed"
    for name in ("Platform", "Architecture", "LicenseType", "BootMode"):
        assert name not in seen["updating"]
        assert name in seen["updated"]
    assert seen["updated"]["SnapshotDetails"][0]["DeviceName"] == "/dev/sda1"
    assert "SnapshotId" not in seen["booted"]["SnapshotDetails"][0]
    assert "SnapshotId" in seen["preparing ami"]["SnapshotDetails"][0]
    assert "ImageId" not in seen["preparing ami"]
    assert "ImageId" in seen[None]


def test_a_completed_task_has_an_image_and_neither_progress_nor_message(world: World) -> None:
    task_id = world.start(TagSpecifications=[{"ResourceType": "import-image-task", "Tags": [{"Key": "a"}]}])
    shown = world.finish(task_id)

    assert shown["Status"] == "completed"
    assert "Progress" not in shown
    assert "StatusMessage" not in shown
    assert (shown["Platform"], shown["Architecture"]) == ("Linux", "x86_64")
    assert (shown["LicenseType"], shown["BootMode"]) == ("BYOL", "legacy-bios")
    image = world.registry.images[shown["ImageId"]]
    assert image.name == task_id
    assert image.description.startswith("AWS-VMImport service: Linux")
    assert (image.usage_operation, image.platform_details) == ("RunInstances", "Linux/UNIX")
    (snapshot,) = world.registry.snapshots.values()
    assert snapshot.description == f"Created by AWS-VMImport service for {task_id}"
    assert snapshot.volume_size == 1
    assert image.devices == [("/dev/sda1", snapshot.id)]
    assert set(world.registry.tags) == {task_id}, "task tags do not propagate"


def test_the_snapshot_holds_the_decoded_disk(world: World) -> None:
    shown = world.finish(world.start())
    blocks = world.blocks.require(shown["SnapshotDetails"][0]["SnapshotId"])

    count = -(-len(LINUX_DISK) // BLOCK_SIZE)
    assert b"".join(blocks.read(n) or bytes(BLOCK_SIZE) for n in range(count)) == LINUX_DISK
    assert blocks.indexes() == [0, 2]


def test_nothing_but_blocks_is_left_on_disk(world: World) -> None:
    world.finish(world.start())

    assert list((world.folder / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "license_type", "usage"),
    [
        ({}, "AWS", "RunInstances:0002"),
        ({"LicenseType": "BYOL"}, "BYOL", "RunInstances:0800"),
        ({"UsageOperation": "RunInstances:0006"}, None, "RunInstances:0006"),
    ],
)
def test_windows_is_licensed_as_asked(
    world: World, given: dict[str, str], license_type: str | None, usage: str
) -> None:
    world.decoder.disk = partitioned.mbr_disk(4 << 20, {(1 << 20) + 3: b"NTFS    "})
    shown = world.finish(world.start(**given))

    assert shown["Platform"] == "Windows"
    assert shown.get("LicenseType") == license_type
    image = world.registry.images[shown["ImageId"]]
    assert image.windows
    assert image.usage_operation == usage


def test_a_gpt_disk_with_an_efi_partition_boots_by_uefi(world: World) -> None:
    disk = partitioned.gpt_disk(
        8 << 20,
        ((partitioned.ESP_GUID, 2048, 4095, "esp"), (partitioned.LINUX_GUID, 4096, 8191, "root")),
    )
    disk[4096 * 512 + 0x438 : 4096 * 512 + 0x43A] = b"\x53\xef"
    world.decoder.disk = bytes(disk)
    shown = world.finish(world.start())

    assert shown["BootMode"] == "uefi"
    assert world.registry.images[shown["ImageId"]].boot_mode == "uefi"


def test_an_appliance_with_two_disks_becomes_an_image_with_two_snapshots(world: World) -> None:
    disk = vmdk.stream_optimized(LINUX_DISK)
    world.objects.contents["images", "app.ova"] = ova.ova({"a.vmdk": disk, "b.vmdk": disk})
    task_id = world.start(DiskContainers=[container("app.ova", "ova")])
    before = world.describe(task_id)["SnapshotDetails"]
    shown = world.finish(task_id)

    assert [detail["Format"] for detail in before] == ["OVA"]
    assert [detail["Format"] for detail in shown["SnapshotDetails"]] == ["VMDK", "VMDK"]
    assert [detail["DeviceName"] for detail in shown["SnapshotDetails"]] == ["/dev/sda1", "/dev/sdb"]
    assert len(world.registry.images[shown["ImageId"]].devices) == 2


def test_a_disk_may_be_a_snapshot(world: World) -> None:
    world.registry.sizes["snap-0"] = 3
    source = world.blocks.create("snap-0", 3)
    for index in range(len(LINUX_DISK) // BLOCK_SIZE):
        source.write(index, LINUX_DISK[index * BLOCK_SIZE : (index + 1) * BLOCK_SIZE])
    shown = world.finish(world.start(DiskContainers=[{"SnapshotId": "snap-0"}], Platform="Linux"))

    assert shown["Status"] == "completed"
    (snapshot,) = world.registry.snapshots.values()
    assert snapshot.volume_size == 3
    assert world.blocks.require(snapshot.id).read(0) == source.read(0)


def test_encryption_by_default_encrypts_the_snapshot(world: World) -> None:
    world.registry.encrypted_by_default = True
    world.finish(world.start())

    assert [snapshot.encrypted for snapshot in world.registry.snapshots.values()] == [True]


def test_without_a_decoder_headers_decide_and_no_blocks_are_stored(world: World) -> None:
    world.use(None)
    shown = world.finish(world.start())

    assert shown["Status"] == "completed"
    assert world.blocks.require(shown["SnapshotDetails"][0]["SnapshotId"]).indexes() == []


def test_a_raw_image_needs_no_decoder(world: World) -> None:
    world.use(None)
    world.objects.contents["images", "web.raw"] = LINUX_DISK
    shown = world.finish(world.start(DiskContainers=[container("web.raw", "raw")]))

    assert world.blocks.require(shown["SnapshotDetails"][0]["SnapshotId"]).indexes() == [0, 2]


FAILURES: list[tuple[str, bytes | int, str, str]] = [
    ("missing object", 404, "VMDK", status_messages.NOT_FOUND),
    ("forbidden object", 403, "VMDK", status_messages.NO_ACCESS),
    (
        "sparse VMDK",
        vmdk.sparse(LINUX_DISK),
        "VMDK",
        "ClientError: Disk validation failed [Unsupported VMDK File Format]",
    ),
    (
        "text descriptor",
        vmdk.descriptor("monolithicFlat", 'RW 1 FLAT "/etc/passwd" 0'),
        "VMDK",
        "ClientError: Disk validation failed [Unsupported VMDK File Format]",
    ),
    (
        "qcow2 as VMDK",
        b"QFI\xfb" + bytes(1020),
        "VMDK",
        "ClientError: Disk validation failed [Unsupported specified file format]",
    ),
    (
        "VMDK as raw",
        vmdk.stream_optimized(LINUX_DISK),
        "RAW",
        "ClientError: Disk validation failed [Unsupported specified file format]",
    ),
    (
        "empty",
        b"",
        "RAW",
        "ClientError: Disk validation failed [Unsupported specified file format]",
    ),
    ("differencing VHD", vhd.dynamic(LINUX_DISK, 4), "VHD", "ClientError: Footers not identical"),
    (
        "chunked OVA",
        ova.ova({"a.vmdk": b"x"}, 'ovf:chunkSize="1000"'),
        "OVA",
        "ClientError: Disk validation failed [OVF file parsing error: OVA with chunked disk files is not "
        "supported]",
    ),
    ("blank disk", bytes(1 << 20), "RAW", "ClientError: No valid partitions. Not a valid volume."),
    (
        "no filesystem",
        partitioned.mbr_disk(4 << 20),
        "RAW",
        "ClientError: Unknown OS / Missing OS files.",
    ),
]


@pytest.mark.parametrize(
    ("content", "declared", "message"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_a_bad_image_fails_the_task_in_the_service_s_words(
    world: World, content: bytes | int, declared: str, message: str
) -> None:
    world.objects.contents["images", "bad"] = content
    task_id = world.start(DiskContainers=[container("bad", declared)])
    shown = world.finish(task_id)

    assert (shown["Status"], shown["StatusMessage"]) == ("deleting", message)
    assert "Progress" not in shown
    world.pass_time(DELETING_SECONDS)
    assert world.describe(task_id)["Status"] == "deleted"
    assert world.describe(task_id)["StatusMessage"] == message
    assert world.registry.snapshots == {}
    assert world.blocks.bytes_on_disk() == 0


def test_a_disk_of_8_tib_is_too_large(world: World) -> None:
    content = vhdx.vhdx(LINUX_DISK).replace(struct.pack("<Q", len(LINUX_DISK)), struct.pack("<Q", 8 << 40))
    world.objects.contents["images", "huge"] = content

    message = world.finish(world.start(DiskContainers=[container("huge", "VHDX")]))["StatusMessage"]
    assert message == "ClientError: Disk validation failed [Disk image size is too large]"


def test_a_damaged_stream_fails_the_task(world: World) -> None:
    world.decoder.error = CorruptStreamError("grain 7")

    assert world.finish(world.start())["StatusMessage"] == (
        "ClientError: Uncompressed data has an invalid length"
    )


def test_an_unexpected_error_is_the_service_s_own(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.decoder.error = RuntimeError("no such thing")

    assert world.finish(world.start())["StatusMessage"] == status_messages.INTERNAL_ERROR
    assert "no such thing" in caplog.text


def test_the_bucket_has_to_be_in_the_region(world: World) -> None:
    with pytest.raises(ApiError, match="The given S3 object is not local to the region"):
        world.start(DiskContainers=[container(bucket="far")])


def test_a_bucket_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(ApiError, match="Invalid S3 source location"):
        world.start(DiskContainers=[container(bucket="nowhere")])


def test_an_unusable_key_is_refused(world: World) -> None:
    with pytest.raises(ApiError, match="The specified KMS key is not accessible"):
        world.start(Encrypted=True, KmsKeyId="alias/disabled")


def test_a_snapshot_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(ApiError) as refusal:
        world.start(DiskContainers=[{"SnapshotId": "snap-0"}])

    assert refusal.value.code == "InvalidSnapshot.NotFound"


def test_a_snapshot_that_is_not_completed_is_refused(world: World) -> None:
    world.registry.sizes["snap-1"], world.registry.snapshot_status = 1, "pending"

    with pytest.raises(ApiError, match="Snapshot is in invalid state - pending"):
        world.start(DiskContainers=[{"SnapshotId": "snap-1"}])


def test_a_dry_run_starts_nothing(world: World) -> None:
    with pytest.raises(ApiError) as refusal:
        world.start(DryRun=True)

    assert (refusal.value.code, refusal.value.status) == ("DryRunOperation", 412)
    assert world.book.all() == []


def test_a_dry_run_does_not_look_at_the_role(world: World) -> None:
    """As reported in aws-cli#8873: DryRunOperation although the real call fails on the role."""
    world.iam.roles.clear()

    with pytest.raises(ApiError) as refusal:
        world.start(DryRun=True)

    assert refusal.value.code == "DryRunOperation"


def test_a_dry_run_of_a_bad_request_says_what_is_bad(world: World) -> None:
    with pytest.raises(ApiError, match="architecture=arm64"):
        world.start(DryRun=True, Architecture="arm64")


def test_a_refused_request_leaves_no_task(world: World) -> None:
    world.iam.roles.clear()

    with pytest.raises(ApiError, match="The service role vmimport provided does not exist"):
        world.start()
    assert world.book.all() == []


def test_the_same_token_gives_the_same_task(world: World) -> None:
    first = world.start(ClientToken="t", Description="x")

    assert world.start(ClientToken="t", Description="x") == first
    assert len(world.book.all()) == 1


def test_the_same_token_still_works_when_the_role_is_gone_and_the_quota_full(world: World) -> None:
    world.limits.concurrent_tasks = 1
    first = world.start(ClientToken="t")
    world.iam.roles.clear()

    assert world.start(ClientToken="t") == first


def test_the_same_token_with_other_parameters_is_refused(world: World) -> None:
    world.start(ClientToken="t", Description="x")

    with pytest.raises(ApiError) as refusal:
        world.start(ClientToken="t", Description="y")
    assert refusal.value.code == "IdempotentParameterMismatch"


def test_a_token_means_something_else_in_another_region(world: World) -> None:
    world.objects.regions["images"] = "us-east-1"
    first = world.start(ClientToken="t")
    world.objects.regions["images"] = "eu-west-1"
    second = world.operations["ImportImage"](THERE, request(ClientToken="t"))["ImportTaskId"]

    assert first != second


def test_the_sixth_active_task_of_a_region_is_refused(world: World) -> None:
    tasks = [world.start() for _ in range(5)]

    with pytest.raises(ApiError) as refusal:
        world.start()
    assert refusal.value.code == "ResourceCountLimitExceeded"
    world.operations["CancelImportTask"](HERE, {"ImportTaskId": tasks[0]})
    assert world.start()


def test_the_quota_is_the_region_s(world: World) -> None:
    world.limits.concurrent_tasks = 1
    world.start()
    world.objects.regions["images"] = "eu-west-1"

    assert world.operations["ImportImage"](THERE, request())["Status"] == "active"


def test_completed_tasks_do_not_count_against_the_quota(world: World) -> None:
    world.limits.concurrent_tasks = 1
    world.finish(world.start())

    assert world.start()


def test_a_fault_fails_the_task_in_its_phase(world: World) -> None:
    world.faults.waiting = [TaskFault("FirstBootFailure: no network", "booting")]
    task_id = world.start()
    phases = []
    while (shown := world.describe(task_id))["Status"] == "active":
        phases.append(shown["StatusMessage"])
        world.pass_time(15)

    assert phases[-1] == "booting"
    assert shown["StatusMessage"] == "FirstBootFailure: no network"
    assert world.finish(world.start())["Status"] == "completed", "a fault is taken once"


def test_a_stalled_task_stands_still_until_it_is_cancelled(world: World) -> None:
    world.faults.waiting = [TaskFault("", "converting", stall=True)]
    task_id = world.start()
    world.pass_time(3600)
    first = world.describe(task_id)
    world.pass_time(10 * 3600, step=600)

    assert world.describe(task_id) == first
    assert first["StatusMessage"] == "converting"
    world.operations["CancelImportTask"](HERE, {"ImportTaskId": task_id})
    assert world.describe(task_id)["Status"] == "deleting"


def test_a_task_is_forgotten_a_week_after_its_end(world: World) -> None:
    task_id = world.start(TagSpecifications=[{"ResourceType": "import-image-task", "Tags": [{"Key": "a"}]}])
    world.finish(task_id)
    world.clock.moment += RETENTION_SECONDS - 60
    assert world.describe(task_id)["Status"] == "completed"
    world.clock.moment += 120

    with pytest.raises(ApiError) as refusal:
        world.describe(task_id)
    assert refusal.value.code == "InvalidConversionTaskId.Malformed"
    assert world.operations["DescribeImportImageTasks"](HERE, {}) == {"ImportImageTasks": []}
    assert world.registry.tags == {}


def test_phases_without_work_begin_when_the_one_before_ended_however_late_anybody_looks(world: World) -> None:
    task_id = world.start()
    while world.describe(task_id)["StatusMessage"] != "updating":
        world.pass_time(1, step=1)
    seen = []
    for late in (191, 60, 300, 66):
        world.clock.moment += late
        seen.append(world.describe(task_id)["StatusMessage"])

    assert seen == ["updated", "preparing to boot", "booting", "booted"]


def test_time_that_jumps_does_not_skip_the_work(world: World) -> None:
    task_id = world.start()
    world.clock.moment += 86400
    world.engine.tick()

    shown = world.describe(task_id)
    assert shown["Status"] == "active"
    assert shown["SnapshotDetails"][0]["DiskImageSize"] > 0
    assert world.finish(task_id)["Status"] == "completed"
