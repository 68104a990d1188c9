"""The conversion service with everything around it faked: S3 by URLs, EC2's machines in memory."""

# ruff: noqa: ARG002 - fakes take what the ports give

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.unit.local.vm_import.fakes import HERE, LINUX_DISK, FakeDecoder, World
from vmie_local.place import Place
from vmie_local.vm_import.conversion import operations as conversion
from vmie_local.vm_import.conversion.ports import ForeignUrlError, NewInstance, NewVolume
from vmie_local.vm_import.conversion.task import Conversions
from vmie_local.vm_import.ports import FetchRefusedError
from vmie_local.vm_import.quota import Quota

OURS = "http://s3.local"
MANIFEST_URL = f"{OURS}/manifest"
ZONES = {"us-east-1a": "use1-az1", "us-east-1b": "use1-az2"}


def manifest(*parts: tuple[str, int], declared: str = "RAW", **changes: str) -> str:
    """A manifest of parts, given as name and size; `changes` replace pieces of its text."""
    rows, start = [], 0
    for index, (name, size) in enumerate(parts):
        urls = "".join(f"<{verb}-url>{OURS}/{name}?{verb}</{verb}-url>" for verb in ("head", "get", "delete"))
        rows.append(
            f'<part index="{index}"><byte-range start="{start}" end="{start + size - 1}"/>'
            f"<key>{name}</key>{urls}</part>"
        )
        start += size
    text = (
        f"<manifest><version>2010-11-15</version><file-format>{declared}</file-format><importer>"
        "<name>tests</name><version>1</version><release>1</release></importer>"
        f"<self-destruct-url>{OURS}/manifest?delete</self-destruct-url><import><size>{start}</size>"
        f'<volume-size>1</volume-size><parts count="{len(parts)}">{"".join(rows)}</parts></import></manifest>'
    )
    for found, other in changes.items():
        text = text.replace(found, other)
    return text


class FakeUrls:
    """S3 by URLs: objects by the name before the `?`, or the status that S3 refuses them with."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes | int] = {}
        self.deleted: list[str] = []
        self.refuses_deletions = False

    def leads_here(self, url: str) -> bool:
        return url.startswith(f"{OURS}/")

    def read(self, url: str, most: int) -> bytes:
        return self._get(url)[:most]

    def download(
        self, url: str, target: Path, cancelled: threading.Event, on_bytes: Callable[[int], None]
    ) -> int:
        content = self._get(url)
        with target.open("ab") as file:
            file.write(content)
        on_bytes(len(content))
        return len(content)

    def exists(self, url: str) -> bool:
        try:
            self._get(url)
        except FetchRefusedError as error:
            if error.http_status != 404:
                raise
            return False
        return True

    def delete(self, url: str) -> None:
        if self.refuses_deletions:
            raise FetchRefusedError(403)
        self.deleted.append(url)

    def _get(self, url: str) -> bytes:
        if not self.leads_here(url):
            raise ForeignUrlError
        content = self.objects.get(url.removeprefix(f"{OURS}/").partition("?")[0], 404)
        if isinstance(content, int):
            raise FetchRefusedError(content)
        return content


@dataclass
class FakeMachines:
    """EC2's instances and volumes."""

    instances: dict[str, NewInstance] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    volumes: dict[str, NewVolume] = field(default_factory=dict)
    attached: dict[str, tuple[str, str]] = field(default_factory=dict)
    encrypted_by_default: bool = False
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def zone(self, place: Place, name_or_id: str) -> str | None:
        return next((name for name, zone_id in ZONES.items() if name_or_id in (name, zone_id)), None)

    def zone_id(self, place: Place, zone: str) -> str:
        return ZONES[zone]

    def zone_of_subnet(self, place: Place, subnet_id: str) -> str | None:
        return "us-east-1b" if subnet_id == "subnet-b" else None

    def group(self, place: Place, name_or_id: str) -> str | None:
        return "sg-0" if name_or_id in ("sg-0", "default") else None

    def encrypts_by_default(self, place: Place) -> bool:
        return self.encrypted_by_default

    def add_instance(self, place: Place, instance: NewInstance) -> str:
        instance_id = f"i-{next(self.numbers):017x}"
        self.instances[instance_id], self.states[instance_id] = instance, "pending"
        return instance_id

    def stop_instance(self, place: Place, instance_id: str) -> None:
        self.states[instance_id] = "stopped"

    def remove_instance(self, place: Place, instance_id: str) -> None:
        self.states[instance_id] = "terminated"

    def add_volume(self, place: Place, volume: NewVolume) -> None:
        self.volumes[volume.id] = volume

    def attach_volume(self, place: Place, volume_id: str, instance_id: str, device: str) -> None:
        self.attached[volume_id] = (instance_id, device)

    def remove_volume(self, place: Place, volume_id: str) -> None:
        self.volumes.pop(volume_id, None)
        self.attached.pop(volume_id, None)


class ConversionWorld(World):
    """The conversion service and its surroundings; S3 has `LINUX_DISK` in one part."""

    def __init__(self, folder: Path) -> None:
        self.urls, self.machines = FakeUrls(), FakeMachines()
        self.conversion_books = conversion.Books()
        self.put(LINUX_DISK)
        super().__init__(folder)
        self.engine.tasks = lambda: [
            *self.conversion_books.instances.all(),
            *self.conversion_books.volumes.all(),
        ]

    def use(self, decoder: FakeDecoder | None) -> None:
        books = self.conversion_books
        around = replace(
            self.surroundings(decoder),
            quota=Quota(self.limits, (self.books.images, books.instances, books.volumes)),
        )
        conversions = Conversions(around, self.machines, self.urls)
        self.operations = conversion.operations(conversions, books)

    def put(self, image: bytes, declared: str = "RAW", **changes: str) -> None:
        """Put an image and its manifest where the next task looks for them."""
        self.urls.objects["image"] = image
        self.urls.objects["manifest"] = manifest(("image", len(image)), declared=declared, **changes).encode()
        self.size, self.declared = len(image), declared

    def image(self, **changes: Any) -> dict[str, Any]:
        return {"Format": self.declared, "Bytes": self.size, "ImportManifestUrl": MANIFEST_URL, **changes}

    def start_volume(self, **changes: Any) -> str:
        """Start an import of what was put; returns the task's id."""
        given = {"AvailabilityZone": "us-east-1a", "Image": self.image(), "Volume": {"Size": 1}, **changes}
        return str(self.call("ImportVolume", **given)["ConversionTask"]["ConversionTaskId"])

    def start_instance(self, **changes: Any) -> str:
        given = {
            "Platform": "Linux",
            "LaunchSpecification": {"InstanceType": "m3.medium"},
            "DiskImages": [{"Image": self.image(), "Volume": {"Size": 1}}],
            **changes,
        }
        return str(self.call("ImportInstance", **given)["ConversionTask"]["ConversionTaskId"])

    def show(self, task_id: str) -> dict[str, Any]:
        (task,) = self.call("DescribeConversionTasks", HERE, ConversionTaskIds=[task_id])["ConversionTasks"]
        return dict(task)

    def end(self, task_id: str) -> dict[str, Any]:
        """Let time pass until a task has ended."""
        for _ in range(1000):
            shown = self.show(task_id)
            if shown["State"] in ("completed", "cancelled"):
                return shown
            self.pass_time(15)
        raise AssertionError(f"{task_id} never ended")

    def task_of(self, task_id: str) -> Any:
        """The task behind an id."""
        books = self.conversion_books
        return books.volumes.find(HERE, task_id) or books.instances.find(HERE, task_id)
