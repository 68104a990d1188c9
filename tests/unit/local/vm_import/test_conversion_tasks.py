from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.images.builders import partitioned, vhd, vmdk
from tests.unit.local.vm_import.conversion_world import MANIFEST_URL, OURS, ConversionWorld, manifest
from tests.unit.local.vm_import.fakes import HERE, LINUX_DISK, THERE
from vmie_local.blocks import BLOCK_SIZE
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import status_messages
from vmie_local.vm_import.conversion.phases import CONVERTING, TRANSFERRING, UPDATING
from vmie_local.vm_import.task import DELETING_SECONDS, RETENTION_SECONDS, TaskFault


@pytest.fixture
def world(tmp_path: Path) -> ConversionWorld:
    return ConversionWorld(tmp_path)


def seen_until_the_end(world: ConversionWorld, task_id: str) -> list[dict[str, Any]]:
    """Every description of a task that differs from the one before, to the end."""
    seen = [world.show(task_id)]
    while seen[-1]["State"] in ("active", "cancelling"):
        world.pass_time(15)
        shown = world.show(task_id)
        if shown != seen[-1]:
            seen.append(shown)
    return seen


def test_the_first_answer_is_the_task_as_it_waits(world: ConversionWorld) -> None:
    world.clock.moment = 1_800_000_000.5
    answer = world.call(
        "ImportVolume",
        AvailabilityZoneId="use1-az2",
        Image=world.image(Format="raw"),
        Volume={"Size": 3},
        Description="data",
    )["ConversionTask"]

    assert answer.pop("ConversionTaskId").startswith("import-vol-f")
    assert answer == {
        "ExpirationTime": "2027-01-22T08:00:00Z",
        "ImportVolume": {
            "AvailabilityZone": "us-east-1b",
            "AvailabilityZoneId": "use1-az2",
            "BytesConverted": 0,
            "Description": "data",
            "Image": {"Format": "RAW", "ImportManifestUrl": MANIFEST_URL, "Size": len(LINUX_DISK)},
            "Volume": {"Size": 3},
        },
        "State": "active",
        "StatusMessage": "Pending",
    }


def test_a_volume_s_task_says_pending_then_its_progress_then_nothing(world: ConversionWorld) -> None:
    seen = seen_until_the_end(world, world.start_volume())
    messages = list(dict.fromkeys(task.get("StatusMessage", "").rstrip("0123456789%") for task in seen))

    assert messages == ["Pending", "Progress: ", ""]
    assert "Id" not in seen[-2]["ImportVolume"]["Volume"]
    (volume,) = world.machines.volumes.values()
    assert seen[-1]["ImportVolume"]["Volume"] == {"Size": 1, "Id": volume.id}
    assert seen[-1]["State"] == "completed"


def test_an_instance_s_task_is_pending_until_its_volume_is_converted(world: ConversionWorld) -> None:
    seen = seen_until_the_end(world, world.start_instance())
    pairs = [
        (task.get("StatusMessage"), volume["Status"], volume.get("StatusMessage"))
        for task in seen
        for volume in task["ImportInstance"]["Volumes"]
    ]

    assert pairs[0] == ("Pending", "active", f"Pending : Downloaded {len(LINUX_DISK)}")
    assert ("Pending", "active", "Progress: 50%") in pairs
    first = next(pair for pair in pairs if pair[0] != "Pending")
    assert first in [("Progress: 6%", "completed", None), ("Progress: 7%", "completed", None)]
    assert pairs[-1] == (None, "completed", None)
    progressing = [task for task in seen if task.get("StatusMessage", "").startswith("Progress")]
    assert all("Id" in task["ImportInstance"]["Volumes"][0]["Volume"] for task in progressing)


