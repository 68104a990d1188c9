"""The import service with everything around it faked: a clock that stands still, S3, IAM, EC2 in memory."""

# ruff: noqa: ARG002 - fakes take what the ports give

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tests.unit.images.builders import partitioned, vmdk
from vmie_local.blocks import BlockStore
from vmie_local.blocks.ports import Snapshot
from vmie_local.clock import Clock
from vmie_local.disk_images.detection import DiskImage
from vmie_local.place import Place
from vmie_local.vm_import import imports
from vmie_local.vm_import.limits import Limits
from vmie_local.vm_import.ports import FetchRefusedError, NewImage, NewSnapshot, ServiceRole
from vmie_local.vm_import.quota import Quota
from vmie_local.vm_import.service_role import ServiceRoles
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task import Task, TaskFault, Work
from vmie_local.vm_import.task_book import TaskBook

HERE = Place("123456789012", "us-east-1")
THERE = Place("123456789012", "eu-west-1")
EXT4_MAGIC = {partitioned.MIB + 0x438: b"\x53\xef"}
LINUX_DISK = partitioned.mbr_disk(4 * partitioned.MIB, EXT4_MAGIC)


class FakeClock(Clock):
    """A clock that only a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 1_800_000_000.0

    def now(self) -> float:
        return self.moment


@dataclass
class FakeJob:
    """Work that runs when the test says so."""

    work: Work
    cancelled: threading.Event
    clock: FakeClock
    ran: bool = False
    end: float = 0.0
    value: Any = None
    error: Exception | None = None

    def run(self) -> None:
        self.ran, self.end = True, self.clock.now()
        try:
            self.value = self.work(self.cancelled)
        except Exception as error:  # noqa: BLE001 - handed on by `result`
            self.error = error

    def done(self) -> bool:
        return self.ran

    def ended_at(self) -> float:
        return self.end

    def result(self) -> Any:
        if self.error:
            raise self.error
        return self.value


class ManualEngine:
    """An engine whose workers run at once, or wait for the test."""

    def __init__(self, clock: FakeClock, tasks: Callable[[], list[Any]]) -> None:
        self.lock = threading.RLock()
        self.clock, self.tasks = clock, tasks
        self.hold = False
        self.jobs: list[FakeJob] = []

    def begin(self, work: Work, cancelled: threading.Event) -> FakeJob:
        job = FakeJob(work, cancelled, self.clock)
        self.jobs.append(job)
        if not self.hold:
            job.run()
        return job

    def tick(self) -> None:
        for task in self.tasks():
            task.advance(self.clock.now(), self)

    def wake(self) -> None:
        """Nothing sleeps here."""


class FakeObjects:
    """S3."""

    def __init__(self) -> None:
        self.regions = {"images": "us-east-1", "far": "eu-west-1"}
        self.contents: dict[tuple[str, str], bytes | int] = {}

    def bucket_region(self, role_arn: str, bucket: str) -> str | None:
        return self.regions.get(bucket)

    def fetch(
        self, place: Place, role_arn: str, bucket: str, key: str, target: Path, cancelled: threading.Event
    ) -> None:
        content = self.contents.get((bucket, key), 404)
        if isinstance(content, int):
            raise FetchRefusedError(content)
        target.write_bytes(content)


class FakeRoles:
    """IAM: what each role may not do, and when it was changed."""

    def __init__(self) -> None:
        self.roles = {"vmimport": ServiceRole("arn:aws:iam::123456789012:role/vmimport", {}, (), None, 0.0)}
        self.denied: set[tuple[str, str]] = set()
        self.trusted = True
        self.asked: list[tuple[str, str]] = []
        self.contexts: list[Mapping[str, str]] = []

    def find(self, account: str, name: str) -> ServiceRole | None:
        return self.roles.get(name)

    def may_assume(self, role: ServiceRole, service: str, context: Mapping[str, str]) -> bool:
        self.contexts.append(context)
        return self.trusted and service == "vmie.amazonaws.com"

    def allows(self, role: ServiceRole, action: str, resource: str, context: Mapping[str, str]) -> bool:
        self.asked.append((action, resource))
        return (action, resource) not in self.denied


@dataclass
class FakeRegistry:
    """EC2."""

    snapshots: dict[str, NewSnapshot] = field(default_factory=dict)
    images: dict[str, NewImage] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    encrypted_by_default: bool = False
    snapshot_status: str = "completed"
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def encrypts_by_default(self, place: Place) -> bool:
        return self.encrypted_by_default

    def snapshot(self, place: Place, snapshot_id: str) -> Snapshot | None:
        size = self.sizes.get(snapshot_id)
        return Snapshot(snapshot_id, size, self.snapshot_status) if size else None

    def add_snapshot(self, place: Place, snapshot: NewSnapshot) -> None:
        self.snapshots[snapshot.id] = snapshot

    def remove_snapshot(self, place: Place, snapshot_id: str) -> None:
        self.snapshots.pop(snapshot_id, None)

    def add_image(self, place: Place, image: NewImage) -> str:
        image_id = f"ami-{next(self.numbers):017x}"
        self.images[image_id] = image
        return image_id

    def tags_of(self, place: Place, resource_id: str) -> dict[str, str]:
        return dict(self.tags.get(resource_id, {}))

    def tag(self, place: Place, resource_id: str, tags: Mapping[str, str]) -> None:
        self.tags.setdefault(resource_id, {}).update(tags)

    def untag(self, place: Place, resource_id: str) -> None:
        self.tags.pop(resource_id, None)


class FakeKeys:
    """KMS: every key is usable but one."""

    def usable(self, place: Place, key_id: str) -> bool:
        return key_id != "alias/disabled"


class FakeFaults:
    """Faults in the order they are taken."""

    def __init__(self) -> None:
        self.waiting: list[TaskFault] = []

    def take(self, operation: str) -> TaskFault | None:
        return self.waiting.pop(0) if self.waiting else None


class FakeDecoder:
    """Decodes every image to one disk."""

    def __init__(self, disk: bytes = LINUX_DISK) -> None:
        self.disk = disk
        self.error: Exception | None = None

    def decode(self, image: DiskImage, target: Path, cancelled: threading.Event) -> None:
        if self.error:
            raise self.error
        target.write_bytes(self.disk)


class World:
    """The service and its surroundings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.limits = Limits()
        self.books = imports.Books()
        self.book: TaskBook[Any] = self.books.images
        self.engine = ManualEngine(
            self.clock, lambda: [*self.books.images.all(), *self.books.snapshots.all()]
        )
        self.objects, self.iam, self.registry, self.faults = (
            FakeObjects(),
            FakeRoles(),
            FakeRegistry(),
            FakeFaults(),
        )
        self.decoder = FakeDecoder()
        self.blocks = BlockStore(folder / "snapshots")
        self.roles = ServiceRoles(self.iam)
        self.objects.contents["images", "web.vmdk"] = vmdk.stream_optimized(LINUX_DISK)
        self.use(self.decoder)

    def tasks(self) -> list[Any]:
        return [*self.books.images.all(), *self.books.snapshots.all()]

    def surroundings(self, decoder: FakeDecoder | None) -> Surroundings:
        return Surroundings(
            clock=self.clock,
            quota=Quota(self.limits, (self.books.images, self.books.snapshots)),
            engine=self.engine,  # type: ignore[arg-type]
            roles=self.roles,
            objects=self.objects,
            blocks=self.blocks,
            decoder=decoder,
            registry=self.registry,
            keys=FakeKeys(),
            faults=self.faults,
            scratch=self.folder / "scratch",
        )

    def use(self, decoder: FakeDecoder | None) -> None:
        self.operations = imports.operations(self.surroundings(decoder), self.books)

    def call(self, operation: str, place: Place = HERE, **parameters: Any) -> dict[str, Any]:
        return self.operations[operation](place, parameters)

    def start(self, **parameters: Any) -> str:
        """Start an import of `web.vmdk`; returns the task's id."""
        return str(self.call("ImportImage", **{**request(), **parameters})["ImportTaskId"])

    def describe(self, task_id: str) -> dict[str, Any]:
        answer = self.call("DescribeImportImageTasks", ImportTaskIds=[task_id])
        task: dict[str, Any] = answer["ImportImageTasks"][0]
        return task

    def pass_time(self, seconds: float, step: float = 15.0) -> None:
        """Move the clock in steps, and let tasks go on at each."""
        end = self.clock.moment + seconds
        while self.clock.moment < end:
            self.clock.moment = min(end, self.clock.moment + step)
            self.engine.tick()

    def finish(self, task_id: str) -> dict[str, Any]:
        """Let time pass until a task is not active any more."""
        for _ in range(1000):
            shown = self.describe(task_id)
            if shown["Status"] != "active":
                return shown
            self.pass_time(15)
        raise AssertionError(f"{task_id} never ended")

    def task(self, task_id: str) -> Task:
        (found,) = (task for task in self.tasks() if task.id == task_id)
        return cast(Task, found)


def container(key: str = "web.vmdk", declared: str | None = "VMDK", bucket: str = "images") -> dict[str, Any]:
    given: dict[str, Any] = {"UserBucket": {"S3Bucket": bucket, "S3Key": key}}
    return {**given, "Format": declared} if declared else given


def request(*containers: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    return {"DiskContainers": list(containers) or [container()], **parameters}
