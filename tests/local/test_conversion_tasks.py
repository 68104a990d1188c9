"""ImportInstance and ImportVolume through boto3, from manifests that the runtime makes, on a real disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from tests.local import vm_disks
from tests.local.iam.roles import Role, allow, refused
from tests.local.vm_disks import digest, needs_disk_tools
from vmie_local import LocalAws
from vmie_runtime import import_manifest
from vmie_runtime.import_manifest import DiskFormat, DiskObject, ImportManifest, Scratch

BUCKET = "conversion-tests"
ZONE = "us-east-1b"
PATIENCE = 120  # real seconds; nothing is judged by it
FORMATS: tuple[DiskFormat, ...] = ("VMDK", "VHD", "RAW")
SIGNED = Config(signature_version="s3v4")
WAITING = {"Delay": 0.1, "MaxAttempts": 900}

pytestmark = needs_disk_tools


@dataclass
class Conversions:
    """A bucket with one disk in every format."""

    cloud: LocalAws
    raw: Path
    ec2: Any
    s3: Any

    def manifest(
        self, disk_format: DiskFormat, task: str, s3: Any = None
    ) -> tuple[ImportManifest, dict[str, Any]]:
        """A manifest and the `Image` of a request with it."""
        key = f"disk.{disk_format.lower()}"
        size = self.s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"]
        now, signer = datetime.now(UTC), s3 or self.s3
        manifest = ImportManifest.for_object(
            signer,
            DiskObject(BUCKET, key, size, disk_format),
            volume_gib=1,
            scratch=Scratch(BUCKET, f"scratch/{task}/"),
            now=now,
            valid_until=now + timedelta(hours=1),
        )
        url = manifest.write(signer, signer, now=now)
        return manifest, {"Format": disk_format, "Bytes": size, "ImportManifestUrl": url}

    def import_volume(self, image: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        given = {"AvailabilityZone": ZONE, "Image": image, "Volume": {"Size": 1}, **parameters}
        task: dict[str, Any] = self.ec2.import_volume(**given)["ConversionTask"]
        return task

    def import_instance(self, image: dict[str, Any], **launch: Any) -> dict[str, Any]:
        task: dict[str, Any] = self.ec2.import_instance(
            Platform="Linux",
            Description="web server",
            LaunchSpecification={
                "InstanceType": "m3.medium",
                "Placement": {"AvailabilityZone": ZONE},
                **launch,
            },
            DiskImages=[{"Image": image, "Volume": {"Size": 1}, "Description": "root"}],
        )["ConversionTask"]
        return task

    def describe(self, task_id: str) -> dict[str, Any]:
        (task,) = self.ec2.describe_conversion_tasks(ConversionTaskIds=[task_id])["ConversionTasks"]
        return dict(task)

    def until(self, task_id: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            task = self.describe(task_id)
            if wanted(task):
                return task
            time.sleep(0.02)
        raise AssertionError(f"{task_id} never came there: {task}")

    def finish(self, task_id: str) -> dict[str, Any]:
        return self.until(task_id, lambda task: task["State"] in ("completed", "cancelled"))

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [entry["Key"] for entry in listed]

    def volumes(self, *ids: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ec2.describe_volumes(VolumeIds=list(ids))["Volumes"]
        return found

    def instance(self, instance_id: str) -> dict[str, Any]:
        (reservation,) = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        (instance,) = reservation["Instances"]
        return dict(instance)

    def bytes_of(self, volume_id: str) -> bytes:
        """What a volume holds, by way of a snapshot of it."""
        snapshot = self.ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=WAITING)
        data, _ = vm_disks.read_snapshot(self.cloud.client("ebs"), snapshot)
        self.ec2.delete_snapshot(SnapshotId=snapshot)
        return data

    def assert_holds_the_disk(self, volume_id: str) -> None:
        data, original = self.bytes_of(volume_id), self.raw.read_bytes()
        assert digest(data[: len(original)].ljust(len(original), b"\0")) == digest(original)
        assert not any(data[len(original) :])


@pytest.fixture(scope="module")
def conversions(cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Conversions:
    raw = vm_disks.make_raw(tmp_path_factory.mktemp("disks"))
    s3 = cloud.client("s3", config=SIGNED)
    s3.create_bucket(Bucket=BUCKET)
    for disk_format in FORMATS:
        path = raw if disk_format == "RAW" else vm_disks.convert(raw, disk_format.lower())
        s3.upload_file(str(path), BUCKET, f"disk.{disk_format.lower()}")
    return Conversions(cloud, raw, cloud.client("ec2"), s3)


@pytest.fixture(scope="module")
def volumes(conversions: Conversions) -> dict[str, dict[str, Any]]:
    """The completed tasks of volumes, one for each format."""
    ids = {}
    for disk_format in FORMATS:
        _, image = conversions.manifest(disk_format, f"volume-{disk_format}")
        ids[disk_format] = conversions.import_volume(image, Description=disk_format)["ConversionTaskId"]
    conversions.ec2.get_waiter("conversion_task_completed").wait(
        ConversionTaskIds=list(ids.values()), WaiterConfig=WAITING
    )
    return {disk_format: conversions.describe(task_id) for disk_format, task_id in ids.items()}


@pytest.fixture(scope="module")
def instance(conversions: Conversions) -> dict[str, Any]:
    """A completed task of an instance."""
    _, image = conversions.manifest("VMDK", "instance")
    started = conversions.import_instance(image)
    instance = conversions.instance(started["ImportInstance"]["InstanceId"])
    assert (instance["State"]["Name"], instance["BlockDeviceMappings"]) == ("pending", [])
    return conversions.finish(started["ConversionTaskId"])


@pytest.mark.parametrize("disk_format", FORMATS)
def test_the_volume_holds_the_disk_byte_for_byte(
    conversions: Conversions, volumes: dict[str, dict[str, Any]], disk_format: str
) -> None:
    detail = volumes[disk_format]["ImportVolume"]
    (volume,) = conversions.volumes(detail["Volume"]["Id"])

    assert (volume["Size"], volume["AvailabilityZone"], volume["State"]) == (1, ZONE, "available")
    conversions.assert_holds_the_disk(volume["VolumeId"])


@pytest.mark.parametrize("disk_format", FORMATS)
def test_a_completed_task_tells_its_volume_and_no_message(
    volumes: dict[str, dict[str, Any]], disk_format: str
) -> None:
    task = volumes[disk_format]
    detail = task["ImportVolume"]

    assert task["State"] == "completed"
    assert "StatusMessage" not in task
    assert detail["BytesConverted"] == detail["Image"]["Size"]
    assert (detail["Description"], detail["AvailabilityZone"]) == (disk_format, ZONE)


def test_the_image_stays_and_the_manifest_goes(
    conversions: Conversions, volumes: dict[str, dict[str, Any]]
) -> None:
    assert conversions.keys("disk.") == ["disk.raw", "disk.vhd", "disk.vmdk"]
    assert conversions.keys("scratch/volume-") == []


def test_the_instance_arrives_stopped_with_its_disk(
    conversions: Conversions, instance: dict[str, Any]
) -> None:
    detail = instance["ImportInstance"]
    (volume,) = detail["Volumes"]
    described = conversions.instance(detail["InstanceId"])

    assert instance["State"] == "completed"
    assert described["State"]["Name"] == "stopped"
    assert (described["InstanceType"], described["Architecture"]) == ("m3.medium", "x86_64")
    assert described["Placement"]["AvailabilityZone"] == ZONE
    assert described["RootDeviceName"] == "/dev/sda1"
    (mapping,) = described["BlockDeviceMappings"]
    assert (mapping["DeviceName"], mapping["Ebs"]["VolumeId"]) == ("/dev/sda1", volume["Volume"]["Id"])
    assert (volume["Status"], volume["Description"]) == ("completed", "root")
    conversions.assert_holds_the_disk(volume["Volume"]["Id"])


def test_an_ami_of_the_instance_holds_the_disk(conversions: Conversions, instance: dict[str, Any]) -> None:
    ec2, instance_id = conversions.ec2, instance["ImportInstance"]["InstanceId"]
    image_id = ec2.create_image(InstanceId=instance_id, Name="converted")["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image_id], WaiterConfig=WAITING)
    (image,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    (mapping,) = image["BlockDeviceMappings"]
    data, _ = vm_disks.read_snapshot(conversions.cloud.client("ebs"), mapping["Ebs"]["SnapshotId"])
    original = conversions.raw.read_bytes()

    assert digest(data[: len(original)].ljust(len(original), b"\0")) == digest(original)


def test_a_task_goes_from_pending_through_its_progress(conversions: Conversions) -> None:
    _, image = conversions.manifest("VHD", "progress")
    first = conversions.import_volume(image)
    assert (first["State"], first["StatusMessage"]) == ("active", "Pending")
    assert "Id" not in first["ImportVolume"]["Volume"]
    seen = conversions.until(first["ConversionTaskId"], lambda task: "%" in task.get("StatusMessage", ""))

    assert seen["StatusMessage"].startswith("Progress: ")
    assert seen["ImportVolume"]["BytesConverted"] == image["Bytes"]
    conversions.finish(first["ConversionTaskId"])


def test_the_volume_of_a_cancelled_task_never_appears(conversions: Conversions) -> None:
    before = {volume["VolumeId"] for volume in conversions.volumes()}
    _, image = conversions.manifest("VMDK", "cancelled")
    task_id = conversions.import_volume(image)["ConversionTaskId"]
    conversions.ec2.cancel_conversion_task(ConversionTaskId=task_id, ReasonMessage="not wanted")
    assert conversions.describe(task_id)["State"] == "cancelling"
    conversions.ec2.get_waiter("conversion_task_cancelled").wait(
        ConversionTaskIds=[task_id], WaiterConfig=WAITING
    )

    assert {volume["VolumeId"] for volume in conversions.volumes()} == before
    with pytest.raises(ClientError, match=r"DeleteConversionTaskError.*cannot be canceled"):
        conversions.ec2.cancel_conversion_task(ConversionTaskId=task_id)
    with pytest.raises(WaiterError, match="terminal failure state"):
        conversions.ec2.get_waiter("conversion_task_completed").wait(ConversionTaskIds=[task_id])


def test_cancelling_an_instance_s_task_terminates_the_instance(conversions: Conversions) -> None:
    _, image = conversions.manifest("RAW", "cancelled-instance")
    started = conversions.import_instance(image)
    task_id, instance_id = started["ConversionTaskId"], started["ImportInstance"]["InstanceId"]
    shown = conversions.until(task_id, lambda task: "Id" in task["ImportInstance"]["Volumes"][0]["Volume"])
    conversions.ec2.cancel_conversion_task(ConversionTaskId=task_id)
    ended = conversions.finish(task_id)

    assert ended["State"] == "cancelled"
    assert conversions.instance(instance_id)["State"]["Name"] == "terminated"
    volume_id = shown["ImportInstance"]["Volumes"][0]["Volume"]["Id"]
    with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
        conversions.volumes(volume_id)
    assert conversions.cloud.vm_import.blocks.find(volume_id) is None


def test_a_fault_fails_the_task(conversions: Conversions) -> None:
    conversions.cloud.front_door.faults.add(
        {"Operation": "ImportVolume", "StatusMessage": "ClientError: Footers not identical"}
    )
    _, image = conversions.manifest("VHD", "fault")
    task = conversions.finish(conversions.import_volume(image)["ConversionTaskId"])

    assert (task["State"], task["StatusMessage"]) == ("cancelled", "ClientError: Footers not identical")
    assert conversions.keys("scratch/fault/") == ["scratch/fault/manifest.xml"], (
        "removed after a success only"
    )


def test_conversion_tasks_share_the_quota_of_all_imports(conversions: Conversions) -> None:
    limits = conversions.cloud.vm_import.limits
    _, image = conversions.manifest("RAW", "quota")
    before, limits.concurrent_tasks = limits.concurrent_tasks, 1
    try:
        task_id = conversions.import_volume(image)["ConversionTaskId"]
        with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*conversion task limit \(1\) exceeded"):
            conversions.import_instance(image)
        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            conversions.import_volume(image)
        conversions.ec2.cancel_conversion_task(ConversionTaskId=task_id)
        again = conversions.import_volume(image)["ConversionTaskId"]
        conversions.ec2.cancel_conversion_task(ConversionTaskId=again)
    finally:
        limits.concurrent_tasks = before
    assert conversions.finish(again)["State"] == "cancelled"


def parts_manifest(conversions: Conversions, keys: list[str], sizes: list[int]) -> bytes:
    """A manifest as the EC2 CLI wrote it: parts that are objects of their own."""

    def sign(operation: str, key: str) -> str:
        url = conversions.s3.generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": key})
        return escape(url)

    parts, start = [], 0
    for index, (key, size) in enumerate(zip(keys, sizes, strict=True)):
        parts.append(
            f'<part index="{index}"><byte-range end="{start + size - 1}" start="{start}"/><key>{key}</key>'
            f"<head-url>{sign('head_object', key)}</head-url><get-url>{sign('get_object', key)}</get-url>"
            f"<delete-url>{sign('delete_object', key)}</delete-url></part>"
        )
        start += size
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><manifest><version>2010-11-15</version>'
        "<file-format>RAW</file-format><importer><name>ec2-upload-disk-image</name><version>1.0.0</version>"
        "<release>2010-11-15</release></importer><self-destruct-url>"
        f"{sign('delete_object', 'parts/manifest.xml')}</self-destruct-url><import><size>{start}</size>"
        f'<volume-size>1</volume-size><parts count="{len(keys)}">{"".join(parts)}</parts></import></manifest>'
    ).encode()


def test_parts_are_waited_for_joined_and_deleted(conversions: Conversions) -> None:
    """As the EC2 CLI did it: the task first, then the manifest and the parts."""
    disk = conversions.raw.read_bytes()
    pieces = [disk[at : at + (10 << 20)] for at in range(0, len(disk), 10 << 20)]
    keys = [f"parts/disk.part{number}" for number in range(len(pieces))]
    place = {"Bucket": BUCKET, "Key": "parts/manifest.xml"}
    image = {
        "Format": "RAW",
        "Bytes": len(disk),
        "ImportManifestUrl": conversions.s3.generate_presigned_url("get_object", Params=place),
    }
    task_id = conversions.import_volume(image)["ConversionTaskId"]
    conversions.s3.put_object(
        **place, Body=parts_manifest(conversions, keys, [len(piece) for piece in pieces])
    )
    for key, piece in zip(keys[:-1], pieces[:-1], strict=True):
        conversions.s3.put_object(Bucket=BUCKET, Key=key, Body=piece)
    conversions.cloud.clock.sleep(300)
    assert conversions.describe(task_id)["StatusMessage"] == "Pending"
    conversions.s3.put_object(Bucket=BUCKET, Key=keys[-1], Body=pieces[-1])
    task = conversions.finish(task_id)

    assert task["State"] == "completed", task
    conversions.assert_holds_the_disk(task["ImportVolume"]["Volume"]["Id"])
    assert conversions.keys("parts/") == []


@pytest.fixture
def reader(conversions: Conversions) -> Iterator[Any]:
    """S3 as a role that may write and read scratch objects, and nothing else."""
    may = allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{BUCKET}/scratch/*")
    role = Role(conversions.cloud, "conversion-tests-reader", may)
    yield conversions.cloud.client("s3", role_arn=role.arn, config=SIGNED)
    role.iam.delete_role_policy(RoleName=role.name, PolicyName="Inline")
    role.iam.delete_role(RoleName=role.name)


def test_urls_read_what_their_signer_may_read(conversions: Conversions, reader: Any) -> None:
    _, image = conversions.manifest("RAW", "denied", reader)
    task = conversions.finish(conversions.import_volume(image)["ConversionTaskId"])

    assert (task["State"], task["StatusMessage"]) == (
        "cancelled",
        "ClientError: Disk validation failed [We do not have access to the given resource. "
        "Reason 403 Forbidden]",
    )


def test_each_operation_needs_its_permission(conversions: Conversions) -> None:
    role = Role(conversions.cloud, "conversion-tests-importer", allow("ec2:ImportVolume"))
    ec2 = role.client("ec2")
    _, image = conversions.manifest("RAW", "permissions")
    started = ec2.import_volume(AvailabilityZone=ZONE, Image=image, Volume={"Size": 1})
    task_id = started["ConversionTask"]["ConversionTaskId"]
    disks = [{"Image": image, "Volume": {"Size": 1}}]
    denied = "UnauthorizedOperation"
    refused(lambda: ec2.import_instance(Platform="Windows", DiskImages=disks), denied)
    refused(lambda: ec2.describe_conversion_tasks(ConversionTaskIds=[task_id]), denied)
    refused(lambda: ec2.cancel_conversion_task(ConversionTaskId=task_id), denied)
    role.may(allow(["ec2:CancelConversionTask", "ec2:DescribeConversionTasks"]))
    ec2.cancel_conversion_task(ConversionTaskId=task_id)

    (task,) = ec2.describe_conversion_tasks(ConversionTaskIds=[task_id])["ConversionTasks"]
    assert task["State"] in ("cancelling", "cancelled")


def test_a_manifest_that_is_the_image_itself_fails_the_task(conversions: Conversions) -> None:
    url = conversions.s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "disk.raw"})
    size = conversions.raw.stat().st_size
    task = conversions.finish(
        conversions.import_volume({"Format": "RAW", "Bytes": size, "ImportManifestUrl": url})[
            "ConversionTaskId"
        ]
    )

    assert task["StatusMessage"].startswith("ClientError: The import manifest is not valid")


def test_a_manifest_elsewhere_is_refused_and_never_asked_for(conversions: Conversions) -> None:
    image = {"Format": "RAW", "Bytes": 1, "ImportManifestUrl": "http://169.254.169.254/latest/meta-data/"}

    with pytest.raises(ClientError, match="Invalid S3 source location"):
        conversions.import_volume(image)


def test_an_unknown_task_is_not_described(conversions: Conversions) -> None:
    for task_id in ("import-vol-f0000000", "import-i-f0000000", "import-ami-0000000000000000t", "nonsense"):
        with pytest.raises(ClientError, match=r"InvalidConversionTaskId\.Malformed"):
            conversions.ec2.describe_conversion_tasks(ConversionTaskIds=[task_id])
        with pytest.raises(ClientError, match=r"InvalidConversionTaskId\.Malformed"):
            conversions.ec2.cancel_conversion_task(ConversionTaskId=task_id)


def test_all_tasks_of_a_region_are_described(
    conversions: Conversions, volumes: dict[str, dict[str, Any]], instance: dict[str, Any]
) -> None:
    known = {task["ConversionTaskId"] for task in (*volumes.values(), instance)}
    here = conversions.ec2.describe_conversion_tasks()["ConversionTasks"]
    there = conversions.cloud.client("ec2", region="eu-west-1").describe_conversion_tasks()

    assert known <= {task["ConversionTaskId"] for task in here}
    assert there["ConversionTasks"] == []


def test_removing_the_manifest_takes_it_away_whatever_became_of_the_task(conversions: Conversions) -> None:
    manifest, _ = conversions.manifest("RAW", "removed")
    assert conversions.keys("scratch/removed/") == ["scratch/removed/manifest.xml"]
    import_manifest.remove(conversions.s3, manifest.scratch)

    assert conversions.keys("scratch/removed/") == []