@pytest.mark.parametrize(
    ("declared", "image"),
    [("RAW", LINUX_DISK), ("VMDK", vmdk.stream_optimized(LINUX_DISK)), ("VHD", vhd.fixed(LINUX_DISK))],
)
def test_the_volume_holds_the_decoded_disk(world: ConversionWorld, declared: str, image: bytes) -> None:
    world.put(image, declared)
    world.end(world.start_volume(Volume={"Size": 2}))
    (volume,) = world.machines.volumes.values()
    blocks = world.blocks.require(volume.id)
    count = -(-len(LINUX_DISK) // BLOCK_SIZE)

    assert (volume.size, volume.zone, blocks.volume_size) == (2, "us-east-1a", 2)
    assert b"".join(blocks.read(n) or bytes(BLOCK_SIZE) for n in range(count)) == LINUX_DISK


def test_the_instance_is_pending_then_stopped_with_its_root_device(world: ConversionWorld) -> None:
    task_id = world.start_instance(
        LaunchSpecification={
            "InstanceType": "m3.large",
            "Architecture": "i386",
            "SubnetId": "subnet-b",
            "GroupNames": ["default"],
            "PrivateIpAddress": "10.0.0.9",
            "UserData": {"Data": "Zm9v"},
            "Monitoring": True,
            "InstanceInitiatedShutdownBehavior": "terminate",
        }
    )
    (instance_id,) = world.machines.instances
    assert world.machines.states == {instance_id: "pending"}
    shown = world.end(task_id)

    assert world.machines.states == {instance_id: "stopped"}
    (volume_id,) = world.machines.volumes
    assert world.machines.attached == {volume_id: (instance_id, "/dev/sda1")}
    assert shown["ImportInstance"]["InstanceId"] == instance_id
    assert shown["ImportInstance"]["Platform"] == "Linux"
    instance = world.machines.instances[instance_id]
    assert (instance.instance_type, instance.architecture, instance.windows) == ("m3.large", "i386", False)
    assert (instance.zone, instance.subnet_id, instance.group_ids) == ("us-east-1b", "subnet-b", ("sg-0",))
    assert (instance.private_ip, instance.user_data) == ("10.0.0.9", "Zm9v")
    assert (instance.monitoring, instance.shutdown_behavior) == (True, "terminate")


def test_windows_may_be_imported_as_any_type(world: ConversionWorld) -> None:
    world.put(partitioned.mbr_disk(4 << 20, {(1 << 20) + 3: b"NTFS    "}))
    world.end(world.start_instance(Platform="Windows", LaunchSpecification={"InstanceType": "c5.large"}))

    assert [instance.windows for instance in world.machines.instances.values()] == [True]


def test_what_the_manifest_says_is_deleted_at_the_end_and_not_before(world: ConversionWorld) -> None:
    task_id = world.start_volume()
    while not world.task_of(task_id).reached(TRANSFERRING):
        assert world.urls.deleted == []
        world.pass_time(15)
    world.end(task_id)

    assert world.urls.deleted == [f"{OURS}/image?delete", f"{OURS}/manifest?delete"]


def test_a_task_completes_even_if_nothing_may_be_deleted(world: ConversionWorld) -> None:
    world.urls.refuses_deletions = True

    assert world.end(world.start_volume())["State"] == "completed"


def test_nothing_but_blocks_is_left_on_disk(world: ConversionWorld) -> None:
    world.end(world.start_volume())
    world.end(world.start_instance())

    assert list((world.folder / "scratch").iterdir()) == []


def test_parts_are_joined_in_the_order_of_their_indexes(world: ConversionWorld) -> None:
    cut = 1_000_000
    world.urls.objects |= {"a": LINUX_DISK[:cut], "b": LINUX_DISK[cut:]}
    world.urls.objects["manifest"] = manifest(("a", cut), ("b", len(LINUX_DISK) - cut)).encode()
    world.end(world.start_volume())
    (volume,) = world.machines.volumes

    count = -(-len(LINUX_DISK) // BLOCK_SIZE)
    blocks = world.blocks.require(volume)
    assert b"".join(blocks.read(n) or bytes(BLOCK_SIZE) for n in range(count)) == LINUX_DISK
    assert world.urls.deleted == [f"{OURS}/{name}?delete" for name in ("a", "b", "manifest")]


@pytest.mark.parametrize("missing", ["manifest", "image"])
def test_what_is_not_uploaded_yet_is_waited_for(world: ConversionWorld, missing: str) -> None:
    content = world.urls.objects.pop(missing)
    task_id = world.start_volume()
    world.pass_time(6 * 86400, step=3600)
    assert world.show(task_id)["StatusMessage"] == "Pending"
    world.urls.objects[missing] = content

    assert world.end(task_id)["State"] == "completed"


def test_a_task_whose_image_is_never_uploaded_is_cancelled_when_it_expires(world: ConversionWorld) -> None:
    del world.urls.objects["image"]
    task_id = world.start_instance()
    world.pass_time(7 * 86400 + 3600, step=3600)
    shown = world.show(task_id)

    assert (shown["State"], shown["StatusMessage"]) == ("cancelled", status_messages.UPLOAD_INCOMPLETE)
    assert list(world.machines.states.values()) == ["terminated"]


@pytest.mark.parametrize("refused", ["manifest", "image"])
def test_a_refused_url_fails_the_task(world: ConversionWorld, refused: str) -> None:
    world.urls.objects[refused] = 403

    assert world.end(world.start_volume())["StatusMessage"] == status_messages.NO_ACCESS


BAD_IMAGES = {
    "sparse VMDK": (
        vmdk.sparse(LINUX_DISK),
        "VMDK",
        "ClientError: Disk validation failed [Unsupported VMDK File Format]",
    ),
    "VMDK as raw": (
        vmdk.stream_optimized(LINUX_DISK),
        "RAW",
        "ClientError: Disk validation failed [Unsupported specified file format]",
    ),
    "differencing VHD": (vhd.dynamic(LINUX_DISK, 4), "VHD", "ClientError: Footers not identical"),
}


@pytest.mark.parametrize(("image", "declared", "message"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_a_bad_image_fails_the_task_and_leaves_nothing(
    world: ConversionWorld, image: bytes, declared: str, message: str
) -> None:
    world.put(image, declared)
    task_id = world.start_volume()
    shown = world.end(task_id)

    assert (shown["State"], shown["StatusMessage"]) == ("cancelled", message)
    assert world.machines.volumes == {}
    assert world.blocks.bytes_on_disk() == 0
    assert world.urls.deleted == []


def test_a_disk_that_does_not_fit_on_the_volume_fails_the_task(world: ConversionWorld) -> None:
    capacity = (len(LINUX_DISK) // 512).to_bytes(8, "little")  # in the header and again in the footer
    huge = vmdk.stream_optimized(LINUX_DISK).replace(capacity, ((2 << 30) // 512).to_bytes(8, "little"))
    world.put(huge, "VMDK")

    assert world.end(world.start_volume())["StatusMessage"] == status_messages.VOLUME_TOO_SMALL


def test_a_root_volume_with_a_gpt_has_no_bootable_partition(world: ConversionWorld) -> None:
    disk = partitioned.gpt_disk(8 << 20, ((partitioned.LINUX_GUID, 4096, 8191, "root"),))
    disk[4096 * 512 + 0x438 : 4096 * 512 + 0x43A] = b"\x53\xef"
    world.put(bytes(disk))

    assert world.end(world.start_instance())["StatusMessage"] == "ClientError: No bootable partition found."
    assert world.end(world.start_volume())["State"] == "completed", "a data volume may have any table"


def test_an_instance_needs_an_operating_system_and_a_volume_does_not(world: ConversionWorld) -> None:
    world.put(bytes(1 << 20))

    assert (
        world.end(world.start_instance())["StatusMessage"]
        == "ClientError: No valid partitions. Not a valid volume."
    )
    assert world.end(world.start_volume())["State"] == "completed"


def test_without_a_decoder_headers_decide(world: ConversionWorld) -> None:
    world.use(None)
    world.put(vmdk.stream_optimized(LINUX_DISK), "VMDK")

    assert world.end(world.start_instance())["State"] == "completed"
    (volume,) = world.machines.volumes
    assert world.blocks.require(volume).indexes() == []


def test_encryption_by_default_encrypts_the_volume(world: ConversionWorld) -> None:
    world.machines.encrypted_by_default = True
    world.end(world.start_volume())

    assert [volume.encrypted for volume in world.machines.volumes.values()] == [True]


@pytest.mark.parametrize("phase", ["pending", CONVERTING, UPDATING])
def test_a_cancelled_instance_leaves_nothing(world: ConversionWorld, phase: str) -> None:
    task_id = world.start_instance()
    while not world.task_of(task_id).reached(phase):
        world.pass_time(15)
    world.call("CancelConversionTask", ConversionTaskId=task_id, ReasonMessage="not wanted")
    assert world.show(task_id)["State"] == "cancelling"
    world.pass_time(DELETING_SECONDS)

    shown = world.show(task_id)
    assert shown["State"] == "cancelled"
    assert shown["ImportInstance"]["Volumes"][0]["Volume"] == {"Size": 1}
    assert world.machines.volumes == {}
    assert list(world.machines.states.values()) == ["terminated"]
    assert world.blocks.bytes_on_disk() == 0
    assert world.urls.deleted == []


def test_a_task_that_transfers_the_final_disk_image_cannot_be_cancelled(world: ConversionWorld) -> None:
    task_id = world.start_volume()
    while not world.task_of(task_id).reached(TRANSFERRING):
        world.pass_time(15)
    with pytest.raises(ApiError, match=r"The conversion task cannot be canceled\.") as refusal:
        world.call("CancelConversionTask", ConversionTaskId=task_id)

    assert refusal.value.code == "DeleteConversionTaskError"
    assert world.end(task_id)["State"] == "completed"


@pytest.mark.parametrize("operation", ["ImportVolume", "ImportInstance"])
def test_a_fault_fails_the_task_in_its_phase(world: ConversionWorld, operation: str) -> None:
    world.faults.waiting = [TaskFault("ServerError: oops", CONVERTING)]
    task_id = world.start_volume() if operation == "ImportVolume" else world.start_instance()

    assert world.end(task_id)["StatusMessage"] == "ServerError: oops"


def test_a_stalled_task_stands_still_until_it_is_cancelled(world: ConversionWorld) -> None:
    world.faults.waiting = [TaskFault("", CONVERTING, stall=True)]
    task_id = world.start_volume()
    world.pass_time(3600)
    first = world.show(task_id)
    world.pass_time(10 * 3600, step=600)
    assert world.show(task_id) == first
    world.call("CancelConversionTask", ConversionTaskId=task_id)

    assert world.end(task_id)["State"] == "cancelled"


def test_every_kind_of_task_counts_against_the_quota(world: ConversionWorld) -> None:
    for start in (world.start_volume, world.start_instance, world.start_volume, world.start_instance):
        start()
    world.limits.concurrent_tasks = 5
    world.start_volume()

    for start in (world.start_volume, world.start_instance):
        with pytest.raises(ApiError, match=r"conversion task limit \(5\) exceeded") as refusal:
            start()
        assert refusal.value.code == "ResourceLimitExceeded"
    assert len(world.machines.instances) == 2, "a refused task makes no instance"


def test_an_unknown_task_is_not_described(world: ConversionWorld) -> None:
    for task_id in ("import-vol-fzzzzzzz", "import-i-fzzzzzzz", "import-ami-0123456789abcdeft", "x"):
        with pytest.raises(ApiError) as refusal:
            world.show(task_id)
        assert refusal.value.code == "InvalidConversionTaskId.Malformed"


def test_a_task_of_another_region_is_unknown(world: ConversionWorld) -> None:
    task_id = world.start_volume()

    with pytest.raises(ApiError):
        world.call("DescribeConversionTasks", THERE, ConversionTaskIds=[task_id])
    assert world.call("DescribeConversionTasks", THERE) == {"ConversionTasks": []}


def test_tasks_of_both_kinds_are_described_in_the_order_of_their_beginning(world: ConversionWorld) -> None:
    ids = []
    for start in (world.start_volume, world.start_instance, world.start_volume):
        ids.append(start())
        world.pass_time(1, step=1)
    described = world.call("DescribeConversionTasks", HERE)["ConversionTasks"]

    assert [task["ConversionTaskId"] for task in described] == ids


def test_a_task_is_forgotten_a_week_after_its_end(world: ConversionWorld) -> None:
    task_id = world.start_volume()
    world.end(task_id)
    world.clock.moment += RETENTION_SECONDS + 60

    assert world.call("DescribeConversionTasks", HERE) == {"ConversionTasks": []}
    with pytest.raises(ApiError):
        world.show(task_id)


def test_a_dry_run_starts_nothing(world: ConversionWorld) -> None:
    for start in (world.start_volume, world.start_instance):
        with pytest.raises(ApiError) as refusal:
            start(DryRun=True)
        assert refusal.value.code == "DryRunOperation"
    task_id = world.start_volume()
    for operation, member in (("DescribeConversionTasks", []), ("CancelConversionTask", task_id)):
        key = "ConversionTaskIds" if isinstance(member, list) else "ConversionTaskId"
        with pytest.raises(ApiError) as refusal:
            world.call(operation, HERE, **{key: member, "DryRun": True})
        assert refusal.value.code == "DryRunOperation"

    assert world.machines.instances == {}
    assert world.show(task_id)["State"] == "active"
