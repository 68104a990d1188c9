"""One ImportImage task."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmie_local.blocks.ids import new_snapshot_id
from vmie_local.disk_images.partitions import Guest
from vmie_local.place import Place
from vmie_local.vm_import import ids
from vmie_local.vm_import.disk_work import StoredDisk
from vmie_local.vm_import.import_image.conversion import CheckedDisk, Converter
from vmie_local.vm_import.import_image.request import USAGE_OPERATIONS, DiskContainer, ImportImageRequest
from vmie_local.vm_import.phases import IMPORT_IMAGE, Phase
from vmie_local.vm_import.ports import NewImage, NewSnapshot, Registry
from vmie_local.vm_import.task import Task, TaskFault, Work

ROOT_DEVICE = "/dev/sda1"


@dataclass
class SnapshotDetail:
    """What a describe says about one disk; it grows as the task goes on."""

    container: DiskContainer
    format: str | None
    image_bytes: float = 0.0
    status: str | None = None
    device_name: str | None = None
    snapshot_id: str | None = None


class ImportImageTask(Task):
    """An import on its way to an AMI."""

    def __init__(
        self,
        place: Place,
        request: ImportImageRequest,
        role_arn: str,
        *,
        converter: Converter,
        registry: Registry,
        scratch: Path,
        started_at: float,
        fault: TaskFault | None = None,
    ) -> None:
        super().__init__(ids.new_id(ids.IMPORT_IMAGE), IMPORT_IMAGE, started_at, fault)
        self.place, self.request = place, request
        self.details = [SnapshotDetail(container, container.format) for container in request.containers]
        self.image_id: str | None = None
        self.platform: str | None = request.given.get("Platform")
        self.architecture: str | None = request.given.get("Architecture")
        self.license_type: str | None = request.given.get("LicenseType")
        self.boot_mode: str | None = request.given.get("BootMode")
        self._role_arn, self._converter, self._registry = role_arn, converter, registry
        self._scratch = scratch / self.id
        self._checked: list[CheckedDisk] = []
        self._stored: list[StoredDisk] = []
        self._guest: Guest | None = None
        self._snapshot_ids: list[str] = []

    def image_bytes(self) -> float:
        """The size of the image files, once they are fetched."""
        return sum(detail.image_bytes for detail in self.details)

    def work_of(self, phase: Phase) -> Work | None:
        """Fetching while validating, decoding while converting."""
        return {"validating": self._fetch_and_check, "converting": self._convert}.get(phase.message)

    def collect(self, phase: Phase, result: Any) -> None:
        """Show what a phase found out."""
        if phase.message == "validating":
            self._checked = result
            self.details = [_detail_of(disk) for disk in result]
        elif phase.message == "converting":
            self._stored, self._guest = result
            for detail in self.details:
                detail.status = "completed"

    def enter(self, phase: Phase) -> None:
        """Show the guest once it is updated, and the snapshots once they are ready."""
        if phase.message == "updated":
            self._show_guest()
        elif phase.message == "preparing ami":
            self._show_snapshots()

    def complete(self) -> None:
        """Register the AMI."""
        windows = self.platform == "Windows"
        usage = self._usage_operation(windows)
        self.image_id = self._registry.add_image(
            self.place,
            NewImage(
                name=self.id,
                description=f"AWS-VMImport service: {self.platform}",
                architecture=self.architecture or "x86_64",
                boot_mode=self.boot_mode or "legacy-bios",
                windows=windows,
                platform_details=USAGE_OPERATIONS[usage],
                usage_operation=usage,
                devices=[(detail.device_name or "", detail.snapshot_id or "") for detail in self.details],
            ),
        )
        shutil.rmtree(self._scratch, ignore_errors=True)

    def undo(self) -> None:
        """Remove the fetched objects, the blocks and the snapshots."""
        for snapshot_id in self._snapshot_ids:
            self._registry.remove_snapshot(self.place, snapshot_id)
            self._converter.blocks.remove(snapshot_id)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _fetch_and_check(self, cancelled: threading.Event) -> list[CheckedDisk]:
        return self._converter.fetch_and_check(
            self.place, self._role_arn, self.request.containers, self._scratch, cancelled
        )

    def _convert(self, cancelled: threading.Event) -> tuple[list[StoredDisk], Guest | None]:
        stored = []
        for disk in self._checked:
            snapshot_id = new_snapshot_id()
            self._snapshot_ids.append(snapshot_id)
            stored.append(self._converter.store(disk, snapshot_id, self._scratch, cancelled))
        return stored, self._converter.look_at_guest(stored[0])

    def _show_guest(self) -> None:
        guest = self._guest or Guest(self.platform or "Linux", "legacy-bios")
        self.platform = self.platform or guest.platform
        self.architecture = self.architecture or "x86_64"
        self.boot_mode = self.boot_mode or guest.boot_mode
        if not self.request.given.get("UsageOperation"):
            self.license_type = self.license_type or ("AWS" if self.platform == "Windows" else "BYOL")
        for number, detail in enumerate(self.details):
            detail.device_name = detail.container.given.get("DeviceName") or _device(number)

    def _show_snapshots(self) -> None:
        encrypted = bool(self.request.given.get("Encrypted")) or self._registry.encrypts_by_default(
            self.place
        )
        for detail, stored in zip(self.details, self._stored, strict=True):
            detail.snapshot_id = stored.snapshot_id
            self._registry.add_snapshot(
                self.place,
                NewSnapshot(
                    id=stored.snapshot_id,
                    volume_size=stored.volume_size,
                    description=f"Created by AWS-VMImport service for {self.id}",
                    encrypted=encrypted,
                    kms_key_id=self.request.given.get("KmsKeyId"),
                ),
            )

    def _usage_operation(self, windows: bool) -> str:
        asked: str | None = self.request.given.get("UsageOperation")
        if asked:
            return asked
        if not windows:
            return "RunInstances"
        return "RunInstances:0800" if (self.license_type or "").upper() == "BYOL" else "RunInstances:0002"


def _detail_of(disk: CheckedDisk) -> SnapshotDetail:
    declared = disk.image.format if disk.image else disk.container.format
    return SnapshotDetail(disk.container, declared, float(disk.stored_bytes), status="active")


def _device(number: int) -> str:
    """The first disk is the root device; the others follow as `/dev/sdb`, `/dev/sdc`, …"""
    return ROOT_DEVICE if number == 0 else f"/dev/sd{chr(ord('a') + number)}"


def describe(task: ImportImageTask, now: float, tags: Mapping[str, str]) -> dict[str, Any]:
    """A task as DescribeImportImageTasks shows it; members that are unknown are left out."""
    given = task.request.given
    shown = {
        "ImportTaskId": task.id,
        "Architecture": task.architecture,
        "BootMode": task.boot_mode,
        "Description": given.get("Description"),
        "Encrypted": given.get("Encrypted"),
        "Hypervisor": given.get("Hypervisor"),
        "ImageId": task.image_id,
        "KmsKeyId": given.get("KmsKeyId"),
        "LicenseSpecifications": given.get("LicenseSpecifications"),
        "LicenseType": task.license_type,
        "Platform": task.platform,
        "Progress": str(task.progress(now)) if task.status == "active" else None,
        "SnapshotDetails": [_describe_detail(detail) for detail in task.details],
        "Status": task.status,
        "StatusMessage": task.phase.message if task.status == "active" else task.status_message,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        "UsageOperation": given.get("UsageOperation"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _describe_detail(detail: SnapshotDetail) -> dict[str, Any]:
    container = detail.container
    shown = {
        "Description": container.given.get("Description"),
        "DeviceName": detail.device_name,
        "DiskImageSize": detail.image_bytes,
        "Format": detail.format,
        "SnapshotId": detail.snapshot_id or container.snapshot_id,
        "Status": detail.status,
        "Url": container.given.get("Url"),
        "UserBucket": {"S3Bucket": container.bucket, "S3Key": container.key} if container.bucket else None,
    }
    return {name: value for name, value in shown.items() if value is not None}
