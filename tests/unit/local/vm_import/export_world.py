"""The exports with S3 and EC2 faked, on top of the fakes of imports."""

# ruff: noqa: ARG002 - fakes take what the ports give

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.unit.local.vm_import.fakes import HERE, FakeDecoder, World
from vmie_local.blocks import BLOCK_SIZE, SnapshotBlocks
from vmie_local.front_door.api_call import ApiError
from vmie_local.place import Place
from vmie_local.vm_import import ids
from vmie_local.vm_import.exports.grantees import grantees
from vmie_local.vm_import.exports.operations import Books, operations
from vmie_local.vm_import.exports.ports import BucketControls, Disk, Machine, StoreRefusedError
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.exports.task import ExportTask
from vmie_local.vm_import.quota import Quota
from vmie_local.vm_import.surroundings import Surroundings

AMI, INSTANCE = "ami-0123456789abcdef0", "i-0123456789abcdef0"
GRANTEE = grantees()[HERE.region]
BLOCK = b"vmie" * (BLOCK_SIZE // 4)


class FakeUpload:
    """A file that becomes an object when it is finished."""

    def __init__(self, buckets: FakeBuckets, address: tuple[str, str], content: bytes) -> None:
        self.buckets, self.address, self.content = buckets, address, content
        buckets.pending.add(address)

    def finish(self) -> None:
        if self.buckets.refusal:
            raise self.buckets.refusal
        self.buckets.pending.remove(self.address)
        self.buckets.objects[self.address] = self.content

    def discard(self) -> None:
        self.buckets.pending.discard(self.address)


class FakeBuckets:
    """S3."""

    def __init__(self) -> None:
        home = BucketControls(
            HERE.account,
            HERE.region,
            "BucketOwnerPreferred",
            ((GRANTEE, "WRITE"), (GRANTEE, "READ_ACP")),
            None,
            "AES256",
        )
        self.buckets = {
            "exports": home,
            "far": replace(home, region="eu-west-1"),
            "foreign": replace(home, account="210987654321"),
        }
        self.objects: dict[tuple[str, str], bytes] = {}
        self.pending: set[tuple[str, str]] = set()
        self.writers: list[str | None] = []
        self.refusal: StoreRefusedError | None = None

    def change(self, **controls: Any) -> None:
        self.buckets["exports"] = replace(self.buckets["exports"], **controls)

    def controls(self, bucket: str) -> BucketControls | None:
        return self.buckets.get(bucket)

    def write_probe(self, place: Place, role_arn: str | None, bucket: str, key: str) -> None:
        if self.refusal:
            raise self.refusal
        self.writers.append(role_arn)
        self.objects[bucket, key] = b""

    def upload(self, place: Place, role_arn: str | None, bucket: str, key: str, file: Path) -> FakeUpload:
        self.writers.append(role_arn)
        with file.open("rb") as stored:
            content = stored.read(4 * BLOCK_SIZE)
        file.unlink()
        return FakeUpload(self, (bucket, key), content)


class FakeMachines:
    """EC2: one AMI and one instance, each with one disk of 1 GiB."""

    def __init__(self, world: World) -> None:
        self.world = world
        disk = Disk("/dev/sda1", 1, "snap-1", HERE.account)
        self.images = {AMI: Machine(AMI, HERE.account, "available", (disk,))}
        self.instances = {
            INSTANCE: Machine(INSTANCE, HERE.account, "running", (replace(disk, volume_id="vol-1"),))
        }

    def image(self, place: Place, image_id: str) -> Machine:
        if image_id not in self.images:
            raise ApiError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
        return self.images[image_id]

    def instance(self, place: Place, instance_id: str) -> Machine:
        if instance_id not in self.instances:
            raise ApiError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
        return self.instances[instance_id]

    def blocks(self, place: Place, disk: Disk) -> SnapshotBlocks | None:
        return self.world.blocks.find(disk.snapshot_id or disk.volume_id or "")

    def change_image(self, **facts: Any) -> None:
        self.images[AMI] = replace(self.images[AMI], **facts)

    def change_instance(self, **facts: Any) -> None:
        self.instances[INSTANCE] = replace(self.instances[INSTANCE], **facts)

    def change_disk(self, **facts: Any) -> None:
        for machines in (self.images, self.instances):
            for name, machine in machines.items():
                machines[name] = replace(machine, disks=(replace(machine.disks[0], **facts),))


class FakeEncoder:
    """Writes the format's name and the disk's first block."""

    error: Exception | None = None

    def encode(self, raw: Path, target: Path, disk_format: str, cancelled: threading.Event) -> None:
        if self.error:
            raise self.error
        with raw.open("rb") as disk:
            target.write_bytes(disk_format.encode() + disk.read(BLOCK_SIZE))


class ExportWorld(World):
    """Imports and exports in one account."""

    def __init__(self, folder: Path) -> None:
        self.export_books = Books()
        super().__init__(folder)
        self.engine.tasks = self.tasks
        self.buckets, self.machines, self.encoder = FakeBuckets(), FakeMachines(self), FakeEncoder()
        self.blocks.create("snap-1", 1).write(0, BLOCK)
        self.export(self.encoder)

    def tasks(self) -> list[Any]:
        return [*super().tasks(), *self.export_books.images.all(), *self.export_books.instances.all()]

    def surroundings(self, decoder: FakeDecoder | None) -> Surroundings:
        books = (*vars(self.books).values(), *vars(self.export_books).values())
        return replace(super().surroundings(decoder), quota=Quota(self.limits, books))

    def export(self, encoder: FakeEncoder | None, iam: Any = "enforce") -> None:
        around = ExportSurroundings(
            self.surroundings(self.decoder), self.buckets, self.machines, encoder, iam
        )
        self.operations |= operations(around, self.export_books)

    def start_image(self, **parameters: Any) -> str:
        return str(self.call("ExportImage", **{**image_request(), **parameters})["ExportImageTaskId"])

    def start_instance(self, **parameters: Any) -> str:
        answer = self.call("CreateInstanceExportTask", **{**instance_request(), **parameters})
        return str(answer["ExportTask"]["ExportTaskId"])

    def show(self, task_id: str) -> dict[str, Any]:
        if ids.is_id(ids.EXPORT_IMAGE, task_id):
            answer = self.call("DescribeExportImageTasks", ExportImageTaskIds=[task_id])
            return dict(answer["ExportImageTasks"][0])
        return dict(self.call("DescribeExportTasks", ExportTaskIds=[task_id])["ExportTasks"][0])

    def end(self, task_id: str) -> dict[str, Any]:
        """Let time pass until a task has ended for good."""
        for _ in range(1000):
            shown = self.show(task_id)
            if shown.get("Status", shown.get("State")) not in ("active", "deleting", "cancelling"):
                return shown
            self.pass_time(15)
        raise AssertionError(f"{task_id} never ended")

    def export_task(self, task_id: str) -> ExportTask:
        return cast(ExportTask, self.task(task_id))


def image_request(**parameters: Any) -> dict[str, Any]:
    location = {"S3Bucket": "exports", "S3Prefix": "out/"}
    return {"ImageId": AMI, "DiskImageFormat": "VMDK", "S3ExportLocation": location, **parameters}


def instance_request(**target: Any) -> dict[str, Any]:
    given = {"ContainerFormat": "ova", "DiskImageFormat": "VMDK", "S3Bucket": "exports", "S3Prefix": "vms/"}
    kept = {name: value for name, value in {**given, **target}.items() if value is not None}
    return {"InstanceId": INSTANCE, "TargetEnvironment": "vmware", "ExportToS3Task": kept}
